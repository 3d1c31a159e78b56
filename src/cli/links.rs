//! `relata links` and `relata labels`.

use std::process::ExitCode;

use relata::api::{LabelsResponse, LinksResponse};
use relata::graph::{LabelCount, Link, LinkFilter, LinkQuery};
use relata::journal::Database;

use crate::cli::database::open_location;
use crate::cli::node_name::resolve;
use crate::cli::output::{print_json, print_more, print_table};
use crate::cli::query::query_graph;
use crate::cli::text::{RecordTexts, label_text};
use crate::config::{LabelsArgs, LinksArgs};

pub(super) fn run(db: &Database, links: &LinksArgs) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &links.query.place)?;
    let node = resolve(&store, &location, &links.node)?;
    query_graph(&store, &location, links.query.as_of, |view, budget, seq| {
        let page = view.links(&node, &query(links), budget)?;
        if links.query.json {
            return print_json(&LinksResponse::new(&page, seq));
        }
        let texts = RecordTexts::of(page.links.iter().map(|link| (link.record, link.name)));
        let rows: Vec<Vec<String>> = page.links.iter().map(|link| row(link, &texts)).collect();
        print_table(&["LABEL", "OBJECT", "RECORD", "OWN LABEL", "SINCE"], &rows)?;
        Ok(print_more(rows.len(), page.next.is_some(), page.total, "links")?)
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn labels(db: &Database, labels: &LabelsArgs) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &labels.query.place)?;
    let node = resolve(&store, &location, &labels.node)?;
    query_graph(&store, &location, labels.query.as_of, |view, budget, seq| {
        let counts = view.labels(&node, budget)?;
        if labels.query.json {
            return print_json(&LabelsResponse::new(&counts, !budget.is_exhausted(), seq));
        }
        let row = |count: &LabelCount<'_>| {
            vec![
                label_text(count.label),
                count.object.to_owned(),
                count.count.to_string(),
                label_text(count.own_label),
                count.association_key.unwrap_or(count.association).to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = counts.iter().map(row).collect();
        Ok(print_table(&["LABEL", "OBJECT", "LINKS", "OWN LABEL", "ASSOCIATION"], &rows)?)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn query(links: &LinksArgs) -> LinkQuery {
    LinkQuery {
        filter: LinkFilter {
            labels: links.label.clone(),
            associations: links.association.clone(),
            object: links.object.clone(),
            side: links.side,
        },
        since: links.since,
        until: links.until,
        order: links.order,
        after: None,
        limit: links.limit as usize,
    }
}

fn row(link: &Link<'_>, texts: &RecordTexts<'_>) -> Vec<String> {
    vec![
        label_text(link.label),
        link.object.to_owned(),
        texts.record(link.record, link.name),
        label_text(link.own_label),
        link.at.map(|at| at.to_string()).unwrap_or_default(),
    ]
}
