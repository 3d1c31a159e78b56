//! Queries in the body of a request.

use serde::{Deserialize, Deserializer, de};

use crate::api::list::{List, TextList};
use crate::api::object::Object;
use crate::api::page::read_ranked_cursor;
use crate::graph::{BetweenQuery, Condition, LinkFilter, LinkQuery, MatchQuery, WalkQuery};
use crate::model::{NodeRef, Side};
use crate::store::AsOf;

/// A node reference, read from text.
#[derive(Debug)]
pub struct Reference(pub NodeRef);

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map(Self).map_err(de::Error::custom)
    }
}

/// Maximum number of conditions in a match.
pub const CONDITIONS_MAX: usize = 100;

/// Maximum number of nodes in a batch, and of nodes from which one walk begins.
pub const NODES_MAX: usize = 1_000;

/// Maximum number of nodes of a set: to find the links among them, or to export them.
pub const SET_NODES_MAX: usize = 2_000;

/// Maximum number of steps in a walk.
pub const STEPS_MAX: usize = 16;

/// Reads an end of an association.
fn side<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Side>, D::Error> {
    let read = |name: String| name.parse().map_err(|_| "neither first nor second");
    Option::deserialize(from)?.map(read).transpose().map_err(de::Error::custom)
}

/// Reads a past state.
fn as_of<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AsOf>, D::Error> {
    Option::deserialize(from).map(|moment: Option<Moment>| moment.map(|moment| moment.0))
}

/// A sequence number, or a time in RFC 3339 format.
struct Moment(AsOf);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl de::Visitor<'_> for Visit {
            type Value = Moment;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a seq or an RFC 3339 time")
            }

            fn visit_u64<E: de::Error>(self, seq: u64) -> Result<Moment, E> {
                Ok(Moment(AsOf::Seq(seq)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Moment, E> {
                text.parse().map(Moment).map_err(de::Error::custom)
            }
        }
        from.deserialize_any(Visit)
    }
}

/// A cursor into a ranked list.
#[derive(Debug, Clone, Copy)]
pub struct RankedCursor(pub (u64, u32));

impl<'de> Deserialize<'de> for RankedCursor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let read = read_ranked_cursor(&text).map(Self);
        read.ok_or_else(|| de::Error::custom("invalid cursor"))
    }
}

/// A filter for links.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FilterBody {
    /// Labels, any of which a link must have.
    #[serde(default)]
    pub label: TextList,
    /// Ids or keys of associations, any of which a link must be under.
    #[serde(default)]
    pub association: TextList,
    /// The object key of the far end.
    pub object: Option<String>,
    /// The end of the association that the near node is on.
    #[serde(default, deserialize_with = "side")]
    pub side: Option<Side>,
}

impl From<FilterBody> for LinkFilter {
    fn from(body: FilterBody) -> Self {
        Self {
            labels: body.label.into(),
            associations: body.association.into(),
            object: body.object,
            side: body.side,
        }
    }
}

/// The body of `POST …/links`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinksQueryBody {
    /// The nodes.
    pub of: List<String, NODES_MAX>,
    /// Labels, any of which a link must have.
    #[serde(default)]
    pub label: TextList,
    /// Ids or keys of associations, any of which a link must be under.
    #[serde(default)]
    pub association: TextList,
    /// The object key of the far end.
    pub object: Option<String>,
    /// The end of the association that the near node is on.
    #[serde(default, deserialize_with = "side")]
    pub side: Option<Side>,
    /// Maximum number of links of each node.
    pub limit: Option<usize>,
    /// The past state to query.
    #[serde(default, deserialize_with = "as_of")]
    pub as_of: Option<AsOf>,
}

impl LinksQueryBody {
    /// Returns the query for each node, with at most `limit` links.
    pub fn query(self, limit: usize) -> LinkQuery {
        let filter = LinkFilter {
            labels: self.label.into(),
            associations: self.association.into(),
            object: self.object,
            side: self.side,
        };
        LinkQuery { filter, limit, ..LinkQuery::default() }
    }
}

/// The body of `POST …/labels`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelsQueryBody {
    /// The nodes.
    pub of: List<String, NODES_MAX>,
    /// The past state to query.
    #[serde(default, deserialize_with = "as_of")]
    pub as_of: Option<AsOf>,
}

/// The body of `POST …/between`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BetweenQueryBody {
    /// The nodes.
    pub of: List<Reference, SET_NODES_MAX>,
    /// Labels, any of which a link must have on either end.
    #[serde(default)]
    pub label: TextList,
    /// Ids or keys of associations, any of which a link must be under.
    #[serde(default)]
    pub association: TextList,
    /// The past state to query.
    #[serde(default, deserialize_with = "as_of")]
    pub as_of: Option<AsOf>,
}

impl From<BetweenQueryBody> for BetweenQuery {
    fn from(body: BetweenQueryBody) -> Self {
        let along = LinkFilter {
            labels: body.label.into(),
            associations: body.association.into(),
            ..LinkFilter::default()
        };
        Self { of: nodes(body.of), along }
    }
}

/// The body of `POST …/export`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportQueryBody {
    /// The nodes.
    pub of: List<Reference, SET_NODES_MAX>,
}

impl ExportQueryBody {
    /// Returns the nodes.
    pub fn nodes(self) -> Vec<NodeRef> {
        nodes(self.of)
    }
}

fn nodes<const MAX: usize>(references: List<Reference, MAX>) -> Vec<NodeRef> {
    references.0.into_iter().map(|reference| reference.0).collect()
}

/// A condition of a match.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConditionBody {
    /// The node to be linked to.
    pub linked_to: Reference,
    /// Labels, any of which a link must have.
    #[serde(default)]
    pub label: TextList,
    /// Ids or keys of associations, any of which a link must be under.
    #[serde(default)]
    pub association: TextList,
}

impl From<ConditionBody> for Condition {
    fn from(body: ConditionBody) -> Self {
        let filter = LinkFilter {
            labels: body.label.into(),
            associations: body.association.into(),
            ..LinkFilter::default()
        };
        Self { linked_to: body.linked_to.0, filter }
    }
}

/// The body of `POST …/match`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MatchQueryBody {
    /// The object key of the matches.
    pub object: Option<String>,
    /// Conditions, each of which a match must meet.
    #[serde(default)]
    pub all: List<Object<ConditionBody>, CONDITIONS_MAX>,
    /// Conditions, at least one of which a match must meet.
    #[serde(default)]
    pub any: List<Object<ConditionBody>, CONDITIONS_MAX>,
    /// Conditions, none of which a match may meet.
    #[serde(default)]
    pub none: List<Object<ConditionBody>, CONDITIONS_MAX>,
    /// Maximum number of matches.
    pub limit: Option<usize>,
    /// Where to continue.
    pub cursor: Option<RankedCursor>,
    /// The past state to query.
    #[serde(default, deserialize_with = "as_of")]
    pub as_of: Option<AsOf>,
}

impl MatchQueryBody {
    /// Returns the query, with at most `limit` results.
    pub fn query(self, limit: usize) -> MatchQuery {
        let conditions = |bodies: List<Object<ConditionBody>, CONDITIONS_MAX>| {
            bodies.0.into_iter().map(|Object(body)| Condition::from(body))
        };
        // No match meets as many conditions as do not fit.
        let after = self
            .cursor
            .map(|RankedCursor((links, place))| (u32::try_from(links).unwrap_or(u32::MAX), place));
        MatchQuery {
            object: self.object,
            all: conditions(self.all).collect(),
            any: conditions(self.any).collect(),
            none: conditions(self.none).collect(),
            after,
            limit,
        }
    }
}

/// The body of `POST …/walk`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WalkQueryBody {
    /// Where walks begin.
    pub from: List<Reference, NODES_MAX>,
    /// Which links to follow, one filter for each step.
    #[serde(default)]
    pub steps: List<Object<FilterBody>, STEPS_MAX>,
    /// Maximum number of ends or walks.
    pub limit: Option<usize>,
    /// Where to continue.
    pub cursor: Option<RankedCursor>,
    /// Whether to list the walks themselves instead of their ends.
    #[serde(default)]
    pub paths: bool,
    /// The past state to query.
    #[serde(default, deserialize_with = "as_of")]
    pub as_of: Option<AsOf>,
}

impl WalkQueryBody {
    /// Returns the query, with at most `limit` results.
    pub fn query(self, limit: usize) -> WalkQuery {
        WalkQuery {
            from: nodes(self.from),
            steps: self.steps.0.into_iter().map(|Object(step)| LinkFilter::from(step)).collect(),
            after: self.cursor.map(|cursor| cursor.0),
            limit,
        }
    }
}
