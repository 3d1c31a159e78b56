//! `relata links`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use relata::graph::{Link, LinkFilter, LinkQuery, Order};
use relata::wire::Links as LinksBody;

use super::output::{location, open_for_questions, print_json, print_table, say};
use crate::config::{self, Links};

pub(super) fn run(db: &Path, links: &Links) -> anyhow::Result<ExitCode> {
    let store = open_for_questions(db)?;
    let location = location(&store, &links.place)?;
    let graph = location.read();
    let page = graph
        .links(&links.node, &query(links))
        .with_context(|| format!("no event has named {} in {}", links.node, location.id()))?;
    if links.json {
        print_json(&LinksBody::new(&page, store.head()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = page.links.iter().map(row).collect();
    print_table(&["LABEL", "OBJECT", "RECORD", "OWN LABEL", "SINCE"], &rows)?;
    let shown = page.links.len() as u64;
    if let Some(total) = page.total.filter(|total| shown < *total) {
        say(format_args!("{shown} of {total} links; more with --limit"))?;
    }
    Ok(ExitCode::SUCCESS)
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
        since: None,
        until: None,
        order: match links.order {
            config::Order::Oldest => Order::Oldest,
            config::Order::Newest => Order::Newest,
        },
        after: None,
        limit: links.limit as usize,
    }
}

fn row(link: &Link<'_>) -> Vec<String> {
    let label = |label: Option<&str>| label.unwrap_or("(not known yet)").to_owned();
    vec![
        label(link.label),
        link.object.to_owned(),
        link.record.unwrap_or("").to_owned(),
        label(link.own_label),
        link.at.map(|at| at.to_string()).unwrap_or_default(),
    ]
}
