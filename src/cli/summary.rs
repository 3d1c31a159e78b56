//! `relata summary`.

use std::process::ExitCode;

use relata::api::{AssociationBody, AssociationSummaryBody, SummaryResponse};
use relata::journal::Database;

use crate::cli::database::{open_location, open_read_only};
use crate::cli::output::{print_json, print_line, print_table};
use crate::cli::query::query_graph;
use crate::cli::text::{RecordTexts, visible};
use crate::config::SummaryArgs;

/// Maximum number of violations shown for each association.
const VIOLATIONS_SHOWN: usize = 5;

pub(super) fn run(db: &Database, summary: &SummaryArgs) -> anyhow::Result<ExitCode> {
    let args = &summary.query;
    let (store, locations) = if args.place.location.is_none() && !args.json {
        let store = open_read_only(db)?;
        let locations = store.locations()?;
        (store, locations)
    } else {
        let (store, location) = open_location(db, &args.place)?;
        (store, vec![location])
    };
    if !args.json {
        let past = args.as_of.map(|moment| store.seq_as_of(moment)).transpose()?.flatten();
        let seq = past.unwrap_or_else(|| store.head());
        print_line(format_args!("{seq} events, {} locations", locations.len()))?;
    }
    for location in &locations {
        query_graph(&store, location, args.as_of, |view, budget, seq| {
            let body = SummaryResponse::new(location.id(), &view.summary(budget), seq);
            if args.json { print_json(&body) } else { print(&body) }
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(body: &SummaryResponse<'_>) -> anyhow::Result<()> {
    let counts = &body.counts;
    print_line(format_args!(
        "\n{}: {} objects, {} associations, {} records, {} relations",
        visible(body.location_id),
        counts.objects,
        counts.associations,
        counts.records,
        counts.relations
    ))?;
    if counts.pending_associations > 0 {
        let pending = counts.pending_associations;
        print_line(format_args!(
            "{pending} associations are named by relations and not known yet"
        ))?;
    }
    let rows: Vec<Vec<String>> = body.by_association.iter().map(declaration).collect();
    let heading = ["ASSOCIATION", "FIRST", "LABEL", "SECOND", "LABEL", "RELATIONS"];
    print_table(&heading, &rows)?;
    print_line("")?;
    let rows: Vec<Vec<String>> = body.by_association.iter().map(cardinality).collect();
    print_table(
        &[
            "ASSOCIATION",
            "FIRSTS",
            "MOST LINKS",
            "SECONDS",
            "MOST LINKS",
            "OBSERVED",
            "DECLARED",
            "VIOLATIONS",
        ],
        &rows,
    )?;
    if body.by_association.iter().any(|row| !row.violating.is_empty()) {
        print_line("")?;
    }
    body.by_association.iter().try_for_each(print_violations)
}

fn declaration(row: &AssociationSummaryBody<'_>) -> Vec<String> {
    let row = &row.association;
    vec![
        row.key.to_owned(),
        row.first_object_key.to_owned(),
        row.first_object_label.to_owned(),
        row.second_object_key.to_owned(),
        row.second_object_label.to_owned(),
        row.relations.to_string(),
    ]
}

fn cardinality(row: &AssociationSummaryBody<'_>) -> Vec<String> {
    vec![
        row.association.key.to_owned(),
        row.firsts.to_string(),
        row.most_per_first.to_string(),
        row.seconds.to_string(),
        row.most_per_second.to_string(),
        observed(row),
        declared(&row.association),
        row.violations.to_string(),
    ]
}

/// Returns the cardinality from first to second that the links have; `-` without links.
fn observed(row: &AssociationSummaryBody<'_>) -> String {
    match row.association.relations {
        0 => "-".to_owned(),
        _ => row.observed.first_object_to_second_object_cardinality.to_owned(),
    }
}

/// Returns the declared cardinality from first to second, and the one back unless it is the
/// same in reverse.
fn declared(association: &AssociationBody<'_>) -> String {
    let forth = association.first_object_to_second_object_cardinality;
    let back = association.second_object_to_first_object_cardinality;
    let turned = back.and_then(|back| back.split_once("_TO_")).map(|(a, b)| format!("{b}_TO_{a}"));
    match (forth, back) {
        (None, None) => "-".to_owned(),
        (Some(forth), None) => forth.to_owned(),
        (Some(forth), Some(_)) if turned.as_deref() == Some(forth) => forth.to_owned(),
        (forth, Some(back)) => format!("{}, back {back}", forth.unwrap_or("-")),
    }
}

fn print_violations(row: &AssociationSummaryBody<'_>) -> anyhow::Result<()> {
    let key = visible(row.association.key);
    let texts = RecordTexts::of(row.violating.iter().map(|it| (Some(it.record), it.name)));
    for it in row.violating.iter().take(VIOLATIONS_SHOWN) {
        let record = visible(&texts.node(it.object, Some(it.record), it.name));
        let role = match it.side {
            "first" => row.association.second_object_label,
            _ => row.association.first_object_label,
        };
        let role = visible(role);
        print_line(format_args!("{key} allows {record} one {role}, it has {}", it.links))?;
    }
    let hidden = row.violations.saturating_sub(VIOLATIONS_SHOWN as u64);
    if hidden > 0 {
        print_line(format_args!("{key}: {hidden} more like these"))?;
    }
    Ok(())
}
