//! `relata summary`.

use std::path::Path;
use std::process::ExitCode;

use relata::api::{AssociationBody, AssociationSummaryBody, SummaryResponse};

use crate::cli::format::node_text;
use crate::cli::output::{open_for_questions, open_location, print_json, print_table, say};
use crate::cli::{ask, output};
use crate::config::SummaryArgs;

/// Records shown of one association that break its cardinality.
const VIOLATIONS_SHOWN: usize = 5;

pub(super) fn run(db: &Path, summary: &SummaryArgs) -> anyhow::Result<ExitCode> {
    let asking = &summary.asking;
    let (store, locations) = if asking.place.location.is_none() && !asking.json {
        let store = open_for_questions(db)?;
        let locations = store.locations();
        (store, locations)
    } else {
        let (store, location) = open_location(db, &asking.place)?;
        (store, vec![location])
    };
    if !asking.json {
        let past = asking.as_of.map(|moment| store.seq_as_of(moment)).transpose()?.flatten();
        let seq = past.unwrap_or_else(|| store.head());
        say(format_args!("{seq} events, {} locations", locations.len()))?;
    }
    for location in &locations {
        ask::of(&store, location, asking.as_of, |view, budget, seq| {
            let body = SummaryResponse::new(location.id(), &view.summary(budget), seq);
            if asking.json { print_json(&body) } else { print(&body) }
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(body: &SummaryResponse<'_>) -> anyhow::Result<()> {
    let counts = &body.counts;
    say(format_args!(
        "\n{}: {} objects, {} associations, {} records, {} relations",
        output::visible(body.location_id),
        counts.objects,
        counts.associations,
        counts.records,
        counts.relations
    ))?;
    if counts.pending_associations > 0 {
        let pending = counts.pending_associations;
        say(format_args!("{pending} associations are named by relations and not known yet"))?;
    }
    let rows: Vec<Vec<String>> = body.by_association.iter().map(declaration).collect();
    let heading = ["ASSOCIATION", "FIRST", "LABEL", "SECOND", "LABEL", "RELATIONS"];
    print_table(&heading, &rows)?;
    say("")?;
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
        say("")?;
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

/// The cardinality from first to second that the links have, if there are any.
fn observed(row: &AssociationSummaryBody<'_>) -> String {
    match row.association.relations {
        0 => "-".to_owned(),
        _ => row.observed.first_object_to_second_object_cardinality.to_owned(),
    }
}

/// The declared cardinality from first to second, and the one back where it is
/// not the same read the other way round.
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
    let key = output::visible(row.association.key);
    for it in row.violating.iter().take(VIOLATIONS_SHOWN) {
        let record = output::visible(&node_text(it.object, Some(it.record)));
        let role = match it.side {
            "first" => row.association.second_object_label,
            _ => row.association.first_object_label,
        };
        let role = output::visible(role);
        say(format_args!("{key} allows {record} one {role}, it has {}", it.links))?;
    }
    let hidden = row.violations.saturating_sub(VIOLATIONS_SHOWN as u64);
    if hidden > 0 {
        say(format_args!("{key}: {hidden} more like these"))?;
    }
    Ok(())
}
