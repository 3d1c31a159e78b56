//! `relata links` and `relata labels`.

use std::path::Path;
use std::process::ExitCode;

use relata::api::{LabelsResponse, LinksResponse};
use relata::graph::{LabelCount, Link, LinkFilter, LinkQuery};

use crate::cli::ask::ask;
use crate::cli::output::{label_text, print_json, print_table, say_if_more};
use crate::config::{LabelsArgs, LinksArgs};

pub(super) fn run(db: &Path, links: &LinksArgs) -> anyhow::Result<ExitCode> {
    ask(db, &links.asking, |view, budget, seq| {
        let page = view.links(&links.node, &query(links), budget)?;
        if links.asking.json {
            return print_json(&LinksResponse::new(&page, seq));
        }
        let rows: Vec<Vec<String>> = page.links.iter().map(row).collect();
        print_table(&["LABEL", "OBJECT", "RECORD", "OWN LABEL", "SINCE"], &rows)?;
        Ok(say_if_more(rows.len(), page.next.is_some(), page.total, "links")?)
    })
}

pub(super) fn labels(db: &Path, labels: &LabelsArgs) -> anyhow::Result<ExitCode> {
    ask(db, &labels.asking, |view, budget, seq| {
        let lines = view.labels(&labels.node, budget)?;
        if labels.asking.json {
            return print_json(&LabelsResponse::new(&lines, !budget.is_exhausted(), seq));
        }
        let row = |line: &LabelCount<'_>| {
            vec![
                label_text(line.label),
                line.object.to_owned(),
                line.count.to_string(),
                label_text(line.own_label),
                line.association_key.unwrap_or(line.association).to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
        Ok(print_table(&["LABEL", "OBJECT", "LINKS", "OWN LABEL", "ASSOCIATION"], &rows)?)
    })
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

fn row(link: &Link<'_>) -> Vec<String> {
    vec![
        label_text(link.label),
        link.object.to_owned(),
        link.record.unwrap_or("").to_owned(),
        label_text(link.own_label),
        link.at.map(|at| at.to_string()).unwrap_or_default(),
    ]
}
