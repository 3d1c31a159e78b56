//! Questions that come as a body.

use serde::{Deserialize, Deserializer, de};

use crate::api::answers::read_ranked_cursor;
use crate::api::object::Object;
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

/// Labels, or associations, in one filter.
pub const NAMES_MAX: usize = 100;

/// Conditions of one match.
pub const CONDITIONS_MAX: usize = 100;

/// Nodes of one batch, and nodes from which one walk begins.
pub const NODES_MAX: usize = 1_000;

/// Steps of one walk.
pub const STEPS_MAX: usize = 16;

/// A list of at most `MAX` items. A longer one is refused before the rest of it is
/// read, so every list of a body costs at most what its limit says.
#[derive(Debug)]
pub struct List<T, const MAX: usize>(pub Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> List<T, MAX> {
    fn read<'de, A: de::SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error>
    where
        T: Deserialize<'de>,
    {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == MAX {
                return Err(de::Error::custom(format!("holds more than {MAX} items")));
            }
            list.push(item);
        }
        Ok(Self(list))
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit<T, const MAX: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> de::Visitor<'de> for Visit<T, MAX> {
            type Value = List<T, MAX>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a list of at most {MAX} items")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                List::read(items)
            }
        }
        from.deserialize_seq(Visit(std::marker::PhantomData))
    }
}

/// One text or several.
#[derive(Debug, Default)]
pub struct TextList(List<String, NAMES_MAX>);

impl<'de> Deserialize<'de> for TextList {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> de::Visitor<'de> for Visit {
            type Value = TextList;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a text or a list of at most {NAMES_MAX} texts")
            }

            fn visit_unit<E: de::Error>(self) -> Result<TextList, E> {
                Ok(TextList::default())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TextList, E> {
                Ok(TextList(List(vec![text.to_owned()])))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<TextList, A::Error> {
                List::read(items).map(TextList)
            }
        }
        from.deserialize_any(Visit)
    }
}

impl From<TextList> for Vec<String> {
    fn from(texts: TextList) -> Self {
        texts.0.0
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub enum SideName {
    First,
    Second,
}

impl TryFrom<String> for SideName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match &*name {
            "first" => Ok(Self::First),
            "second" => Ok(Self::Second),
            _ => Err("neither first nor second"),
        }
    }
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
pub struct AsOfParam(pub AsOf);

impl std::str::FromStr for AsOfParam {
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

impl<'de> Deserialize<'de> for AsOfParam {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl de::Visitor<'_> for Visit {
            type Value = AsOfParam;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a seq or an RFC 3339 time")
            }

            fn visit_u64<E: de::Error>(self, seq: u64) -> Result<AsOfParam, E> {
                Ok(AsOfParam(AsOf::Seq(seq)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AsOfParam, E> {
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
    pub label: TextList,
    #[serde(default)]
    pub association: TextList,
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
    pub of: List<String, NODES_MAX>,
    #[serde(default)]
    pub label: TextList,
    #[serde(default)]
    pub association: TextList,
    pub object: Option<String>,
    pub side: Option<SideName>,
    pub limit: Option<usize>,
    pub as_of: Option<AsOfParam>,
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
    pub label: TextList,
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

/// `POST …/match`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MatchQuestion {
    pub object: Option<String>,
    #[serde(default)]
    pub all: List<Object<ConditionBody>, CONDITIONS_MAX>,
    #[serde(default)]
    pub any: List<Object<ConditionBody>, CONDITIONS_MAX>,
    #[serde(default)]
    pub none: List<Object<ConditionBody>, CONDITIONS_MAX>,
    pub limit: Option<usize>,
    pub cursor: Option<Ranked>,
    pub as_of: Option<AsOfParam>,
}

impl MatchQuestion {
    pub fn query(self, limit: usize) -> MatchQuery {
        let conditions = |bodies: List<Object<ConditionBody>, CONDITIONS_MAX>| {
            bodies.0.into_iter().map(|Object(body)| Condition::from(body))
        };
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
    pub from: List<Reference, NODES_MAX>,
    #[serde(default)]
    pub steps: List<Object<FilterBody>, STEPS_MAX>,
    pub limit: Option<usize>,
    pub cursor: Option<Ranked>,
    /// The walks themselves, not their ends.
    #[serde(default)]
    pub paths: bool,
    pub as_of: Option<AsOfParam>,
}

impl WalkQuestion {
    pub fn query(self, limit: usize) -> WalkQuery {
        WalkQuery {
            from: self.from.0.into_iter().map(|reference| reference.0).collect(),
            steps: self.steps.0.into_iter().map(|Object(step)| LinkFilter::from(step)).collect(),
            after: self.cursor.map(|cursor| cursor.0),
            limit,
        }
    }
}
