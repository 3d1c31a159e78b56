//! Finding the records of a location by what people call them.

use crate::graph::{Budget, FoundRecord, RecordSearch, SearchQuery, run_merge};
use crate::model::Seq;
use crate::store::location::Location;
use crate::sync::IgnorePoison;

/// The records that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The records, best first.
    pub results: Vec<FoundRecord<String>>,
    /// Whether every record was looked for; if not, others may be as good.
    pub complete: bool,
    /// The last event of the location that the names are current to.
    pub seq: Seq,
}

impl Location {
    /// Searches within a budget.
    pub(crate) fn search_within(&self, query: &SearchQuery, budget: &mut Budget<'_>) -> SearchPage {
        let (page, merge, copy) = {
            let mut search = self.search.lock().ignore_poison();
            let search: &mut RecordSearch = search.get_or_insert_default();
            // After the lock is taken, so that no copy is older than the one before.
            let copy = self.read().snapshot();
            search.update(copy.view());
            let found = search.find(copy.view(), query, budget);
            let results = found.into_iter().map(FoundRecord::into_owned).collect();
            let (complete, seq) = (!budget.is_exhausted(), copy.view().seq());
            (SearchPage { results, complete, seq }, search.begin_merge(), copy)
        };
        if let Some(merge) = merge {
            let merged = run_merge(merge, copy.view());
            if let Some(search) = self.search.lock().ignore_poison().as_mut() {
                search.finish_merge(merged);
            }
        }
        page
    }
}
