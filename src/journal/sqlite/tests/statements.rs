//! What each SQL statement costs.

use crate::journal::sqlite::journal::SqliteJournal;

/// Every string of a source file that is an SQL statement.
fn statements(source: &str) -> Vec<String> {
    let joined = uncommented(source);
    let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "];
    let texts = joined.split('"').skip(1).step_by(2);
    texts
        .filter(|text| verbs.iter().any(|verb| text.starts_with(verb)))
        .map(str::to_owned)
        .collect()
}

/// The source with its continued lines joined and its comments gone.
fn uncommented(source: &str) -> String {
    let mut joined = String::new();
    let mut lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        let mut line = line.to_owned();
        while let Some(begun) = line.strip_suffix('\\') {
            line = format!("{begun}{}", lines.next().unwrap_or_default().trim_start());
        }
        joined.push_str(&line);
        joined.push('\n');
    }
    joined
}

/// A statement with something in place of what is formatted into it.
fn filled(sql: &str) -> String {
    let values = [
        ("{SUMMARY}", "id"),
        ("{BYTES}", "length(body)"),
        ("{name}", "state_object"),
        ("{checksum}", "checksum"),
        ("{columns}", OBJECT_COLUMNS),
        ("{order}", "location, number"),
        ("{key}", "number"),
        ("{values}", "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8"),
    ];
    values.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, value))
}

const OBJECT_COLUMNS: &str = "location, number, key, singular, plural, at, rank, seq";

/// Parts of statements that may read all rows of a table, and why.
const WHOLE: &[(&str, &str)] = &[
    ("FROM state_location ORDER BY number", "the list of locations"),
    ("FROM token ORDER BY created_at", "the list of tokens"),
    ("FROM token WHERE id = ?1 OR", "a person revokes one"),
    ("FROM token WHERE hash = ?1", "a person creates or adopts one"),
    ("SELECT mark FROM import ORDER BY number", "every mark is learned at opening"),
    ("SELECT seq FROM pruned)", "one row"),
    ("count(*) FROM sqlite_schema", "a few tables"),
    ("dead_letter_total", "one row"),
    ("DELETE FROM pruned_delivery WHERE seq < ifnull(", "as far as what it deletes"),
    ("checksum FROM state_object ORDER BY location, number", "a store that is opened"),
    ("FROM checkpoint", "one row"),
    ("UPDATE checkpoint", "one row"),
    ("count(*)) FROM state_location", "the locations, once a checkpoint"),
    ("UPDATE state_object SET checksum = row_checksum(", "once, of an older file"),
    ("FROM pruned_before ORDER BY before", "a copy has every row"),
    ("FROM mentions ORDER BY first", "a copy has every row"),
    ("FROM repeat ORDER BY seq", "a copy has every row"),
    ("FROM idle_event ORDER BY seq", "a copy has every row"),
    ("FROM location_block ORDER BY segment", "a copy has every row"),
    ("FROM sqlite_sequence", "one row"),
];

/// Each start, and each question about a time, read the whole journal, since SQLite
/// looks at every row for `min` and `max` in one select: 857 MB at three million events.
#[test]
fn no_statement_reads_a_whole_table_unless_it_wants_all_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let mut seen = 0;
    for source in [
        include_str!("../checkpoint/load.rs"),
        include_str!("../checkpoint/save.rs"),
        include_str!("../compactions.rs"),
        include_str!("../dead_letters.rs"),
        include_str!("../delivery_blocks.rs"),
        include_str!("../erase.rs"),
        include_str!("../events.rs"),
        include_str!("../journal.rs"),
        include_str!("../history.rs"),
        include_str!("../import_marks.rs"),
        include_str!("../location_blocks.rs"),
        include_str!("../prune.rs"),
        include_str!("../state_table.rs"),
        include_str!("../tokens.rs"),
    ] {
        for sql in statements(source).iter().flat_map(|text| text.split("; ")) {
            let sql = filled(sql);
            let explain = format!("EXPLAIN QUERY PLAN {sql}");
            let mut select = journal.connection().prepare(&explain).unwrap();
            let unbound = vec![rusqlite::types::Null; select.parameter_count()];
            let plan: Vec<String> = select
                .query_map(rusqlite::params_from_iter(unbound), |row| row.get("detail"))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            seen += 1;
            if WHOLE.iter().all(|(known, _)| !sql.contains(known)) {
                let scans = plan
                    .iter()
                    .any(|step| step.starts_with("SCAN ") && step != "SCAN CONSTANT ROW");
                assert!(!scans, "{sql}: {plan:?}");
            }
        }
    }
    assert!(seen > 45, "{seen}");
}
