//! How far a pull has come, on standard error.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use relata::pull::{Part, Phase, Progress};
use serde_json::json;

use crate::cli::log;
use crate::cli::output::shows_progress;
use crate::config::ProgressArg;

/// Time between two lines for people, and for programs.
const LINE_EVERY: Duration = Duration::from_secs(30);
const JSON_EVERY: Duration = Duration::from_secs(1);

/// Shows progress: as bars, as lines or as JSON.
pub(in crate::cli) struct Display {
    form: Form,
    last: Option<Instant>,
}

enum Form {
    Bars(Box<Bars>),
    Lines,
    Json,
    Nothing,
}

struct Bars {
    all: MultiProgress,
    records: ProgressBar,
    links: ProgressBar,
    status: ProgressBar,
}

impl Display {
    /// Chooses the form.
    pub(in crate::cli) fn new(progress: ProgressArg) -> anyhow::Result<Self> {
        let form = match progress {
            ProgressArg::Json => Form::Json,
            ProgressArg::None => Form::Nothing,
            ProgressArg::Auto if shows_progress() => Form::Bars(Box::new(Bars::new()?)),
            ProgressArg::Auto => Form::Lines,
        };
        let last = Some(Instant::now()).filter(|_| matches!(form, Form::Lines));
        Ok(Self { form, last })
    }

    /// Shows how far it has come, if it is time to.
    pub(in crate::cli) fn show(&mut self, progress: &Progress) {
        let every = match &self.form {
            Form::Bars(bars) => return bars.show(progress),
            Form::Nothing => return,
            Form::Lines => LINE_EVERY,
            Form::Json => JSON_EVERY,
        };
        if self.last.is_none_or(|last| last.elapsed() >= every) {
            self.last = Some(Instant::now());
            let line = match self.form {
                Form::Json => progress_json(progress),
                _ => line(progress),
            };
            log::print_error_line(&line);
        }
    }

    /// Removes the bars.
    pub(in crate::cli) fn end(&self) {
        if let Form::Bars(bars) = &self.form {
            bars.all.clear().unwrap_or_default();
        }
    }
}

impl Bars {
    fn new() -> anyhow::Result<Self> {
        let all = MultiProgress::new();
        let style = ProgressStyle::with_template("{prefix:10} {bar:30} {pos} of {len}")?;
        let bar = |prefix: &'static str| {
            all.add(ProgressBar::new(0).with_style(style.clone()).with_prefix(prefix))
        };
        let (records, links) = (bar("records"), bar("links"));
        let status = ProgressBar::new(0).with_style(ProgressStyle::with_template("{msg}")?);
        let status = all.add(status);
        Ok(Self { all, records, links, status })
    }

    fn show(&self, progress: &Progress) {
        let links = if progress.phase == Phase::Proof { progress.proofs } else { progress.lists };
        for (bar, part) in [(&self.records, progress.records), (&self.links, links)] {
            bar.set_length(part.of);
            bar.set_position(part.done);
        }
        self.status.set_message(status(progress));
    }
}

fn phase(progress: &Progress) -> &'static str {
    match progress.phase {
        Phase::Definitions => "definitions",
        Phase::Survey => "survey",
        Phase::Proof => "proof",
        _ => "records",
    }
}

/// Returns the rate, what is left of the day, and how long it will take.
fn status(progress: &Progress) -> String {
    let requests = format!("{} requests", progress.requests);
    let rate = format!("{:.1}/s", progress.rate);
    let left = progress.left_today.map(|left| format!("{left} left today"));
    let rest = progress.rest.map(|rest| format!("{} min", rest.as_secs().div_ceil(60)));
    [Some(requests), Some(rate), left, rest].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn line(progress: &Progress) -> String {
    let part = |part: Part| format!("{} of {}", part.done, part.of);
    let (records, links) = (part(progress.records), part(progress.lists));
    format!("{}: {records} records, {links} lists · {}", phase(progress), status(progress))
}

fn progress_json(progress: &Progress) -> String {
    let part = |part: Part| json!({ "done": part.done, "of": part.of });
    json!({
        "phase": phase(progress),
        "objects": progress.objects,
        "associations": progress.associations,
        "records": part(progress.records),
        "lists": part(progress.lists),
        "proofs": part(progress.proofs),
        "requests": progress.requests,
        "rate": progress.rate,
        "leftToday": progress.left_today,
        "restSeconds": progress.rest.map(|rest| rest.as_secs()),
    })
    .to_string()
}
