//! Questions that come as a body.

use serde::{Deserialize, Deserializer, de};

use super::answers::read_ranked_cursor;
use crate::graph::{Condition, LinkFilter, LinkQuery, MatchQuery, WalkQuery};
use crate::model::{NodeRef, Side, Timestamp};
use crate::store::AsOf;

/// A node reference as text.
#[derive(Debug)]
pub struct Reference(pub NodeRef);

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map(Self).map_err(de::Error::custom)
    }
}

/// One text or several.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
pub enum Texts {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl From<Texts> for Vec<String> {
    fn from(texts: Texts) -> Self {
        match texts {
            Texts::None => vec![],
            Texts::One(text) => vec![text],
            Texts::Several(texts) => texts,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SideName {
    First,
    Second,
}

impl From<SideName> for Side {
    fn from(name: SideName) -> Self {
        match name {
            SideName::First => Self::First,
            SideName::Second => Self::Second,
        }
    }
}

/// A seq, or a time as RFC 3339 text.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub AsOf);

impl std::str::FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            let seq = text.parse().map_err(|_| "is too large a number")?;
            return Ok(Self(AsOf::Seq(seq)));
        }
        let at: Result<Timestamp, _> = text.parse();
        at.map(|at| Self(AsOf::Time(at))).map_err(|_| "is neither a seq nor an RFC 3339 time")
    }
}

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
                text.parse().map_err(de::Error::custom)
            }
        }
        from.deserialize_any(Visit)
    }
}

/// Where a ranked list goes on.
#[derive(Debug, Clone, Copy)]
pub struct Ranked(pub (u64, u32));

impl<'de> Deserialize<'de> for Ranked {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let read = read_ranked_cursor(&text).map(Self);
        read.ok_or_else(|| de::Error::custom("not a cursor that an answer gave out"))
    }
}

/// Which links.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FilterBody {
    #[serde(default)]
    pub label: Texts,
    #[serde(default)]
    pub association: Texts,
    pub object: Option<String>,
    pub side: Option<SideName>,
}

impl From<FilterBody> for LinkFilter {
    fn from(body: FilterBody) -> Self {
        Self {
            labels: body.label.into(),
            associations: body.association.into(),
            object: body.object,
            side: body.side.map(Side::from),
        }
    }
}

/// `POST …/links`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinksQuestion {
    pub of: Vec<String>,
    #[serde(default)]
    pub label: Texts,
    #[serde(default)]
    pub association: Texts,
    pub object: Option<String>,
    pub side: Option<SideName>,
    pub limit: Option<usize>,
    pub as_of: Option<Moment>,
}

impl LinksQuestion {
    /// What is asked of each node.
    pub fn query(self, limit: usize) -> LinkQuery {
        let filter = LinkFilter {
            labels: self.label.into(),
            associations: self.association.into(),
            object: self.object,
            side: self.side.map(Side::from),
        };
        LinkQuery { filter, limit, ..LinkQuery::default() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConditionBody {
    pub linked_to: Reference,
    #[serde(default)]
    pub label: Texts,
    #[serde(default)]
    pub association: Texts,
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

/// `POST …/match`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MatchQuestion {
    pub object: Option<String>,
    #[serde(default)]
    pub all: Vec<ConditionBody>,
    #[serde(default)]
    pub any: Vec<ConditionBody>,
    #[serde(default)]
    pub none: Vec<ConditionBody>,
    pub limit: Option<usize>,
    pub cursor: Option<Ranked>,
    pub as_of: Option<Moment>,
}

impl MatchQuestion {
    pub fn query(self, limit: usize) -> MatchQuery {
        let conditions = |bodies: Vec<ConditionBody>| bodies.into_iter().map(Condition::from);
        // No match meets as many conditions as do not fit.
        let after = self
            .cursor
            .map(|Ranked((links, place))| (u32::try_from(links).unwrap_or(u32::MAX), place));
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

/// `POST …/walk`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WalkQuestion {
    pub from: Vec<Reference>,
    #[serde(default)]
    pub steps: Vec<FilterBody>,
    pub limit: Option<usize>,
    pub cursor: Option<Ranked>,
    /// The walks themselves, not their ends.
    #[serde(default)]
    pub paths: bool,
    pub as_of: Option<Moment>,
}

impl WalkQuestion {
    pub fn query(self, limit: usize) -> WalkQuery {
        WalkQuery {
            from: self.from.into_iter().map(|reference| reference.0).collect(),
            steps: self.steps.into_iter().map(LinkFilter::from).collect(),
            after: self.cursor.map(|cursor| cursor.0),
            limit,
        }
    }
}
