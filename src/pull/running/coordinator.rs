//! Hands jobs to threads and rows to their sink: the one thread that holds the state of a
//! reading.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::model::Timestamp;
use crate::pull::error::PullError;
use crate::pull::plan::{Method, ReadSettings};
use crate::pull::reading::Row;
use crate::pull::running::jobs::{Done, Job, JobContext, JobQueue, start_threads};
use crate::pull::running::key_run::{KeyRun, Stage};
use crate::pull::running::progress::{Part, Phase, Progress, RateMeter, rest};
use crate::pull::running::resume_log::{ResumeLog, Step};
use crate::pull::running::row_sink::RowSink;
use crate::pull::stop::StopReason;

/// Rows between two commits.
const COMMIT_ROWS: usize = 2_000;

/// Time between two commits.
const COMMIT_INTERVAL: Duration = Duration::from_secs(2);

/// How long requests in flight may take to end after a stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Time between two looks at the clock.
const TICK: Duration = Duration::from_millis(200);

/// Where rows and steps go, and who watches.
pub(crate) struct Outputs<'r> {
    pub(crate) sink: &'r mut dyn RowSink,
    pub(crate) log: Option<&'r mut ResumeLog>,
    pub(crate) observe: &'r mut dyn FnMut(&Progress),
}

/// The state of a reading of records and links.
pub(crate) struct Coordinator<'r> {
    pub(crate) settings: &'r ReadSettings,
    pub(crate) context: Arc<JobContext>,
    pub(crate) outputs: Outputs<'r>,
    pub(crate) keys: Vec<KeyRun>,
    pub(crate) progress: Progress,
    /// Steps that are in the log after the next commit.
    pub(crate) steps: Vec<Step>,
    pub(crate) unstable: BTreeSet<String>,
    pub(crate) left_out: Vec<String>,
    /// Associations that were asked for one by one.
    pub(crate) asked: HashSet<String>,
    queue: Arc<JobQueue>,
    results: Receiver<Done>,
    outstanding: usize,
    rows: usize,
    last_commit: Instant,
    meter: RateMeter,
    failed: Option<PullError>,
}

impl<'r> Coordinator<'r> {
    /// Starts the threads, which wait for jobs.
    pub(crate) fn start(
        settings: &'r ReadSettings,
        context: Arc<JobContext>,
        outputs: Outputs<'r>,
        keys: Vec<KeyRun>,
        progress: Progress,
    ) -> Result<Self, PullError> {
        let (sender, results) = channel();
        let queue = Arc::new(JobQueue::default());
        let threads = context.client.settings().concurrency;
        start_threads(threads, &context, &queue, &sender)?;
        Ok(Self {
            settings,
            context,
            outputs,
            keys,
            progress,
            steps: Vec::new(),
            unstable: BTreeSet::new(),
            left_out: Vec::new(),
            asked: HashSet::new(),
            queue,
            results,
            outstanding: 0,
            rows: 0,
            last_commit: Instant::now(),
            meter: RateMeter::default(),
            failed: None,
        })
    }

    /// Reads until everything is read, or it is stopped or fails. What was read until then is
    /// committed in either case.
    pub(crate) fn run(&mut self) -> Result<(), PullError> {
        let mut stopped_at = None;
        while self.outstanding > 0 {
            match self.results.recv_timeout(TICK) {
                Ok(done) => {
                    self.outstanding -= 1;
                    if let Err(error) = self.take(done) {
                        self.fail(error);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.watch();
            if self.rows >= COMMIT_ROWS || self.last_commit.elapsed() >= COMMIT_INTERVAL {
                let committed = self.commit();
                committed.unwrap_or_else(|error| self.fail(error));
            }
            if self.context.client.stop().is_stopped() {
                self.outstanding -= self.queue.drop_if(|_| true);
                let since: &mut Instant = stopped_at.get_or_insert_with(Instant::now);
                if since.elapsed() >= DRAIN {
                    break;
                }
            }
        }
        self.queue.close();
        let committed = self.commit();
        self.watch();
        match self.failed.take() {
            Some(error) => Err(error),
            None => committed,
        }
    }

    /// Hands a job to the threads.
    pub(crate) fn enqueue(&mut self, job: Job) {
        self.outstanding += 1;
        self.queue.push(job);
    }

    /// Drops the jobs of a key that only prove what is known to be wrong.
    pub(crate) fn drop_proofs(&mut self, key: usize) {
        let is_proof = |job: &Job| matches!(job, Job::Prove { key: of, .. } if *of == key);
        self.outstanding -= self.queue.drop_if(is_proof);
    }

    /// Hands a row to the sink.
    pub(crate) fn emit(&mut self, row: Row, at: Timestamp) -> Result<(), PullError> {
        self.rows += 1;
        self.outputs.sink.take(row, at)
    }

    /// Ends the reading with an error, unless it only says that it was stopped.
    pub(crate) fn fail(&mut self, error: PullError) {
        if !matches!(error, PullError::Stopped(_)) {
            self.failed.get_or_insert(error);
        }
        self.context.client.stop().stop(StopReason::Asked);
    }

    /// Commits the rows, and then notes the steps that brought them.
    fn commit(&mut self) -> Result<(), PullError> {
        self.last_commit = Instant::now();
        self.rows = 0;
        let bytes = self.outputs.sink.commit()?;
        let listed = self.keys.iter_mut().filter_map(KeyRun::listed_step);
        self.steps.extend(listed);
        let mut steps = std::mem::take(&mut self.steps);
        if let Some(log) = self.outputs.log.as_deref_mut()
            && !steps.is_empty()
        {
            steps.extend(bytes.map(|bytes| Step::Written { bytes }));
            log.append(&steps)?;
        }
        Ok(())
    }

    /// Tells whoever watches how far it has come.
    fn watch(&mut self) {
        let requests = self.context.client.requests();
        let rate = self.meter.note(Instant::now(), requests);
        let sum = |part: &dyn Fn(&KeyRun) -> Part| {
            self.keys.iter().map(part).fold(Part::default(), |sum, part| Part {
                done: sum.done + part.done,
                of: sum.of + part.of,
            })
        };
        let records = |key: &KeyRun| Part { done: key.search.found as u64, of: key.expected() };
        let proofs =
            |key: &KeyRun| Part { done: key.sampled, of: key.sampled + key.proofs_left as u64 };
        let is_reading = self.keys.iter().any(|key| key.stage == Stage::Reading);
        let left: u64 = self.keys.iter().map(KeyRun::requests_left).sum();
        self.progress = Progress {
            phase: if is_reading { Phase::Records } else { Phase::Proof },
            records: sum(&records),
            lists: sum(&KeyRun::lists),
            proofs: sum(&proofs),
            requests,
            rate,
            left_today: self.context.client.left_today(),
            rest: rest(left, rate),
            ..self.progress.clone()
        };
        (self.outputs.observe)(&self.progress);
    }

    /// Returns whether the links of records of an object key are read.
    pub(crate) fn is_listed(&self, object: &str) -> bool {
        self.keys.iter().any(|key| key.method.is_some() && key.object.as_str() == object)
    }

    /// Returns the key of this number.
    pub(crate) fn key(&mut self, key: usize) -> Result<&mut KeyRun, PullError> {
        self.keys.get_mut(key).ok_or_else(|| PullError::Setting("no such key".to_owned()))
    }

    /// Returns the method of a key, or `None` if its links are read from the other ends.
    pub(crate) fn method(&self, key: usize) -> Option<Method> {
        self.keys.get(key)?.method
    }
}
