//! Reading a location: its object layer, a plan of what to list, then all of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::model::{Association, ObjectKey, Timestamp};
use crate::pull::error::PullError;
use crate::pull::plan::{
    Estimate, KeySurvey, ObjectLayer, Plan, ReadSettings, RecordsRead, plan, read_object_layer,
    search_sizes, survey,
};
use crate::pull::reading::{PageSizes, Row, SearchPage, Things, read_location};
use crate::pull::running::coordinator::{Coordinator, Outputs};
use crate::pull::running::jobs::JobContext;
use crate::pull::running::key_run::{KeyRun, KeyStart};
use crate::pull::running::progress::{Phase, Progress};
use crate::pull::running::report::Report;
use crate::pull::running::resume_log::{KeyState, PlanLine, ResumeLog, ResumeState, Step, check};
use crate::pull::running::row_sink::RowSink;
use crate::pull::stop::Stop;
use crate::pull::upstream::{Client, UpstreamSettings};

/// Reads one location from the sender's API.
#[derive(Debug)]
pub struct Reader {
    client: Arc<Client>,
    settings: ReadSettings,
}

/// Where a reading notes how far it has come, so that another run continues it.
#[derive(Debug, Clone)]
pub struct ResumeFile {
    /// The file.
    pub path: PathBuf,
    /// Starts again, whatever the file says.
    pub fresh: bool,
    /// Where rows go: a file of another destination is not continued.
    pub destination: String,
}

impl ResumeFile {
    /// Returns whether a pull holds the file now.
    pub fn is_in_use(&self) -> bool {
        ResumeLog::is_in_use(&self.path)
    }
}

/// The object keys whose lists show every link.
#[derive(Debug)]
pub(crate) struct ListedObjects {
    pub(crate) objects: Vec<String>,
    /// The associations of the location.
    pub(crate) associations: Vec<Association>,
    /// Keys of associations that cannot be read from either end.
    pub(crate) unreachable: Vec<String>,
}

/// The keys of a reading, and the first pages that are known.
struct Start {
    keys: Vec<KeyRun>,
    firsts: Vec<Option<SearchPage>>,
    unreachable: Vec<String>,
}

impl Reader {
    /// Creates a reader, which asks nothing yet.
    pub fn new(
        upstream: UpstreamSettings,
        settings: ReadSettings,
        stop: Stop,
    ) -> Result<Self, PullError> {
        settings.check()?;
        Ok(Self { client: Arc::new(Client::new(upstream, stop)?), settings })
    }

    /// Looks at the location, and returns what reading it will cost: 15 requests at most for
    /// the 13 object keys that a location may have.
    pub fn estimate(&self) -> Result<Estimate, PullError> {
        let layer = read_object_layer(&self.client, &self.settings)?;
        let keys = survey(&self.client, &self.settings, &layer)?;
        let plan = plan(&self.settings, &layer, &keys)?;
        Ok(Estimate::new(&self.settings, &layer, &keys, &plan))
    }

    /// Returns a reader of single things, which shares the limits of this one.
    pub(crate) fn things(&self, associations: impl IntoIterator<Item = Association>) -> Things<'_> {
        Things::new(&self.client, &self.settings.location, associations)
    }

    /// Looks at the location, and returns the object keys whose lists show every link. Costs 15
    /// requests at most, as [`estimate`](Self::estimate).
    pub(crate) fn listed_objects(&self) -> Result<ListedObjects, PullError> {
        let layer = read_object_layer(&self.client, &self.settings)?;
        let keys = survey(&self.client, &self.settings, &layer)?;
        let Plan { methods, unreachable, .. } = plan(&self.settings, &layer, &keys)?;
        Ok(ListedObjects {
            objects: methods.into_keys().collect(),
            associations: layer.definitions.all().cloned().collect(),
            unreachable,
        })
    }

    /// Returns what is read.
    pub(crate) fn settings(&self) -> &ReadSettings {
        &self.settings
    }

    /// Returns the number of requests sent.
    pub(crate) fn requests(&self) -> u64 {
        self.client.requests()
    }

    /// Returns the number of requests left of the day, if the sender said it.
    pub fn left_today(&self) -> Option<u64> {
        self.client.left_today()
    }

    /// Reads the location, and hands its rows to a sink. `observe` is called a few times a
    /// second.
    ///
    /// It returns a report if everything was read, or it was stopped; what was read before an
    /// error is committed, too.
    pub fn read(
        &self,
        sink: &mut dyn RowSink,
        resume: Option<&ResumeFile>,
        observe: &mut dyn FnMut(&Progress),
    ) -> Result<Report, PullError> {
        let since = Instant::now();
        let mut log = None;
        let mut state = ResumeState::default();
        let mut line = self.plan_line(resume);
        if let Some(file) = resume {
            let (opened, found) = ResumeLog::open(&file.path, file.fresh)?;
            check(&found, &line, Timestamp::now())?;
            if let Some(begun) = &found.plan {
                line = begun.clone();
                sink.resume(found.bytes)?;
            }
            (log, state) = (Some(opened), found);
        }
        let outputs = Outputs { sink: &mut *sink, log: log.as_mut(), observe };
        let mut report = match self.read_all(outputs, line, state) {
            Ok(report) => report,
            Err(PullError::Stopped(reason)) => {
                let location = self.settings.location.clone();
                Report { location, stopped: Some(reason), ..Report::default() }
            }
            Err(error) => return Err(error),
        };
        report.requests = self.client.requests();
        report.retries = self.client.retries();
        report.throttled = self.client.throttled();
        report.time = since.elapsed();
        if report.stopped.is_none() {
            sink.finish()?;
            log.map(ResumeLog::remove).transpose()?;
        }
        Ok(report)
    }

    fn read_all<'r>(
        &'r self,
        mut outputs: Outputs<'r>,
        line: PlanLine,
        mut state: ResumeState,
    ) -> Result<Report, PullError> {
        let mut progress = Progress::new();
        (outputs.observe)(&progress);
        if let Some((row, at)) = read_location(&self.client, &self.settings.location)? {
            outputs.sink.take(Row::Location(row), at)?;
        }
        let layer = read_object_layer(&self.client, &self.settings)?;
        progress = Progress {
            phase: Phase::Survey,
            objects: layer.objects.len() as u64,
            associations: layer.definitions.all().count() as u64,
            ..progress
        };
        (outputs.observe)(&progress);
        emit_layer(&layer, outputs.sink)?;
        let start = match state.plan {
            Some(_) => self.continued(&layer, &line, &mut state),
            None => self.begun(&layer, line, &mut outputs)?,
        };
        let is_stable = layer.is_stable;
        let context = JobContext {
            client: Arc::clone(&self.client),
            location: self.settings.location.clone(),
            definitions: layer.definitions,
            list_sizes: PageSizes::new(self.settings.page_size.unwrap_or(100).min(100)),
            settle: self.settings.settle,
        };
        let Start { keys, firsts, unreachable } = start;
        let mut coordinator =
            Coordinator::start(&self.settings, Arc::new(context), outputs, keys, progress)?;
        coordinator.unstable = state.unstable;
        if !is_stable {
            coordinator.unstable.insert("associations".to_owned());
        }
        if let Err(error) = coordinator.begin(firsts) {
            coordinator.fail(error);
        }
        coordinator.run()?;
        Ok(self.report(coordinator, unreachable))
    }

    /// Plans a reading that begins.
    fn begun(
        &self,
        layer: &ObjectLayer,
        mut line: PlanLine,
        outputs: &mut Outputs<'_>,
    ) -> Result<Start, PullError> {
        let surveyed = survey(&self.client, &self.settings, layer)?;
        let Plan { methods, unreachable, refused } = plan(&self.settings, layer, &surveyed)?;
        for (object, why) in refused {
            tracing::warn!(object, why, "records are left out");
        }
        let listable = |key: &&KeySurvey| key.first.is_some();
        line.methods = methods;
        line.counts = surveyed
            .iter()
            .filter(listable)
            .map(|key| (key.object.as_str().to_owned(), key.count.number()))
            .collect();
        if let Some(log) = outputs.log.as_deref_mut() {
            log.append(&[Step::Plan(line.clone())])?;
        }
        let (mut keys, mut firsts) = (Vec::new(), Vec::new());
        for key in surveyed.into_iter().filter(|key| key.first.is_some()) {
            let start = self.key_start(layer, &line, &key.object, Arc::clone(&key.sizes));
            let is_read = start.method.is_some() || self.settings.records == RecordsRead::All;
            if is_read {
                keys.push(KeyRun::new(start, KeyState::default()));
                firsts.push(key.first);
            }
        }
        Ok(Start { keys, firsts, unreachable })
    }

    /// Continues a reading where its log ends.
    fn continued(&self, layer: &ObjectLayer, line: &PlanLine, state: &mut ResumeState) -> Start {
        let is_listed = |key: &str| line.methods.contains_key(key);
        let unreachable = layer
            .definitions
            .all()
            .filter(|it| ![&it.first, &it.second].iter().any(|end| is_listed(end.object.as_str())));
        let unreachable = unreachable.map(|it| it.key.to_string()).collect();
        let keys = layer
            .keys
            .iter()
            .filter(|(object, _)| line.counts.contains_key(object.as_str()))
            .filter(|(object, _)| {
                is_listed(object.as_str()) || self.settings.records == RecordsRead::All
            })
            .map(|(object, _)| {
                let sizes = Arc::new(search_sizes(&self.settings, object));
                let start = self.key_start(layer, line, object, sizes);
                KeyRun::new(start, state.keys.remove(object.as_str()).unwrap_or_default())
            });
        Start { keys: keys.collect(), firsts: Vec::new(), unreachable }
    }

    fn key_start(
        &self,
        layer: &ObjectLayer,
        line: &PlanLine,
        object: &ObjectKey,
        sizes: Arc<PageSizes>,
    ) -> KeyStart {
        let name = object.as_str();
        KeyStart {
            object: object.clone(),
            sizes,
            method: line.methods.get(name).copied(),
            count: line.counts.get(name).copied().unwrap_or_default(),
            kinds: layer.definitions.of_object(name).count() as u64,
            seed: line.seed,
            sample_size: self.settings.sample,
        }
    }

    fn report(&self, coordinator: Coordinator<'_>, unreachable: Vec<String>) -> Report {
        let Coordinator { keys, unstable, left_out, .. } = coordinator;
        let name = |key: &KeyRun| key.object.as_str().to_owned();
        Report {
            location: self.settings.location.clone(),
            stopped: self.client.stop().reason(),
            records: keys.iter().map(|key| (name(key), key.search.found as u64)).collect(),
            relations: keys.iter().map(|key| key.relations).sum(),
            methods: keys.iter().filter_map(|key| Some((name(key), key.method?))).collect(),
            sampled: keys.iter().map(|key| key.sampled).sum(),
            different: keys.iter().map(|key| key.different).sum(),
            unstable,
            unreachable,
            left_out,
            ..Report::default()
        }
    }

    fn plan_line(&self, resume: Option<&ResumeFile>) -> PlanLine {
        let ReadSettings { objects, associations, records, method, both_ends, sample, .. } =
            &self.settings;
        let destination = resume.map(|file| &*file.destination);
        let options = format!(
            "{destination:?} {objects:?} {associations:?} {records:?} {method:?} {both_ends} {sample}"
        );
        let base = self.client.settings().base_url.as_str();
        PlanLine::new(&self.settings.location, base, options, Timestamp::now())
    }
}

/// Hands the object layer to a sink.
fn emit_layer(layer: &ObjectLayer, sink: &mut dyn RowSink) -> Result<(), PullError> {
    for object in &layer.objects {
        sink.take(Row::Object(object.clone()), layer.objects_at)?;
    }
    for association in layer.definitions.all() {
        sink.take(Row::Association(association.clone()), layer.definitions_at)?;
    }
    Ok(())
}
