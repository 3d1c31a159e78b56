//! The edge list, and the files of a Neo4j import.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use relata::export::Format;
use relata::graph::{Layers, Snapshot};

use crate::export::stores::{Row, bytes, links, nodes, sorted};
use crate::support::nasty_texts;

/// Rows of a CSV file by the names of its columns, without empty cells.
fn csv_rows(file: &[u8]) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(file);
    let names = reader.headers().unwrap().clone();
    let filled = |(name, value): (&str, &str)| {
        (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    let cells = |record: csv::StringRecord| names.iter().zip(&record).filter_map(filled).collect();
    reader.records().map(|record| cells(record.unwrap())).collect()
}

fn without_empty(rows: Vec<Row>) -> Vec<Row> {
    let filled = |row: Row| row.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    sorted(rows.into_iter().map(filled).collect())
}

pub(super) fn check_csv(snapshot: &Snapshot) {
    let list = bytes(snapshot, Format::Csv, Layers::All);
    let mut rows = csv_rows(&list);
    for cell in rows.iter_mut().flat_map(BTreeMap::values_mut) {
        let runs = |c| "=+-@\t\r\n\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c);
        assert!(!cell.starts_with(runs) && !cell.trim_start().starts_with(runs), "{cell:?}");
        if let Some(plain) = cell.strip_prefix('\'') {
            *cell = plain.to_owned();
        }
    }
    let labels: BTreeMap<String, String> = nodes(snapshot)
        .into_iter()
        .map(|mut n| (n.remove("id").unwrap(), n.remove("label").unwrap()))
        .collect();
    for row in &mut rows {
        for (end, prefix) in [("source", "source"), ("target", "target")] {
            let id = row[end].clone();
            let name = row.remove(&format!("{prefix}Name")).unwrap_or_default();
            assert_eq!(name, labels[&id]);
            let object = row.remove(&format!("{prefix}Object")).unwrap();
            let record = row.remove(&format!("{prefix}Record"));
            assert_eq!(id, nasty_texts::node_id(&object, record.as_deref()));
        }
    }
    assert_eq!(sorted(rows), without_empty(links(snapshot)));
}

/// The files of a zip, in its order.
pub(super) fn unzipped(zip: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut files = Vec::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.push((file.name().unwrap().into_owned(), content));
    }
    files
}

pub(super) fn check_neo4j(snapshot: &Snapshot) {
    let mut files = unzipped(bytes(snapshot, Format::Neo4jCsv, Layers::All)).into_iter();
    let (name, readme) = files.next().unwrap();
    assert_eq!(name, "README.txt");
    let readme = String::from_utf8(readme).unwrap();
    let (mut all_nodes, mut all_links) = (Vec::new(), Vec::new());
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (name, file) in files {
        let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(name.len() < 100 && name.chars().all(safe), "{name:?}");
        assert!(names.insert(name.to_ascii_lowercase()), "{name:?} twice");
        let header = csv::Reader::from_reader(&*file).headers().unwrap().clone();
        let space = |column: &str| {
            let (kind, space) = column.split_once('(').unwrap();
            (kind.to_owned(), space.strip_suffix(')').unwrap().to_owned())
        };
        let rows = csv_rows(&file);
        assert!(!rows.is_empty());
        let (kind, of) = space(&header[0]);
        if kind == "id:ID" {
            assert!(readme.contains(&format!("--nodes={name} ")), "{readme}");
            for mut row in rows {
                let id = row.remove(&header[0]).unwrap();
                assert!(ids.insert((of.clone(), id.clone())), "{id:?} twice");
                let label = row.remove(":LABEL").unwrap();
                let class = if row["layer"] == "object" { "Object" } else { &row["object"] };
                assert_eq!(label, class.replace(';', "\u{fffd}"));
                row.insert("id".to_owned(), id);
                all_nodes.push(row);
            }
        } else {
            assert!(readme.contains(&format!("--relationships={name} ")), "{readme}");
            let (_, to) = space(&header[1]);
            for mut row in rows {
                let source = row.remove(&header[0]).unwrap();
                let target = row.remove(&header[1]).unwrap();
                // Nodes come before links.
                assert!(ids.contains(&(of.clone(), source.clone())));
                assert!(ids.contains(&(to.clone(), target.clone())));
                let class = row.get("associationKey").unwrap_or(&row["association"]).clone();
                assert_eq!(row.remove(":TYPE").unwrap(), class);
                row.insert("source".to_owned(), source);
                row.insert("target".to_owned(), target);
                if let Some(at) = row.remove("at:datetime") {
                    row.insert("at".to_owned(), at);
                }
                all_links.push(row);
            }
        }
    }
    assert_eq!(readme.matches(".csv").count(), names.len());
    assert_eq!(sorted(all_nodes), without_empty(nodes(snapshot)));
    assert_eq!(sorted(all_links), without_empty(links(snapshot)));
}
