//! Questions about records against SQL over the views of the store's own file.

use std::fmt::Write;

use relata::graph::{
    Budget, Condition, LinkFilter, LinkQuery, LocationGraph, MatchQuery, NeighborhoodQuery,
    PathQuery, WalkQuery,
};
use relata::{NodeRef, Store};
use rusqlite::{Connection, OpenFlags, Params, Row};

use crate::support::sample;

/// An object key and a record id.
type Node = (String, String);

fn node_ref(node: &Node) -> NodeRef {
    NodeRef::record(node.0.as_str(), node.1.as_str())
}

/// The links of one location as SQL sees them.
struct Sql {
    connection: Connection,
}

impl Sql {
    fn open(path: &std::path::Path, location: &str) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(path, flags).unwrap();
        // A view has no index, and the questions are many.
        let copy = "CREATE TEMP TABLE hop AS SELECT * FROM link WHERE location = ?1";
        connection.execute(copy, [location]).unwrap();
        let index = "CREATE INDEX temp.hop_by_node ON hop (object, record)";
        connection.execute(index, []).unwrap();
        Self { connection }
    }

    fn rows<T>(&self, sql: &str, with: impl Params, row: impl Fn(&Row<'_>) -> T) -> Vec<T> {
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        let rows = statement.query_map(with, |found| Ok(row(found))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn nodes(&self) -> Vec<Node> {
        self.rows("SELECT DISTINCT object, record FROM hop ORDER BY 1, 2", [], node)
    }

    fn labels(&self) -> Vec<String> {
        let sql = "SELECT DISTINCT label FROM hop WHERE label IS NOT NULL ORDER BY 1";
        self.rows(sql, [], |row| row.get(0).unwrap())
    }

    /// Every record that can be reached within so many hops, with the fewest.
    fn reached(&self, from: &Node, hops: u32) -> Vec<(Node, u32)> {
        let sql = "
            WITH RECURSIVE reached (object, record, hops) AS (
                SELECT ?1, ?2, 0
                UNION
                SELECT hop.far_object, hop.far_record, reached.hops + 1
                FROM reached JOIN hop USING (object, record)
                WHERE reached.hops < ?3)
            SELECT object, record, min(hops) FROM reached GROUP BY object, record";
        self.rows(sql, (&from.0, &from.1, hops), |row| (node(row), row.get(2).unwrap()))
    }
}

fn node(row: &Row<'_>) -> Node {
    (row.get(0).unwrap(), row.get(1).unwrap())
}

fn one_hop(graph: &LocationGraph, sql: &Sql, of: &Node, label: Option<&str>) {
    let all = LinkFilter::default();
    let filter = label.map_or(all.clone(), |label| all.label(label));
    let query = LinkQuery::from(filter).limit(10_000);
    let page = graph.view().links(&node_ref(of), &query, &mut Budget::unbounded()).unwrap();
    let mut links: Vec<_> = page
        .links
        .iter()
        .map(|link| {
            let text = |text: Option<&str>| text.map(str::to_owned);
            let far = (link.object.to_owned(), link.record.unwrap().to_owned());
            let labels = (text(link.label), text(link.own_label));
            (far, labels, link.side.as_str().to_owned(), link.relation.unwrap().to_owned())
        })
        .collect();
    links.sort();
    let select = "
        SELECT far_object, far_record, label, own_label, side, relation FROM hop
        WHERE object = ?1 AND record = ?2 AND (?3 IS NULL OR label = ?3)
        ORDER BY 1, 2, 3, 4, 5, 6";
    let expected = sql.rows(select, (&of.0, &of.1, label), |row| {
        let labels = (row.get(2).unwrap(), row.get(3).unwrap());
        (node(row), labels, row.get(4).unwrap(), row.get(5).unwrap())
    });
    assert_eq!(links, expected, "{of:?} {label:?}");
}

fn reach(graph: &LocationGraph, sql: &Sql, of: &Node) {
    for depth in 1..=3 {
        let query = NeighborhoodQuery { depth, ..NeighborhoodQuery::of(node_ref(of)) };
        let reach = graph.view().reach(&query, &mut Budget::unbounded()).unwrap();
        assert_eq!(reach, (sql.reached(of, depth).len() as u64 - 1, true), "{of:?} {depth}");
    }
}

fn shortest(graph: &LocationGraph, sql: &Sql, from: &Node, nodes: &[Node]) {
    for max_hops in [2, 5] {
        let reached = sql.reached(from, max_hops);
        for to in nodes {
            let query = PathQuery::between(node_ref(from), node_ref(to));
            let query = PathQuery { max_hops, ..query };
            let answer = graph.view().path(&query, &mut Budget::unbounded()).unwrap();
            let hops = reached.iter().find(|(known, _)| known == to).map(|(_, hops)| *hops);
            assert_eq!(answer.hops, hops, "{from:?} to {to:?}");
            let length = answer.paths.first().map(|path| path.len() - 1);
            assert_eq!(length, hops.map(|hops| hops as usize));
        }
    }
}

fn two_steps(graph: &LocationGraph, sql: &Sql, from: &Node, labels: (&str, &str)) {
    let along = |label: &str| LinkFilter::default().label(label);
    let query = WalkQuery::from(node_ref(from)).step(along(labels.0)).step(along(labels.1));
    let query = WalkQuery { limit: 10_000, ..query };
    let page = graph.view().walk(&query, &mut Budget::unbounded()).unwrap();
    let ends = page
        .ends
        .iter()
        .map(|end| ((end.object.to_owned(), end.record.unwrap().to_owned()), end.paths));
    let mut ends: Vec<(Node, u64)> = ends.collect();
    ends.sort();
    let select = "
        SELECT two.far_object, two.far_record, count(*)
        FROM hop one
        JOIN hop two ON two.object = one.far_object AND two.record = one.far_record
        WHERE one.object = ?1 AND one.record = ?2 AND one.label = ?3 AND two.label = ?4
        GROUP BY 1, 2 ORDER BY 1, 2";
    let expected = sql.rows(select, (&from.0, &from.1, labels.0, labels.1), |row| {
        (node(row), row.get(2).unwrap())
    });
    assert_eq!(ends, expected, "{from:?} {labels:?}");
}

fn linked_to_both(graph: &LocationGraph, sql: &Sql, both: [(&Node, &str); 2]) -> usize {
    let under = |label: &str| LinkFilter::default().label(label);
    let all = both.map(|(node, label)| Condition::linked_to(node_ref(node)).along(under(label)));
    let query = MatchQuery { all: all.to_vec(), limit: 10_000, ..MatchQuery::default() };
    let page = graph.view().matches(&query, &mut Budget::unbounded()).unwrap();
    let found = page.matches.iter();
    let mut found: Vec<Node> =
        found.map(|it| (it.object.to_owned(), it.record.unwrap().to_owned())).collect();
    found.sort();
    let select = "
        SELECT DISTINCT one.object, one.record
        FROM hop one JOIN hop two USING (object, record)
        WHERE one.far_object = ?1 AND one.far_record = ?2 AND one.label = ?3
          AND two.far_object = ?4 AND two.far_record = ?5 AND two.label = ?6
        ORDER BY 1, 2";
    let [(a, a_label), (b, b_label)] = both;
    let expected = sql.rows(select, (&a.0, &a.1, a_label, &b.0, &b.1, b_label), node);
    assert_eq!(found, expected, "{both:?}");
    found.len()
}

/// Asks everything from every `step`th record on.
fn check(graph: &LocationGraph, sql: &Sql, step: usize) {
    let (nodes, labels) = (sql.nodes(), sql.labels());
    assert!(nodes.len() > 10 && labels.len() > 3, "{} {labels:?}", nodes.len());
    for of in &nodes {
        one_hop(graph, sql, of, None);
        for label in &labels {
            one_hop(graph, sql, of, Some(label));
        }
    }
    let mut matches = 0;
    for (from, to) in nodes.iter().zip(nodes.iter().rev()).step_by(step) {
        reach(graph, sql, from);
        shortest(graph, sql, from, &nodes);
        for one in &labels {
            for two in &labels {
                two_steps(graph, sql, from, (one, two));
                matches += linked_to_both(graph, sql, [(from, one), (from, two)]);
                matches += linked_to_both(graph, sql, [(from, one), (to, two)]);
            }
        }
    }
    assert!(matches > 0, "some joins find something");
}

fn store_of(events: &str) -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path().join("relata.db")).unwrap();
    sample::tell(&store, events.lines());
    store.checkpoint().unwrap();
    (directory, store)
}

#[test]
fn queries_of_the_sample_agree_with_sql() {
    let (directory, store) = store_of(sample::SAMPLE);
    for location in store.locations().unwrap() {
        let sql = Sql::open(&directory.path().join("relata.db"), location.id().as_str());
        check(&location.read(), &sql, 5);
    }
}

/// Associations by id: object keys and labels; the last is never declared.
const ASSOCIATIONS: [(&str, [&str; 2], [&str; 2]); 5] = [
    ("interest", ["contact", "property"], ["Buyer", "Home"]),
    ("owner", ["contact", "property"], ["Owner", "Home"]),
    ("friend", ["contact", "contact"], ["Friend", "Friend"]),
    ("parent", ["contact", "contact"], ["Parent", "Child"]),
    ("pending", ["contact", "contact"], ["", ""]),
];

/// A graph of 2,000 relations among 400 records, some of these deleted since.
fn random_events() -> String {
    let mut state = 7_u64;
    let mut below = |bound: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut events = String::new();
    for (id, objects, labels) in ASSOCIATIONS.iter().take(4) {
        writeln!(
            events,
            r#"{{"type":"AssociationCreate","locationId":"here","id":"{id}","key":"key-{id}",
            "firstObjectKey":"{}","firstObjectLabel":"{}","secondObjectKey":"{}",
            "secondObjectLabel":"{}"}}"#,
            objects[0], labels[0], objects[1], labels[1]
        )
        .unwrap();
    }
    for number in 0..2_000 {
        let (id, objects, _) =
            ASSOCIATIONS.iter().cycle().nth(usize::try_from(below(5)).unwrap()).unwrap();
        let first = below(200);
        let second = if below(20) == 0 { first } else { below(200) };
        let relation = format!(
            r#""locationId":"here","id":"l{number}","associationId":"{id}",
            "firstObjectKey":"{}","firstRecordId":"r{first}",
            "secondObjectKey":"{}","secondRecordId":"r{second}""#,
            objects[0], objects[1]
        );
        writeln!(events, r#"{{"type":"RelationCreate",{relation}}}"#).unwrap();
        if below(10) == 0 {
            writeln!(events, r#"{{"type":"RelationDelete",{relation}}}"#).unwrap();
        }
        if below(100) == 0 {
            let gone = r#""type":"ContactDelete","locationId":"here""#;
            writeln!(events, r#"{{{gone},"id":"r{first}"}}"#).unwrap();
        }
    }
    events.replace(",\n            ", ",")
}

#[test]
fn queries_of_a_random_graph_agree_with_sql() {
    let (directory, store) = store_of(&random_events());
    let sql = Sql::open(&directory.path().join("relata.db"), "here");
    check(&store.location("here").unwrap().unwrap().read(), &sql, 60);
}
