//! The views that the store's file has for SQL tools.

use relata::graph::{Budget, Layers, LinkQuery};
use relata::{NodeRef, Store};

use crate::support::database::fresh;
use crate::support::sample::{shuffled, tell};

#[test]
fn sql_tools_see_what_the_graph_answers() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    tell(&store, shuffled(3));
    let connection = rusqlite::Connection::open(&path).unwrap();
    let columns = "location, object, record, label, own_label, side, far_object, far_record, \
        association, association_key, relation, at, seq";
    let mut select = connection.prepare(&format!("SELECT {columns} FROM link")).unwrap();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        let values: Result<Vec<rusqlite::types::Value>, _> =
            (0..13).map(|at| row.get(at)).collect();
        Ok(values?.iter().map(shown).collect::<Vec<_>>().join("|") + "|")
    };
    let mut by_sql: Vec<String> =
        select.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap();
    let mut by_graph = Vec::new();
    for location in store.locations().unwrap() {
        let graph = location.read();
        let snapshot = graph.snapshot();
        for node in snapshot.nodes(Layers::Records) {
            let (object, record) = (node.object, node.record.unwrap());
            let of = NodeRef::record(object, record);
            let page = graph
                .view()
                .links(&of, &LinkQuery::default().limit(10_000), &mut Budget::unbounded())
                .unwrap();
            by_graph.extend(page.links.iter().map(|link| {
                format!(
                    "{}|{object}|{record}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|",
                    location.id(),
                    link.label.unwrap_or("null"),
                    link.own_label.unwrap_or("null"),
                    link.side.as_str(),
                    link.object,
                    link.record.unwrap(),
                    link.association,
                    link.association_key.unwrap_or("null"),
                    link.relation.unwrap(),
                    link.at.map_or("null".to_owned(), |at| at.as_millis().to_string()),
                    link.seq
                )
            }));
        }
    }
    by_sql.sort();
    by_graph.sort();
    assert!(by_graph.len() > 300);
    assert_eq!(by_sql, by_graph);
    let count = |sql: &str| -> u64 {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
    };
    let counts =
        store.locations().unwrap().into_iter().map(|location| location.read().view().counts());
    let (associations, relations) =
        counts.fold((0, 0), |sum, c| (sum.0 + c.associations, sum.1 + c.relations));
    assert_eq!(count("SELECT count(*) FROM association"), associations);
    assert_eq!(count("SELECT count(*) FROM relation"), relations);
}

fn shown(value: &rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    }
}
