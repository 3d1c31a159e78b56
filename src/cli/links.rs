//! `relata links` and `relata labels`.

use std::path::Path;
use std::process::ExitCode;

use relata::api::{Labels as LabelsBody, Links as LinksBody};
use relata::graph::{LabelCount, Link, LinkFilter, LinkQuery, Order};

use crate::cli::ask::ask;
use crate::cli::output::{label_text, print_json, print_table, say_if_more};
use crate::config;
use crate::config::{Labels, Links};

pub(super) fn run(db: &Path, links: &Links) -> anyhow::Result<ExitCode> {
    ask(db, &links.asking, |view, effort, seq| {
        let page = view.links(&links.node, &query(links), effort)?;
        if links.asking.json {
            return print_json(&LinksBody::new(&page, seq));
        }
        let rows: Vec<Vec<String>> = page.links.iter().map(row).collect();
        print_table(&["LABEL", "OBJECT", "RECORD", "OWN LABEL", "SINCE"], &rows)?;
        Ok(say_if_more(rows.len(), page.next.is_some(), page.total, "links")?)
    })
}

pub(super) fn labels(db: &Path, labels: &Labels) -> anyhow::Result<ExitCode> {
    ask(db, &labels.asking, |view, effort, seq| {
        let lines = view.labels(&labels.node, effort)?;
        if labels.asking.json {
            return print_json(&LabelsBody::new(&lines, !effort.is_spent(), seq));
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

fn query(links: &Links) -> LinkQuery {
    LinkQuery {
        filter: LinkFilter {
            labels: links.label.clone(),
            associations: links.association.clone(),
            object: links.object.clone(),
            side: links.side.map(|side| match side {
                config::Side::First => relata::Side::First,
                config::Side::Second => relata::Side::Second,
            }),
        },
        since: links.since,
        until: links.until,
        order: match links.order {
            config::Order::Oldest => Order::Oldest,
            config::Order::Newest => Order::Newest,
        },
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
