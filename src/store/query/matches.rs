//! Who is linked to all of these, to any of those, to none of others.

use crate::graph::{AskError, Condition, Match, MatchQuery, MatchRow};
use crate::model::NodeRef;
use crate::store::query::error::QuestionError;
use crate::store::query::target::Target;

/// Many-to-many joins.
///
/// ```
/// use relata::Store;
/// use relata::graph::Condition;
///
/// let store = Store::in_memory()?;
/// # for (relation, buyer) in [("67ae", "amara"), ("67af", "ben")] {
/// #     store.ingest(format!(r#"{{"id":"{relation}","associationId":"67ad","locationId":"eHy2",
/// #         "firstObjectKey":"contact","firstRecordId":"{buyer}",
/// #         "secondObjectKey":"property","secondRecordId":"p1"}}"#).as_bytes())?;
/// # }
/// let location = store.location("eHy2").unwrap();
/// let both = location
///     .matching()
///     .object("property")
///     .all(Condition::linked_to("contact/amara".parse()?))
///     .all(Condition::linked_to("contact/ben".parse()?))
///     .find()?;
/// assert_eq!(both.matches[0].record.as_deref(), Some("p1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MatchRequest<'l> {
    of: Target<'l>,
    query: MatchQuery,
}

/// Things that meet the conditions, those that meet most first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchResults {
    /// The first of them, up to the limit.
    pub matches: Vec<MatchRow<String>>,
    /// How many there are.
    pub total: u64,
}

impl<'l> MatchRequest<'l> {
    pub(super) fn new(of: Target<'l>) -> Self {
        Self { of, query: MatchQuery::default() }
    }

    fn with(mut self, change: impl FnOnce(&mut MatchQuery)) -> Self {
        change(&mut self.query);
        self
    }

    /// Only things of this object key.
    #[must_use]
    pub fn object(self, key: &str) -> Self {
        self.with(|query| query.object = Some(key.to_owned()))
    }

    /// Only things that meet this condition, too.
    #[must_use]
    pub fn all(self, condition: Condition) -> Self {
        self.with(|query| query.all.push(condition))
    }

    /// Only things that meet this condition or another one given so.
    #[must_use]
    pub fn any(self, condition: Condition) -> Self {
        self.with(|query| query.any.push(condition))
    }

    /// No things that meet this condition.
    #[must_use]
    pub fn none(self, condition: Condition) -> Self {
        self.with(|query| query.none.push(condition))
    }

    /// The greatest number of matches to list.
    #[must_use]
    pub fn limit(self, matches: usize) -> Self {
        self.with(|query| query.limit = matches)
    }

    /// Asks. Costs the links of the smallest set, and for each further condition
    /// its links or those of what is left.
    pub fn find(&self) -> Result<MatchResults, QuestionError> {
        let query = &self.query;
        let named: Vec<&NodeRef> = query.nodes().collect();
        Ok(self.of.answer(&named, |view, budget| {
            let page = view.matches(query, budget)?;
            let matches = page.matches.into_iter().map(Match::into_owned).collect();
            Ok::<_, AskError>(MatchResults { matches, total: page.total })
        })?)
    }
}
