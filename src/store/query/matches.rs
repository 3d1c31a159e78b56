//! Requests for the things that are linked to all, any or none of some nodes.

use crate::graph::{Condition, MatchPage, MatchQuery, QueryError};
use crate::store::query::request::Request;
use crate::store::query::target::Target;

/// A request for the things that are linked to all, any or none of some nodes.
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
/// let location = store.location("eHy2")?.unwrap();
/// let both = location
///     .matching()
///     .object("property")
///     .all(Condition::linked_to("contact/amara".parse()?))
///     .all(Condition::linked_to("contact/ben".parse()?))
///     .find()?;
/// assert_eq!(both.matches[0].record.as_deref(), Some("p1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type MatchRequest<'l> = Request<'l, MatchQuery>;

impl<'l> MatchRequest<'l> {
    pub(super) fn new(target: Target<'l>) -> Self {
        Self { target, query: Ok(MatchQuery::default()) }
    }

    /// Finds only things of this object key.
    #[must_use]
    pub fn object(self, key: &str) -> Self {
        self.with(|query| query.object = Some(key.to_owned()))
    }

    /// Finds only things that also meet this condition.
    #[must_use]
    pub fn all(self, condition: Condition) -> Self {
        self.with(|query| query.all.push(condition))
    }

    /// Finds only things that meet this condition or another one added by `any`.
    #[must_use]
    pub fn any(self, condition: Condition) -> Self {
        self.with(|query| query.any.push(condition))
    }

    /// Finds no things that meet this condition.
    #[must_use]
    pub fn none(self, condition: Condition) -> Self {
        self.with(|query| query.none.push(condition))
    }

    /// Sets the maximum number of matches to list.
    #[must_use]
    pub fn limit(self, matches: usize) -> Self {
        self.with(|query| query.limit = matches)
    }

    /// Runs the query. Costs the links of the smallest set, and for each further condition
    /// its links or those of what is left.
    pub fn find(&self) -> Result<MatchPage<String>, QueryError> {
        let query = self.query()?;
        self.target.answer(query, |view, budget| Ok(view.matches(query, budget)?.into_owned()))
    }
}
