//! How far a pull has come, so that one that was interrupted continues: a line for each step,
//! written once its rows are at their destination.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::pull::error::PullError;
use crate::pull::plan::Method;
use crate::pull::running::sample::Sampled;
use crate::pull::upstream::SearchPlace;

/// Age from which what was read first may be gone from the sender.
const OLD: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Version of the format.
const VERSION: u32 = 1;

/// Longest first line, in bytes.
const FIRST_LINE_BYTES: u64 = 16 << 20;

/// What the first line begins with.
const PLAN_BEGINS: &[u8] = br#"{"plan":{"version":"#;

/// What a pull is of, and what was decided at its start. A log of another one is not
/// continued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanLine {
    pub(crate) version: u32,
    pub(crate) location: String,
    pub(crate) base_url: String,
    /// Where rows go, and the settings that decide what they are.
    pub(crate) options: String,
    pub(crate) seed: u64,
    pub(crate) started_at: String,
    pub(crate) methods: BTreeMap<String, Method>,
    /// About how many records there are of each object key that is searched.
    pub(crate) counts: BTreeMap<String, u64>,
}

impl PlanLine {
    /// Returns whether a log with this plan continues another.
    fn continues(&self, other: &Self) -> bool {
        let essence =
            |it: &Self| (it.version, it.location.clone(), it.base_url.clone(), it.options.clone());
        essence(self) == essence(other)
    }
}

/// One step of a pull.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Step {
    /// The first line.
    Plan(PlanLine),
    /// The links of these records were read.
    Listed { key: String, records: Vec<String>, relations: u64, sample: Vec<Sampled> },
    /// A page of records was read, and the links of all of them; where the next begins.
    Searched {
        key: String,
        next: Option<SearchPlace>,
        found: usize,
        relations: u64,
        sample: Vec<Sampled>,
    },
    /// The records of a key are read again, by a better method.
    Method { key: String, method: Method },
    /// The links of a record were read a second way.
    Proved { key: String, record: String, differs: bool },
    /// A key is done; how many records were read a second way, and of how many that differed.
    Finished { key: String, sampled: u64, different: u64 },
    /// The list of a record moved whenever it was read.
    Unstable { record: String },
    /// So many bytes are in the file that is written.
    Written { bytes: u64 },
}

/// How far an object key has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct KeyState {
    /// Where the search continues; `None` at its beginning.
    pub(crate) next: Option<SearchPlace>,
    pub(crate) is_searched: bool,
    pub(crate) found: usize,
    pub(crate) relations: u64,
    /// Records of the page in progress whose links were read.
    pub(crate) listed: HashSet<String>,
    pub(crate) sample: Vec<Sampled>,
    pub(crate) method: Option<Method>,
    /// Records read a second way.
    pub(crate) proved: HashSet<String>,
    /// How many of them differed.
    pub(crate) different: u64,
    /// Records read a second way, and those of them that differed, once all are.
    pub(crate) finished: Option<(u64, u64)>,
}

/// What a log says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ResumeState {
    pub(crate) plan: Option<PlanLine>,
    pub(crate) keys: BTreeMap<String, KeyState>,
    pub(crate) unstable: BTreeSet<String>,
    pub(crate) bytes: u64,
}

impl ResumeState {
    fn take(&mut self, step: Step) {
        match step {
            Step::Plan(plan) => *self = Self { plan: Some(plan), ..Self::default() },
            Step::Listed { key, records, relations, sample } => {
                let key = self.keys.entry(key).or_default();
                key.listed.extend(records);
                key.relations += relations;
                key.sample.extend(sample);
            }
            Step::Searched { key, next, found, relations, sample } => {
                let key = self.keys.entry(key).or_default();
                key.listed.clear();
                key.is_searched = next.is_none();
                key.next = next;
                key.found = found;
                key.relations += relations;
                key.sample.extend(sample);
            }
            Step::Method { key, method } => {
                self.keys.insert(key, KeyState { method: Some(method), ..KeyState::default() });
            }
            Step::Proved { key, record, differs } => {
                let key = self.keys.entry(key).or_default();
                key.different += u64::from(key.proved.insert(record) && differs);
            }
            Step::Finished { key, sampled, different } => {
                self.keys.entry(key).or_default().finished = Some((sampled, different));
            }
            Step::Unstable { record } => drop(self.unstable.insert(record)),
            Step::Written { bytes } => self.bytes = bytes,
        }
    }
}

/// The log of one pull, locked against another pull of the same location.
#[derive(Debug)]
pub(crate) struct ResumeLog {
    file: File,
    path: PathBuf,
}

impl ResumeLog {
    /// Opens the log and reads what it says; a torn last line is dropped. A file that does not
    /// begin like a log is an error, and left as it is.
    pub(crate) fn open(path: &Path, fresh: bool) -> Result<(Self, ResumeState), PullError> {
        let failed = |error| PullError::ResumeLog { path: path.display().to_string(), error };
        let mut file = locked(path)?;
        if !begins_as_log(&file).map_err(failed)? {
            let why = "this is not the log of a pull: remove it, or use another file for it";
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, why)));
        }
        if fresh {
            file.set_len(0).map_err(failed)?;
        }
        let (state, whole) = read(&file).map_err(failed)?;
        file.set_len(whole).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok((Self { file, path: path.to_owned() }, state))
    }

    /// Returns whether a pull holds a log.
    pub(crate) fn is_in_use(path: &Path) -> bool {
        let file = File::open(path);
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Appends steps, and waits until they are on disk.
    pub(crate) fn append(&mut self, steps: &[Step]) -> Result<(), PullError> {
        let mut lines = Vec::new();
        let written = steps.iter().try_for_each(|step| {
            serde_json::to_writer(&mut lines, step)?;
            lines.push(b'\n');
            Ok::<_, io::Error>(())
        });
        let written = written.and_then(|()| self.file.write_all(&lines));
        written.and_then(|()| self.file.sync_data()).map_err(|error| self.failed(error))
    }

    /// Removes the log of a pull that is done.
    pub(crate) fn remove(self) -> Result<(), PullError> {
        std::fs::remove_file(&self.path).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> PullError {
        PullError::ResumeLog { path: self.path.display().to_string(), error }
    }
}

/// Opens a log, for its owner alone, and locks it.
fn locked(path: &Path) -> Result<File, PullError> {
    let failed = |error| PullError::ResumeLog { path: path.display().to_string(), error };
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    loop {
        let file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => return Ok(file),
            // Its owner has ended and removed it meanwhile.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(PullError::Running(path.display().to_string()));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let found = std::fs::metadata(path).ok().map(inode);
    found.is_some() && found == file.metadata().ok().map(inode)
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Returns whether a file is empty, or its first line is a step, or the beginning of one that
/// a crash has torn.
fn begins_as_log(file: &File) -> io::Result<bool> {
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    reader.take(FIRST_LINE_BYTES).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        return Ok(serde_json::from_slice::<Step>(&line).is_ok());
    }
    let common = line.len().min(PLAN_BEGINS.len());
    Ok(line.get(..common) == PLAN_BEGINS.get(..common))
}

/// Reads a log. Returns what it says, and the length of its whole lines.
fn read(file: &File) -> io::Result<(ResumeState, u64)> {
    let (mut state, mut whole) = (ResumeState::default(), 0);
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok((state, whole));
        }
        let step: Step = serde_json::from_slice(&line).map_err(|error| {
            let why = format!("this is not the log of a pull ({error}): use --fresh");
            io::Error::new(io::ErrorKind::InvalidData, why)
        })?;
        state.take(step);
        whole += read as u64;
    }
}

/// Decides whether a log is continued by a pull with this plan.
pub(crate) fn check(state: &ResumeState, plan: &PlanLine, now: Timestamp) -> Result<(), PullError> {
    let Some(begun) = &state.plan else { return Ok(()) };
    if !plan.continues(begun) {
        return Err(PullError::Setting(
            "the resume log is of a pull with another location, address, destination or other \
             options: use --fresh to start again"
                .to_owned(),
        ));
    }
    if let Ok(started) = begun.started_at.parse::<Timestamp>()
        && started < now.before(OLD)
    {
        tracing::warn!(
            since = begun.started_at,
            "this pull began more than a week ago: what it read first may be gone; --fresh \
             starts again"
        );
    }
    Ok(())
}

impl PlanLine {
    /// Returns the plan of a pull that begins now.
    pub(crate) fn new(location: &str, base_url: &str, options: String, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            location: location.to_owned(),
            base_url: base_url.to_owned(),
            options,
            seed: fastrand::u64(..),
            started_at: now.to_string(),
            methods: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> PlanLine {
        PlanLine::new("L", "https://example.test", "all".to_owned(), Timestamp::from_millis(0))
    }

    fn steps() -> Vec<Step> {
        let sampled = |record: &str| Sampled { record: record.to_owned(), relations: Vec::new() };
        let key = || "contact".to_owned();
        vec![
            Step::Plan(plan()),
            Step::Listed {
                key: key(),
                records: vec!["a".into()],
                relations: 3,
                sample: vec![sampled("a")],
            },
            Step::Searched {
                key: key(),
                next: Some(SearchPlace::Page(2)),
                found: 1,
                relations: 0,
                sample: Vec::new(),
            },
            Step::Listed {
                key: key(),
                records: vec!["b".into()],
                relations: 2,
                sample: Vec::new(),
            },
            Step::Unstable { record: "contact/b".into() },
            Step::Proved { key: key(), record: "a".into(), differs: true },
            Step::Written { bytes: 77 },
        ]
    }

    #[test]
    fn a_log_is_read_back_up_to_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (mut log, state) = ResumeLog::open(&path, false).unwrap();
        assert_eq!(state, ResumeState::default());
        log.append(&steps()).unwrap();
        drop(log);
        let whole = std::fs::read(&path).unwrap();
        let (_, all) = ResumeLog::open(&path, false).unwrap();
        let key = &all.keys["contact"];
        assert_eq!((key.found, key.relations, key.sample.len()), (1, 5, 1));
        assert_eq!(key.listed, HashSet::from(["b".to_owned()]));
        assert_eq!((key.proved.len(), key.different), (1, 1));
        assert_eq!((all.bytes, all.unstable.len()), (77, 1));
        // Wherever a crash cuts it, it says what its whole lines say.
        for end in 0..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            let (mut log, state) = ResumeLog::open(&path, false).unwrap();
            let lines = whole[..end].split(|byte| *byte == b'\n').count() - 1;
            let mut expected = ResumeState::default();
            steps().into_iter().take(lines).for_each(|step| expected.take(step));
            // The seed is random.
            let unseeded = |mut state: ResumeState| {
                state.plan.iter_mut().for_each(|plan| plan.seed = 0);
                state
            };
            assert_eq!(unseeded(state), unseeded(expected), "{end}");
            log.append(&[Step::Written { bytes: 78 }]).unwrap();
            drop(log);
            assert_eq!(ResumeLog::open(&path, false).unwrap().1.bytes, 78, "{end}");
        }
    }

    #[test]
    fn a_file_that_is_no_log_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for contents in ["secret", "secret\n", "{}", "{}\n", "{\"plan\":[", "SQLite format 3\0\0"] {
            std::fs::write(&path, contents).unwrap();
            for fresh in [false, true] {
                let error = ResumeLog::open(&path, fresh).unwrap_err().to_string();
                assert!(error.contains("not the log of a pull"), "{contents}: {error}");
                assert_eq!(std::fs::read(&path).unwrap(), contents.as_bytes());
            }
        }
        for end in 0..PLAN_BEGINS.len() {
            std::fs::write(&path, &PLAN_BEGINS[..end]).unwrap();
            let (log, state) = ResumeLog::open(&path, end % 2 == 0).unwrap();
            assert_eq!((state, log.file.metadata().unwrap().len()), (ResumeState::default(), 0));
        }
    }

    #[test]
    fn a_better_method_starts_a_key_again() {
        let mut state = ResumeState::default();
        for step in steps() {
            state.take(step);
        }
        state.take(Step::Method { key: "contact".into(), method: Method::ListEach });
        let key = &state.keys["contact"];
        assert_eq!((key.method, key.found, key.sample.len()), (Some(Method::ListEach), 0, 0));
        assert_eq!((key.proved.len(), key.different), (0, 0));
    }

    #[test]
    fn two_pulls_of_a_location_exclude_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (first, _) = ResumeLog::open(&path, false).unwrap();
        let second = ResumeLog::open(&path, true).map(drop).unwrap_err();
        assert!(matches!(second, PullError::Running(_)), "{second}");
        first.remove().unwrap();
        assert!(!path.exists());
        ResumeLog::open(&path, false).unwrap();
    }

    #[test]
    fn another_pull_is_not_continued() {
        let mut state = ResumeState::default();
        state.take(Step::Plan(plan()));
        let now = Timestamp::from_millis(0);
        check(&state, &plan(), now).unwrap();
        for other in [
            PlanLine { location: "M".into(), ..plan() },
            PlanLine { base_url: "https://other.test".into(), ..plan() },
            PlanLine { options: "linked".into(), ..plan() },
            PlanLine { version: 2, ..plan() },
        ] {
            let error = check(&state, &other, now).unwrap_err().to_string();
            assert!(error.contains("--fresh"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_log_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let _log = ResumeLog::open(&path, false).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
