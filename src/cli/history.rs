//! `relata history`.

use std::process::ExitCode;

use anyhow::Context;
use relata::api::HistoryResponse;
use relata::graph::QueryError;
use relata::history::{HistoryEvent, Subject};
use relata::journal::Database;
use relata::query::Order;
use relata::{Location, Seq, Store};

use crate::cli::database::open_location;
use crate::cli::node_name::resolve;
use crate::cli::output::{print_json, print_line, print_more, print_table};
use crate::config::HistoryArgs;

pub(super) fn run(db: &Database, command: &HistoryArgs) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &command.place)?;
    let subject = subject(&store, &location, command)?;
    let id = location.id().as_str();
    let limit = command.limit as usize;
    let page = match command.order {
        Order::Oldest => store.history(id, &subject, 0, limit),
        Order::Newest => store.history_newest(id, &subject, Seq::MAX, limit),
    }?;
    // What was deleted long ago is known only from its events.
    if page.is_empty() && !subject.is_known_to(&location.read()) {
        return Err(unknown(&subject)).with_context(|| id.to_owned());
    }
    if command.json {
        print_json(&HistoryResponse::new(&page, store.head()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = page.events.iter().map(row).collect();
    let heads = ["SEQ", "TYPE", "ID", "TIME", "RECEIVED", "ORIGIN", "DELIVERIES"];
    print_table(&heads, &rows)?;
    if page.pruned > 0 {
        print_line(format_args!("events up to {} are pruned", page.pruned))?;
    }
    print_more(rows.len(), page.next.is_some(), None, "events")?;
    Ok(ExitCode::SUCCESS)
}

fn subject(store: &Store, location: &Location, command: &HistoryArgs) -> anyhow::Result<Subject> {
    let HistoryArgs { node, relation, association, .. } = command;
    match (node, relation, association) {
        (Some(node), ..) => Ok(Subject::Node(resolve(store, location, node)?)),
        (_, Some(id), _) => Ok(Subject::Relation(id.clone())),
        (.., Some(id)) => Ok(Subject::Association(id.clone())),
        _ => anyhow::bail!("name a NODE, --relation or --association"),
    }
}

fn unknown(subject: &Subject) -> anyhow::Error {
    match subject {
        Subject::Node(node) => QueryError::Unknown(node.clone()).into(),
        Subject::Relation(id) => anyhow::anyhow!("no event has named the relation {id}"),
        Subject::Association(id) => anyhow::anyhow!("no event has named the association {id}"),
    }
}

fn row(event: &HistoryEvent) -> Vec<String> {
    vec![
        event.seq.to_string(),
        event.event_type.clone(),
        event.id.clone(),
        event.at.map(|at| at.to_string()).unwrap_or_default(),
        event.received_at.to_string(),
        event.origin.as_str().to_owned(),
        event.deliveries.to_string(),
    ]
}
