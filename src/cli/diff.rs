//! `relata diff`.

use std::process::ExitCode;

use anyhow::Context;
use relata::api::DiffResponse;
use relata::graph::{AssociationDiff, Budget, DiffQuery, LinkDiff};
use relata::journal::Database;

use crate::cli::database::open_location;
use crate::cli::output::{print_json, print_line, print_more, print_table};
use crate::cli::text::RecordTexts;
use crate::cli::traversals::edge_row;
use crate::config::DiffArgs;

pub(super) fn run(db: &Database, diff: &DiffArgs) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &diff.place)?;
    let (from, to) = (diff.from, diff.to);
    let between = store.diff(location.id().as_str(), from, to)?;
    let between = between.context("no such location")?;
    let query = DiffQuery { after: None, limit: diff.limit as usize };
    let mut budget = Budget::unbounded();
    let associations = between.associations(&mut budget);
    let links = between.links(&query, &mut budget);
    if diff.json {
        print_json(&DiffResponse::new(between.seqs(), &associations, &links))?;
    } else {
        print(&associations, &links)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints lines that begin with + for what was added, - for what was removed, and ~ for what
/// was renamed.
fn print(associations: &AssociationDiff<'_>, links: &LinkDiff<'_>) -> anyhow::Result<()> {
    let gone = associations.removed.iter().map(|it| ("-", it.association));
    let new = associations.added.iter().map(|it| ("+", it.association));
    let renamed =
        associations.renamed.iter().flat_map(|(a, b)| [("~", a.association), ("~", b.association)]);
    let row = |(sign, it): (&str, &relata::Association)| {
        [
            sign,
            &it.key,
            it.first.object.as_str(),
            &it.first.label,
            it.second.object.as_str(),
            &it.second.label,
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let rows: Vec<Vec<String>> = gone.chain(new).chain(renamed).map(row).collect();
    if !rows.is_empty() {
        print_table(&["", "ASSOCIATION", "FIRST", "LABEL", "SECOND", "LABEL"], &rows)?;
        print_line("")?;
    }
    let ends = links.removed.iter().chain(&links.added).flat_map(|it| [it.first, it.second]);
    let texts = RecordTexts::of(ends.map(|end| (end.record, end.name)));
    let gone = links.removed.iter().map(|link| ("-", link));
    let new = links.added.iter().map(|link| ("+", link));
    let row = |(sign, link)| [vec![str::to_owned(sign)], edge_row(link, &texts)].concat();
    let rows: Vec<Vec<String>> = gone.chain(new).map(row).collect();
    print_table(&["", "FIRST", "LABEL", "SECOND", "LABEL", "SINCE"], &rows)?;
    Ok(print_more(rows.len(), links.next.is_some(), None, "links")?)
}
