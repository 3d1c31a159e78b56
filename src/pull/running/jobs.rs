//! What the threads do: requests, and what belongs together of them.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crate::model::{Association, ObjectKey, Relation, Timestamp};
use crate::pull::error::PullError;
use crate::pull::plan::Method;
use crate::pull::reading::{
    Definitions, Lists, PageSizes, RecordLinks, SearchPage, read_association, search_page,
};
use crate::pull::running::sample::Sampled;
use crate::pull::upstream::{Client, SearchPlace};
use crate::sync::IgnorePoison;

/// Something to do.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    /// Reads a page of a search.
    Search { key: usize, object: ObjectKey, sizes: Arc<PageSizes>, place: SearchPlace },
    /// Reads the links of a record.
    List { key: usize, object: ObjectKey, record: String, each: bool },
    /// Reads the links of a record a second way.
    Prove { key: usize, object: ObjectKey, sampled: Sampled, method: Method },
    /// Reads a definition that the list of associations does not have.
    Define { id: String },
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    Searched {
        key: usize,
        page: Result<SearchPage, PullError>,
    },
    Listed {
        key: usize,
        record: String,
        links: Result<RecordLinks, PullError>,
    },
    Proved {
        key: usize,
        /// The one that the proof is about: the key may have another by now.
        method: Method,
        proof: Result<Proof, PullError>,
    },
    Defined(Result<Option<(Association, Timestamp)>, PullError>),
    /// A thread has panicked.
    Lost,
}

/// The comparison of two ways to read the links of a record.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) record: String,
    pub(crate) differs: bool,
    /// All links that were read meanwhile.
    pub(crate) rows: Vec<Relation>,
    pub(crate) at: Timestamp,
}

/// What jobs need. Threads share it.
#[derive(Debug)]
pub(crate) struct JobContext {
    pub(crate) client: Arc<Client>,
    pub(crate) location: String,
    pub(crate) definitions: Definitions,
    pub(crate) list_sizes: PageSizes,
    pub(crate) settle: Duration,
}

impl JobContext {
    fn lists(&self) -> Lists<'_> {
        Lists {
            client: &self.client,
            location: &self.location,
            definitions: &self.definitions,
            sizes: &self.list_sizes,
        }
    }

    fn perform(&self, job: Job) -> Done {
        match job {
            Job::Search { key, object, sizes, place } => {
                let page = search_page(&self.client, &self.location, &object, &sizes, &place);
                Done::Searched { key, page }
            }
            Job::List { key, object, record, each } => {
                let lists = self.lists();
                let links = if each {
                    lists.each(object.as_str(), &record)
                } else {
                    lists.of(&record, None)
                };
                Done::Listed { key, record, links }
            }
            Job::Prove { key, object, sampled, method } => {
                let proof = self.prove(object.as_str(), &sampled, method);
                Done::Proved { key, method, proof }
            }
            Job::Define { id } => {
                Done::Defined(read_association(&self.client, &self.location, &id))
            }
        }
    }

    /// Compares what was read of a record with one list for each association. What differs
    /// is read both ways again, some time later: links may have come and gone meanwhile.
    fn prove(&self, object: &str, sampled: &Sampled, method: Method) -> Result<Proof, PullError> {
        let lists = self.lists();
        let known: BTreeSet<&str> = sampled.relations.iter().map(String::as_str).collect();
        let each = lists.each(object, &sampled.record)?;
        let record = sampled.record.clone();
        let mut proof = Proof { record, differs: false, rows: each.rows.clone(), at: each.at };
        if self.ids(&each.rows) == known {
            return Ok(proof);
        }
        let before = self.owned_ids(&each.rows);
        proof.differs = differs_again(before, || {
            self.client.wait(self.settle);
            let fast = match method {
                Method::List => Some(lists.of(&sampled.record, None)?),
                _ => None,
            };
            let each = lists.each(object, &sampled.record)?;
            let ids =
                (fast.as_ref().map(|it| self.owned_ids(&it.rows)), self.owned_ids(&each.rows));
            proof.rows.extend(fast.into_iter().flat_map(|it| it.rows));
            proof.rows.extend(each.rows);
            Ok(ids)
        })?;
        Ok(proof)
    }

    /// Returns the ids of relations under the associations that are compared.
    fn ids<'r>(&self, rows: &'r [Relation]) -> BTreeSet<&'r str> {
        let known =
            rows.iter().filter(|row| self.definitions.get(row.association.as_str()).is_some());
        known.map(|row| row.id.as_str()).collect()
    }

    fn owned_ids(&self, rows: &[Relation]) -> BTreeSet<String> {
        self.ids(rows).into_iter().map(str::to_owned).collect()
    }
}

/// Returns whether two ways to read links differ for good, after they did once: `before` is
/// what one list for each association gave then, and `read` gives what both ways do. Reads
/// once, and a second time if links have come or gone meanwhile.
fn differs_again(
    mut before: BTreeSet<String>,
    mut read: impl FnMut() -> Result<(Option<BTreeSet<String>>, BTreeSet<String>), PullError>,
) -> Result<bool, PullError> {
    for _ in 0..2 {
        let (fast, found) = read()?;
        if fast.is_some_and(|fast| fast == found) {
            return Ok(false);
        }
        if found == before {
            break;
        }
        before = found;
    }
    Ok(true)
}

/// Jobs that wait for a thread.
#[derive(Debug, Default)]
pub(crate) struct JobQueue {
    jobs: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl JobQueue {
    /// Adds a job. Searches are taken first: everything else waits for what they find.
    pub(crate) fn push(&self, job: Job) {
        let mut waiting = self.lock();
        match job {
            Job::Search { .. } => waiting.jobs.push_front(job),
            _ => waiting.jobs.push_back(job),
        }
        self.changed.notify_one();
    }

    /// Drops the jobs that a test rejects. Returns how many.
    pub(crate) fn drop_if(&self, rejects: impl Fn(&Job) -> bool) -> usize {
        let mut waiting = self.lock();
        let before = waiting.jobs.len();
        waiting.jobs.retain(|job| !rejects(job));
        before - waiting.jobs.len()
    }

    /// Lets the threads end.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn next(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if waiting.is_closed {
                return None;
            }
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            waiting = self.changed.wait(waiting).ignore_poison();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.jobs.lock().ignore_poison()
    }
}

/// Starts so many threads. Each ends when the queue is closed, or nobody takes its results.
pub(crate) fn start_threads(
    threads: usize,
    context: &Arc<JobContext>,
    queue: &Arc<JobQueue>,
    results: &Sender<Done>,
) -> Result<(), PullError> {
    for _ in 0..threads {
        let (context, queue) = (Arc::clone(context), Arc::clone(queue));
        let results = results.clone();
        let thread = thread::Builder::new().name("relata-pull".to_owned());
        let started = thread.spawn(move || {
            while let Some(job) = queue.next() {
                // Whoever waits for the result would wait for ever.
                let done = catch_unwind(AssertUnwindSafe(|| context.perform(job)));
                if results.send(done.unwrap_or(Done::Lost)).is_err() {
                    break;
                }
            }
        });
        started.map_err(|error| PullError::Setting(format!("no thread: {error}")))?;
    }
    Ok(())
}

/// Counts the relations of a list that belong to its record: each relation shows in the lists
/// of two records, and counts in one of them.
pub(crate) fn counted_here(
    rows: &[Relation],
    object: &str,
    record: &str,
    is_listed: impl Fn(&str) -> bool,
) -> u64 {
    let mut seen = HashSet::new();
    let counts = |row: &&Relation| {
        let is_first = row.first.object.as_str() == object && row.first.id.as_str() == record;
        is_first || !is_listed(row.first.object.as_str())
    };
    rows.iter().filter(counts).filter(|row| seen.insert(row.id.as_str())).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What both ways gave, each letter an id.
    type Reading<'r> = (Option<&'r str>, &'r str);

    #[test]
    fn the_last_reading_decides_whether_two_ways_differ() {
        let set = |ids: &str| ids.chars().map(String::from).collect::<BTreeSet<_>>();
        // The readings, whether the ways differ, and how many readings that takes.
        let cases: [(&[Reading<'_>], bool, usize); 6] = [
            (&[(Some("ab"), "ab")], false, 1),
            (&[(Some("a"), "ab")], true, 1),
            (&[(Some("ab"), "abc"), (Some("abc"), "abc")], false, 2),
            (&[(Some("ab"), "abc"), (Some("ab"), "abc")], true, 2),
            (&[(Some("ab"), "abc"), (Some("abc"), "abcd")], true, 2),
            (&[(None, "abc"), (None, "abc")], true, 2),
        ];
        for (readings, expected, needed) in cases {
            let mut left = readings.iter();
            let differs = differs_again(set("ab"), || {
                let (fast, each) = left.next().unwrap();
                Ok((fast.map(set), set(each)))
            });
            assert_eq!(differs.unwrap(), expected, "{readings:?}");
            assert_eq!(readings.len() - left.len(), needed, "{readings:?}");
        }
    }
}
