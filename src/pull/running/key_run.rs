//! The reading of one object key: its search, the lists of its records, and the proof.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::ObjectKey;
use crate::pull::plan::Method;
use crate::pull::reading::{PageSizes, RecordRow, SearchProgress};
use crate::pull::running::progress::Part;
use crate::pull::running::resume_log::{KeyState, Step};
use crate::pull::running::sample::{Sample, Sampled};
use crate::pull::upstream::SearchPlace;

/// Where the reading of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Reading,
    Proving,
    Finished,
}

/// The state of one object key.
#[derive(Debug)]
pub(crate) struct KeyRun {
    pub(crate) object: ObjectKey,
    pub(crate) sizes: Arc<PageSizes>,
    /// How links are read; `None` if from the other ends.
    pub(crate) method: Option<Method>,
    pub(crate) search: SearchProgress,
    pub(crate) stage: Stage,
    /// Lists of the page in progress that are not read yet.
    pub(crate) waiting: usize,
    /// Whether the sender gives no way to its last records.
    pub(crate) is_cut: bool,
    /// Records that a page brought and that become rows only if they have links.
    pub(crate) held: HashMap<String, RecordRow>,
    /// Records of the page in progress whose links an earlier run has read.
    pub(crate) listed: HashSet<String>,
    /// About how many records there are.
    pub(crate) count: u64,
    /// Lists that reading the links of a record takes.
    pub(crate) kinds: u64,
    pub(crate) lists_done: u64,
    pub(crate) relations: u64,
    pub(crate) proofs_left: usize,
    pub(crate) sampled: u64,
    pub(crate) different: u64,
    /// Records that an earlier run has read a second way.
    proved: HashSet<String>,
    sample: Sample,
    seed: u64,
    sample_size: usize,
    /// What was listed since the last commit.
    batch: Batch,
}

#[derive(Debug, Default)]
struct Batch {
    records: Vec<String>,
    relations: u64,
    sample: Vec<Sampled>,
}

/// What a key begins with.
#[derive(Debug)]
pub(crate) struct KeyStart {
    pub(crate) object: ObjectKey,
    pub(crate) sizes: Arc<PageSizes>,
    pub(crate) method: Option<Method>,
    pub(crate) count: u64,
    pub(crate) kinds: u64,
    pub(crate) seed: u64,
    pub(crate) sample_size: usize,
}

impl KeyRun {
    /// Creates the state of a key that begins, or continues where an earlier run stopped.
    pub(crate) fn new(start: KeyStart, begun: KeyState) -> Self {
        let KeyStart { object, sizes, method, count, kinds, seed, sample_size } = start;
        let mut sample = Sample::new(sample_size, seed);
        begun.sample.iter().for_each(|sampled| {
            sample.offer(sampled);
        });
        let mut search =
            SearchProgress::behind(begun.next.clone().unwrap_or(SearchPlace::Page(1)), begun.found);
        if let Some(SearchPlace::Page(page @ 2..)) = begun.next {
            // Its number counts pages of the length that the earlier run asked for, or a little
            // less where rows came twice. Shorter ones begin earlier, and leave nothing out.
            sizes.limit_to(begun.found.div_ceil(page - 1));
        }
        if begun.is_searched {
            search.place = None;
        }
        let proved = (begun.proved.len() as u64, begun.different);
        let (sampled, different) = begun.finished.unwrap_or(proved);
        let stage = if begun.finished.is_some() { Stage::Finished } else { Stage::Reading };
        Self {
            object,
            sizes,
            method: method.map(|method| begun.method.unwrap_or(method)),
            stage,
            waiting: 0,
            is_cut: false,
            held: HashMap::new(),
            lists_done: (begun.found + begun.listed.len()) as u64,
            listed: begun.listed,
            count,
            kinds,
            relations: begun.relations,
            proofs_left: 0,
            sampled,
            different,
            proved: begun.proved,
            sample,
            seed,
            sample_size,
            batch: Batch::default(),
            search,
        }
    }

    /// Starts again with another method.
    pub(crate) fn start_again(&mut self, method: Method) {
        self.method = Some(method);
        self.search = SearchProgress::new();
        self.stage = Stage::Reading;
        self.sample = Sample::new(self.sample_size, self.seed);
        self.batch = Batch::default();
        (self.waiting, self.lists_done, self.relations) = (0, 0, 0);
        (self.proofs_left, self.sampled, self.different) = (0, 0, 0);
        self.held.clear();
        self.listed.clear();
        self.proved.clear();
    }

    /// Notes that the links of a record were read.
    pub(crate) fn note_links(&mut self, sampled: Sampled, relations: u64) {
        self.lists_done += 1;
        self.relations += relations;
        self.batch.relations += relations;
        self.batch.records.push(sampled.record.clone());
        if self.sample.offer(&sampled) {
            self.batch.sample.push(sampled);
        }
    }

    /// Takes what is noted at a commit in the midst of a page.
    pub(crate) fn listed_step(&mut self) -> Option<Step> {
        let Batch { records, relations, sample } = std::mem::take(&mut self.batch);
        let key = self.object.as_str().to_owned();
        (!records.is_empty()).then_some(Step::Listed { key, records, relations, sample })
    }

    /// Takes what is noted at the end of a page.
    pub(crate) fn searched_step(&mut self) -> Step {
        let Batch { relations, sample, .. } = std::mem::take(&mut self.batch);
        self.listed.clear();
        Step::Searched {
            key: self.object.as_str().to_owned(),
            next: self.search.place.clone(),
            found: self.search.found,
            relations,
            sample,
        }
    }

    /// Takes the records to read a second way, but for those that an earlier run has read so.
    pub(crate) fn take_sample(&mut self) -> Vec<Sampled> {
        let mut sample = self.sample.take();
        sample.retain(|it| !self.proved.contains(&it.record));
        sample
    }

    /// Returns about how many records there are.
    pub(crate) fn expected(&self) -> u64 {
        let found = self.search.found as u64;
        if self.stage == Stage::Reading { self.count.max(found) } else { found }
    }

    /// Returns the part of records whose links were read one by one.
    pub(crate) fn lists(&self) -> Part {
        match self.method {
            Some(Method::List | Method::ListEach) => {
                Part { done: self.lists_done, of: self.expected().max(self.lists_done) }
            }
            _ => Part::default(),
        }
    }

    /// Returns about how many requests are left.
    pub(crate) fn requests_left(&self) -> u64 {
        if self.stage == Stage::Finished {
            return 0;
        }
        let each = if self.method == Some(Method::ListEach) { self.kinds } else { 1 };
        let lists = self.lists();
        let pages = match self.stage {
            Stage::Reading => {
                let left = self.expected().saturating_sub(self.search.found as u64);
                left.div_ceil(self.sizes.asked().max(1) as u64)
            }
            _ => 0,
        };
        let proofs = match (self.stage, self.method) {
            (Stage::Proving, _) => self.proofs_left as u64,
            (_, Some(Method::Embedded | Method::List)) => {
                self.expected().min(self.sample_size as u64)
            }
            _ => 0,
        };
        pages + lists.of.saturating_sub(lists.done) * each + proofs * self.kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page number means another place where pages are of another length.
    #[test]
    fn a_search_by_numbers_continues_with_pages_of_the_same_length() {
        for (next, found, asked) in [
            (None, 0, 500),
            (Some(SearchPlace::Page(3)), 200, 100),
            (Some(SearchPlace::Page(3)), 199, 100),
            (Some(SearchPlace::Page(4)), 1_500, 500),
            (Some(SearchPlace::After(serde_json::json!([7, "r"]))), 200, 500),
        ] {
            let sizes = Arc::new(PageSizes::new(500));
            let start = KeyStart {
                object: "contact".into(),
                sizes: Arc::clone(&sizes),
                method: None,
                count: 0,
                kinds: 1,
                seed: 1,
                sample_size: 0,
            };
            KeyRun::new(start, KeyState { next: next.clone(), found, ..KeyState::default() });
            assert_eq!(sizes.asked(), asked, "{next:?} {found}");
        }
    }
}
