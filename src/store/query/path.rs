//! How two nodes are related.

use crate::graph::{AskError, PathQuery, Step, StepRow};
use crate::model::ParseNodeRefError;
use crate::store::query::error::QuestionError;
use crate::store::query::target::Target;

/// The shortest ways between two nodes.
///
/// ```
/// use relata::Store;
///
/// let store = Store::in_memory()?;
/// # for (relation, house) in [("67ae", "p1"), ("67af", "p2")] {
/// #     store.ingest(format!(r#"{{"id":"{relation}","associationId":"67ad","locationId":"eHy2",
/// #         "firstObjectKey":"contact","firstRecordId":"amara",
/// #         "secondObjectKey":"property","secondRecordId":"{house}"}}"#).as_bytes())?;
/// # }
/// let location = store.location("eHy2").unwrap();
/// let way = location.path("property/p1", "property/p2").find()?;
/// assert_eq!(way.hops, Some(2));
/// assert_eq!(way.paths[0][1].record.as_deref(), Some("amara"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct PathRequest<'l> {
    of: Target<'l>,
    query: Result<PathQuery, ParseNodeRefError>,
}

/// The shortest ways that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// How many links each has; nothing if there is no way.
    pub hops: Option<u32>,
    /// The ways, each from the first node to the last.
    pub paths: Vec<Vec<StepRow<String>>>,
    /// Whether these are all that were asked for.
    pub complete: bool,
}

impl<'l> PathRequest<'l> {
    pub(super) fn new(of: Target<'l>, from: &str, to: &str) -> Self {
        let ends = from.parse().and_then(|from| Ok((from, to.parse()?)));
        Self { of, query: ends.map(|(from, to)| PathQuery::between(from, to)) }
    }

    fn with(mut self, change: impl FnOnce(&mut PathQuery)) -> Self {
        if let Ok(query) = &mut self.query {
            change(query);
        }
        self
    }

    /// The greatest number of links on a way; 6 if nothing else is said.
    #[must_use]
    pub fn max_hops(self, links: u32) -> Self {
        self.with(|query| query.max_hops = links)
    }

    /// Only along links of which an end has this label, or another one given.
    #[must_use]
    pub fn label(self, label: &str) -> Self {
        self.with(|query| query.labels.push(label.to_owned()))
    }

    /// Only along links under this association, by id or key, or another one
    /// given.
    #[must_use]
    pub fn association(self, id_or_key: &str) -> Self {
        self.with(|query| query.associations.push(id_or_key.to_owned()))
    }

    /// Every shortest way, up to so many, and not one of them.
    #[must_use]
    pub fn all(self, limit: usize) -> Self {
        self.with(|query| (query.all, query.limit) = (true, limit))
    }

    /// Asks. Costs the links of what is nearer to one end than half the way.
    pub fn find(&self) -> Result<Paths, QuestionError> {
        let query = self.query.as_ref().map_err(Clone::clone)?;
        Ok(self.of.answer(&[&query.from, &query.to], |view, budget| {
            let found = view.path(query, budget)?;
            let paths = owned(found.paths);
            Ok::<_, AskError>(Paths { hops: found.hops, paths, complete: found.complete })
        })?)
    }
}

pub(super) fn owned(paths: Vec<Vec<Step<'_>>>) -> Vec<Vec<StepRow<String>>> {
    let own = |path: Vec<Step<'_>>| path.into_iter().map(Step::into_owned).collect();
    paths.into_iter().map(own).collect()
}
