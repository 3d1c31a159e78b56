//! `relata summary`.

use std::path::Path;
use std::process::ExitCode;

use relata::graph::Effort;
use relata::wire::SummaryBody;
use relata::{Location, Seq};

use super::output::{location, open_for_questions, print_json, print_table, say};
use crate::config::Summary;

pub(super) fn run(db: &Path, summary: &Summary) -> anyhow::Result<ExitCode> {
    let store = open_for_questions(db)?;
    if summary.json {
        let location = location(&store, &summary.place)?;
        print_json(&SummaryBody::new(
            location.id(),
            location.read().view(),
            &mut Effort::unbounded(),
            store.head(),
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let locations = match &summary.place.location {
        Some(_) => vec![location(&store, &summary.place)?],
        None => store.locations(),
    };
    say(format_args!("{} events, {} locations", store.head(), locations.len()))?;
    locations.iter().try_for_each(|location| print(location, store.head()))?;
    Ok(ExitCode::SUCCESS)
}

fn print(location: &Location, seq: Seq) -> anyhow::Result<()> {
    let graph = location.read();
    let body = SummaryBody::new(location.id(), graph.view(), &mut Effort::unbounded(), seq);
    let counts = &body.counts;
    say(format_args!(
        "\n{}: {} objects, {} associations, {} records, {} relations",
        body.location_id, counts.objects, counts.associations, counts.records, counts.relations
    ))?;
    if counts.pending_associations > 0 {
        let pending = counts.pending_associations;
        say(format_args!("{pending} associations are named by relations and not known yet"))?;
    }
    let row = |row: &relata::wire::AssociationSummary<'_>| {
        let row = &row.association;
        vec![
            row.key.to_owned(),
            row.first_object_key.to_owned(),
            row.first_object_label.to_owned(),
            row.second_object_key.to_owned(),
            row.second_object_label.to_owned(),
            row.relations.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = body.by_association.iter().map(row).collect();
    let heading = ["ASSOCIATION", "FIRST", "LABEL", "SECOND", "LABEL", "RELATIONS"];
    Ok(print_table(&heading, &rows)?)
}
