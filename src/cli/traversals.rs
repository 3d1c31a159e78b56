//! `relata match`, `relata walk`, `relata path` and `relata neighborhood`.

use std::process::ExitCode;

use relata::api::{
    MatchesResponse, NeighborhoodResponse, PathsResponse, WalkEndsResponse, WalksResponse,
};
use relata::graph::{
    Budget, Condition, Edge, EdgeEnd, MatchQuery, NeighborhoodQuery, PathQuery, Paths, View,
    WalkEnd, WalkQuery,
};
use relata::journal::Database;
use relata::{Location, NodeRef, Seq, Store};

use crate::cli::database::open_location;
use crate::cli::node_name::resolve;
use crate::cli::output::{print_json, print_line, print_more, print_table};
use crate::cli::query::query_graph;
use crate::cli::text::{RecordTexts, label_text, path_text, visible};
use crate::config;
use crate::config::{ConditionArg, MatchArgs, NeighborhoodArgs, WalkArgs};

pub(super) fn matches(db: &Database, command: &MatchArgs) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &command.query.place)?;
    let query = MatchQuery {
        object: command.object.clone(),
        all: conditions(&store, &location, &command.all)?,
        any: conditions(&store, &location, &command.any)?,
        none: conditions(&store, &location, &command.none)?,
        after: None,
        limit: command.limit as usize,
    };
    query_graph(&store, &location, command.query.as_of, |view, budget, seq| {
        let page = view.matches(&query, budget)?;
        if command.query.json {
            return print_json(&MatchesResponse::new(&page, seq));
        }
        let texts = RecordTexts::of(page.matches.iter().map(|it| (it.record, it.name)));
        let row = |it: &relata::graph::Match<'_>| {
            vec![it.object.to_owned(), texts.record(it.record, it.name), it.links.to_string()]
        };
        let rows: Vec<Vec<String>> = page.matches.iter().map(row).collect();
        print_table(&["OBJECT", "RECORD", "CONDITIONS MET"], &rows)?;
        Ok(print_more(rows.len(), page.next.is_some(), Some(page.total), "matches")?)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn conditions(
    store: &Store,
    location: &Location,
    given: &[ConditionArg],
) -> anyhow::Result<Vec<Condition>> {
    let condition = |ConditionArg { linked_to, filter }: &ConditionArg| {
        let linked_to = resolve(store, location, linked_to)?;
        Ok(Condition { linked_to, filter: filter.clone() })
    };
    given.iter().map(condition).collect()
}

pub(super) fn walk(db: &Database, command: &WalkArgs) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &command.query.place)?;
    let from = command.from.iter().map(|node| resolve(&store, &location, node));
    let query = WalkQuery {
        from: from.collect::<anyhow::Result<_>>()?,
        steps: command.step.clone(),
        after: None,
        limit: command.limit as usize,
    };
    let (paths, json) = (command.paths, command.query.json);
    query_graph(&store, &location, command.query.as_of, |view, budget, seq| {
        if paths {
            walks(view, &query, budget, seq, json)
        } else {
            ends(view, &query, budget, seq, json)
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn walks(
    view: View<'_>,
    query: &WalkQuery,
    budget: &mut Budget<'_>,
    seq: Seq,
    json: bool,
) -> anyhow::Result<()> {
    let walks = view.walks(query, budget)?;
    if json {
        return print_json(&WalksResponse::new(&walks, seq));
    }
    walks.paths.iter().try_for_each(|walk| print_line(path_text(walk)))?;
    Ok(print_more(walks.paths.len(), !walks.complete, None, "walks")?)
}

fn ends(
    view: View<'_>,
    query: &WalkQuery,
    budget: &mut Budget<'_>,
    seq: Seq,
    json: bool,
) -> anyhow::Result<()> {
    let page = view.walk(query, budget)?;
    if json {
        return print_json(&WalkEndsResponse::new(&page, seq));
    }
    let texts = RecordTexts::of(page.ends.iter().map(|end| (end.record, end.name)));
    let row = |end: &WalkEnd<'_>| {
        vec![end.object.to_owned(), texts.record(end.record, end.name), end.paths.to_string()]
    };
    let rows: Vec<Vec<String>> = page.ends.iter().map(row).collect();
    print_table(&["OBJECT", "RECORD", "WALKS"], &rows)?;
    Ok(print_more(rows.len(), page.next.is_some(), Some(page.total), "ends")?)
}

pub(super) fn path(db: &Database, command: &config::PathArgs) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &command.query.place)?;
    let query = PathQuery {
        from: resolve(&store, &location, &command.from)?,
        to: resolve(&store, &location, &command.to)?,
        max_hops: command.max_hops,
        along: command.follow.filter(),
        all: command.all,
        limit: if command.all { command.limit as usize } else { 1 },
    };
    query_graph(&store, &location, command.query.as_of, |view, budget, seq| {
        let found = view.path(&query, budget)?;
        if command.query.json {
            return print_json(&PathsResponse::new(&found, seq));
        }
        print_paths(&found, &query)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn print_paths(found: &Paths<&str>, query: &PathQuery) -> anyhow::Result<()> {
    if found.hops.is_none() {
        print_line(format_args!(
            "no path from {} to {} of at most {} links",
            shown(&query.from),
            shown(&query.to),
            query.max_hops
        ))?;
    }
    found.paths.iter().try_for_each(|path| print_line(path_text(path)))?;
    Ok(print_more(found.paths.len(), !found.complete, None, "paths")?)
}

fn shown(node: &NodeRef) -> String {
    visible(&node.to_string())
}

pub(super) fn neighborhood(db: &Database, command: &NeighborhoodArgs) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &command.query.place)?;
    let query = NeighborhoodQuery {
        of: resolve(&store, &location, &command.node)?,
        depth: command.depth,
        along: command.follow.filter(),
        limit: command.limit as usize,
    };
    query_graph(&store, &location, command.query.as_of, |view, budget, seq| {
        let found = view.neighborhood(&query, budget)?;
        if command.query.json {
            return print_json(&NeighborhoodResponse::new(&found, seq));
        }
        let texts = RecordTexts::of(found.nodes.iter().map(|near| (near.record, near.name)));
        let row = |near: &relata::graph::NeighborhoodNode<'_>| {
            vec![
                near.hops.to_string(),
                near.object.to_owned(),
                texts.record(near.record, near.name),
            ]
        };
        let rows: Vec<Vec<String>> = found.nodes.iter().map(row).collect();
        print_table(&["HOPS", "OBJECT", "RECORD"], &rows)?;
        let links: Vec<Vec<String>> =
            found.links.iter().map(|link| edge_row(link, &texts)).collect();
        print_line("")?;
        print_table(&["FIRST", "LABEL", "SECOND", "LABEL", "SINCE"], &links)?;
        Ok(print_more(rows.len(), !found.complete, None, "nodes")?)
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn edge_row(edge: &Edge<'_>, texts: &RecordTexts<'_>) -> Vec<String> {
    let node = |end: &EdgeEnd<'_>| texts.node(end.object, end.record, end.name);
    vec![
        node(&edge.first),
        label_text(edge.definition.map(|known| &*known.first.label)),
        node(&edge.second),
        label_text(edge.definition.map(|known| &*known.second.label)),
        edge.at.map(|at| at.to_string()).unwrap_or_default(),
    ]
}
