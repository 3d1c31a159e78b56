//! What a pull prints at its end.

use std::io::{self, Write};

use relata::pull::{EventCounts, Report, StopReason};
use serde_json::{Value, json};

use crate::cli::pull::stopped::reason_text;
use crate::cli::text::visible;
use crate::config::PullArgs;

/// Unstable lists that are named.
const NAMED_MAX: usize = 10;

/// Prints what became of a location to standard output.
pub(super) fn print_summary(
    pull: &PullArgs,
    report: &Report,
    events: &EventCounts,
) -> anyhow::Result<()> {
    write_summary(io::stdout(), pull, report, events)
}

/// Writes what became of a location.
pub(super) fn write_summary(
    mut to: impl Write,
    pull: &PullArgs,
    report: &Report,
    events: &EventCounts,
) -> anyhow::Result<()> {
    if pull.json {
        writeln!(to, "{}", summary_json(report, events))?;
        return Ok(());
    }
    for line in summary_lines(report, events) {
        writeln!(to, "{}", visible(&line))?;
    }
    Ok(())
}

fn summary_json(report: &Report, events: &EventCounts) -> Value {
    let stopped = report.stopped.as_ref().map(reason);
    let methods: serde_json::Map<String, Value> =
        report.methods.iter().map(|(key, it)| (key.clone(), json!(it.as_str()))).collect();
    json!({
        "location": report.location,
        "complete": report.is_complete() && events.refused == 0,
        "stopped": stopped,
        "requests": report.requests,
        "retries": report.retries,
        "throttled": report.throttled,
        "seconds": report.time.as_secs(),
        "events": {
            "applied": events.applied, "unchanged": events.unchanged, "stale": events.stale,
            "ignored": events.ignored, "refused": events.refused,
        },
        "records": report.records,
        "relations": report.relations,
        "method": methods,
        "sample": {
            "records": report.sampled, "different": report.different, "below": report.bound(),
        },
        "unstable": report.unstable,
        "unreachable": report.unreachable,
        "leftOut": report.left_out,
    })
}

/// Returns the name of a reason.
fn reason(stopped: &StopReason) -> &'static str {
    match stopped {
        StopReason::Asked => "signal",
        StopReason::Quota { .. } => "quota",
        StopReason::MaxRequests => "max-requests",
        StopReason::Unanswered(_) => "unanswered",
        _ => "other",
    }
}

fn summary_lines(report: &Report, events: &EventCounts) -> Vec<String> {
    let records: u64 = report.records.values().sum();
    let mut lines = vec![
        format!(
            "{}: {records} records and {} relations in {} requests",
            report.location, report.relations, report.requests
        ),
        format!(
            "{} events applied, {} unchanged, {} stale, {} ignored, {} refused",
            events.applied, events.unchanged, events.stale, events.ignored, events.refused
        ),
    ];
    lines.extend(report.bound().map(|bound| {
        format!(
            "links of {} records were read a second way, without a difference: with a confidence \
             of 95 %, fewer than {:.1} % of records are wrong",
            report.sampled,
            bound * 100.0
        )
    }));
    if report.different > 0 {
        lines.push(format!(
            "links of {} of {} records differ when they are read a second way: use --method auto",
            report.different, report.sampled
        ));
    }
    let unstable = report.unstable.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    if !unstable.is_empty() {
        let count = report.unstable.len();
        lines.push(format!("{count} lists moved whenever they were read: {unstable}"));
    }
    lines.extend(report.unreachable.iter().map(|key| {
        format!("the association {key} was not read: neither of its ends can be listed")
    }));
    lines.extend(report.left_out.iter().cloned());
    lines.extend(events.refusal.iter().map(|why| format!("the first refused event: {why}")));
    lines.extend(report.stopped.as_ref().map(|stopped| {
        format!("stopped ({}); the same command continues from here", reason_text(stopped))
    }));
    lines
}
