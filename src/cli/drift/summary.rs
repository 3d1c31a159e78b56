//! What `relata drift` prints: differences, and counts of them.

use std::io::Write;

use relata::drift::{Comparison, Finding, Kind, Repair, SampleEstimate, Verdict, What};
use relata::journal::Database;
use serde_json::{Map, Value, json};

use crate::cli::destination::{Destination, Reserved};
use crate::cli::drift::lines::{json_line, text_line};
use crate::cli::output::{print_json, print_line, print_more, print_table};
use crate::cli::text::visible;
use crate::config::DriftArgs;

/// Differences with what became of them, if anything was to.
type Pairs<'f> = Vec<(&'f Finding, Option<&'f Repair>)>;

fn pairs<'f>(comparison: &'f Comparison, repairs: Option<&'f [Repair]>) -> Pairs<'f> {
    let repairs = repairs.into_iter().flatten().map(Some).chain(std::iter::repeat(None));
    comparison.findings.iter().zip(repairs).collect()
}

/// Writes all differences to a file.
pub(super) fn write_report(
    mut to: Destination,
    comparison: &Comparison,
    repairs: Option<&[Repair]>,
) -> anyhow::Result<()> {
    for (finding, repair) in pairs(comparison, repairs) {
        writeln!(to, "{}", json_line(finding, repair))?;
    }
    to.finish()
}

/// Opens the file of a report.
pub(super) fn open_report(db: &Database, drift: &DriftArgs) -> anyhow::Result<Option<Destination>> {
    let mut reserved = Reserved::database(db);
    if let Some(dump) = &drift.against {
        reserved.input(dump);
    }
    let path = drift.report.as_deref();
    path.map(|path| Destination::open(Some(path), &reserved)).transpose()
}

/// Prints differences, and counts of them.
pub(super) fn print(
    drift: &DriftArgs,
    comparison: &Comparison,
    repairs: Option<&[Repair]>,
    sample: Option<(SampleEstimate, u64)>,
) -> anyhow::Result<()> {
    let pairs = pairs(comparison, repairs);
    if drift.json {
        let mut summary = json(drift, comparison, &pairs);
        if let (Some(members), Some(sample)) = (summary.as_object_mut(), sample) {
            members.insert("sample".to_owned(), sample_json(sample));
        }
        return print_json(&summary);
    }
    for (finding, repair) in pairs.iter().take(drift.limit) {
        print_line(visible(&text_line(finding, *repair)))?;
    }
    let (shown, total) = (pairs.len().min(drift.limit), pairs.len() as u64);
    print_more(shown, pairs.len() > shown, Some(total), "differences")?;
    if !pairs.is_empty() {
        let rows: Vec<Vec<String>> = What::ALL
            .iter()
            .map(|what| {
                let counts = Kind::ALL.map(|kind| count(&pairs, *what, kind).to_string());
                [vec![format!("{what}s")], counts.to_vec()].concat()
            })
            .collect();
        print_table(&["WHAT", "MISSING", "EXTRA", "DIFFERENT"], &rows)?;
    }
    for line in closing_lines(drift, comparison, &pairs).into_iter().chain(sample.map(sample_line))
    {
        print_line(visible(&line))?;
    }
    Ok(())
}

fn count(pairs: &Pairs<'_>, what: What, kind: Kind) -> usize {
    let of =
        |finding: &Finding| finding.difference.what() == what && finding.difference.kind() == kind;
    pairs.iter().filter(|(finding, _)| of(finding)).count()
}

/// Counts by how certain they are, and by what became of them.
fn certainty(pairs: &Pairs<'_>) -> [(&'static str, usize); 3] {
    let count = |is_meant: fn(&Verdict) -> bool| {
        pairs.iter().filter(|(finding, _)| is_meant(&finding.verdict)).count()
    };
    [
        ("confirmed", count(|it| matches!(it, Verdict::Confirmed { .. }))),
        ("unconfirmed", count(|it| *it == Verdict::Unconfirmed)),
        ("moving", count(|it| *it == Verdict::Moving)),
    ]
}

fn repaired(pairs: &Pairs<'_>) -> Option<[(&'static str, usize); 5]> {
    let names = ["applied", "skipped", "clock", "left", "refused"];
    let all = pairs.iter().all(|(_, repair)| repair.is_some());
    let count = |name: &str| {
        pairs.iter().filter(|(_, it)| it.is_some_and(|it| it.as_str() == name)).count()
    };
    all.then(|| names.map(|name| (name, count(name))))
}

fn closing_lines(drift: &DriftArgs, comparison: &Comparison, pairs: &Pairs<'_>) -> Vec<String> {
    let named = |counts: &[(&str, usize)]| {
        counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    };
    let location = &drift.location;
    let mut lines = Vec::new();
    if pairs.is_empty() {
        lines.push(format!("{location}: no difference"));
    } else {
        lines.push(format!("{location}: {}", named(&certainty(pairs))));
        if drift.repair.apply {
            lines.extend(repaired(pairs).map(|counts| named(&counts)));
        }
    }
    if !comparison.is_complete() {
        lines.push(
            "not everything was read: lists moved, or could not be reached; run it again"
                .to_owned(),
        );
    }
    lines
}

fn sample_line((estimate, seed): (SampleEstimate, u64)) -> String {
    let SampleEstimate { sampled, different, records, between: [low, high] } = estimate;
    format!(
        "links of {sampled} of {records} records were compared (--seed {seed}), {different} of them \
         differ: with a confidence of 95 %, {:.1} % to {:.1} % of the records do",
        low * 100.0,
        high * 100.0
    )
}

fn sample_json((estimate, seed): (SampleEstimate, u64)) -> Value {
    let SampleEstimate { sampled, different, records, between } = estimate;
    json!({
        "records": records, "sampled": sampled, "different": different, "between": between,
        "seed": seed,
    })
}

fn json(drift: &DriftArgs, comparison: &Comparison, pairs: &Pairs<'_>) -> Value {
    let object = |counts: &[(&str, usize)]| {
        Value::from(
            counts.iter().map(|(name, it)| ((*name).to_owned(), json!(it))).collect::<Map<_, _>>(),
        )
    };
    let counts = What::ALL.map(|what| {
        let kinds = Kind::ALL.map(|kind| (kind.as_str(), count(pairs, what, kind)));
        (format!("{what}s"), object(&kinds))
    });
    let shown = pairs.iter().take(drift.limit);
    let report = comparison.report.as_ref();
    json!({
        "location": drift.location,
        "seq": comparison.seq,
        "complete": comparison.is_complete(),
        "requests": report.map(|it| it.requests),
        "differences": pairs.len(),
        "counts": Value::from_iter(counts),
        "certainty": object(&certainty(pairs)),
        "repairs": repaired(pairs).filter(|_| drift.repair.apply).map(|counts| object(&counts)),
        "lines": shown.map(|(finding, repair)| json_line(finding, *repair)).collect::<Vec<_>>(),
    })
}
