//! The script of Cypher statements.

use relata::export::Format;
use relata::graph::Snapshot;

use crate::export::stores::{Row, links, nodes, sorted, text};
use crate::support::nasty_texts;

/// The texts of rows with what a format cannot carry replaced.
fn replaced(rows: Vec<Row>, replace: impl Fn(&str) -> String) -> Vec<Row> {
    let row = |row: Row| row.into_iter().map(|(name, text)| (name, replace(&text))).collect();
    sorted(rows.into_iter().map(row).collect())
}

/// What a script says, read by the rules of Cypher for the words it uses.
struct Script<'s> {
    rest: &'s str,
}

/// One statement: its rows, what it does with each, and the quoted names in that.
struct Statement {
    rows: Vec<Row>,
    names: Vec<String>,
    does: String,
}

impl<'s> Script<'s> {
    fn takes(&mut self, text: &str) -> bool {
        self.rest.strip_prefix(text).map(|rest| self.rest = rest).is_some()
    }

    fn expects(&mut self, text: &str) {
        assert!(
            self.takes(text),
            "no {text:?} at {:?}",
            self.rest.chars().take(80).collect::<String>()
        );
    }

    fn until(&mut self, text: &str) -> &'s str {
        let (before, after) = self.rest.split_once(text).unwrap();
        self.rest = after;
        before
    }

    fn string(&mut self) -> String {
        let mut out = String::new();
        self.expects("'");
        let mut chars = self.rest.chars();
        loop {
            match chars.next().unwrap() {
                '\'' => break,
                '\\' => match chars.next().unwrap() {
                    'n' => out.push('\n'),
                    'r' => out.push('\r'),
                    't' => out.push('\t'),
                    c @ ('\\' | '\'') => out.push(c),
                    c => panic!("\\{c} is not in all of them"),
                },
                c => {
                    assert!(!matches!(c, '\n' | '\r' | '\0'), "{c:?}");
                    out.push(c);
                }
            }
        }
        self.rest = chars.as_str();
        out
    }

    fn statement(&mut self) -> Statement {
        self.expects("UNWIND [\n");
        let mut rows = Vec::new();
        loop {
            self.expects("  {");
            let mut row = Row::new();
            loop {
                let name = self.until(": ").to_owned();
                assert!(name.chars().all(char::is_alphanumeric), "{name:?}");
                let value = self.string();
                row.insert(name, value);
                if !self.takes(", ") {
                    break;
                }
            }
            self.expects("}");
            rows.push(row);
            if !self.takes(",\n") {
                break;
            }
        }
        self.expects("\n] AS row\n");
        let (mut does, mut names) = (String::new(), Vec::new());
        while !self.takes(";\n") {
            if self.takes("`") {
                let mut name = self.until("`").to_owned();
                while self.takes("`") {
                    name.push('`');
                    name += self.until("`");
                }
                assert!(!name.contains('\\') && !name.contains(char::is_control), "{name:?}");
                names.push(name);
                does.push('?');
            }
            let c = self.rest.chars().next().unwrap();
            self.rest = &self.rest[c.len_utf8()..];
            does.push(c);
        }
        Statement { rows, names, does }
    }
}

const SET_NODE: &str =
    "SET n.label = row.label, n.layer = row.layer, n.object = row.object, n.record = row.record";

pub(super) fn check_cypher(snapshot: &Snapshot) {
    let text = text(snapshot, Format::Cypher);
    assert_eq!(text.matches(";\n").count(), text.matches("UNWIND [\n").count(), "{text}");
    let mut script = Script { rest: &text };
    while script.takes("//") {
        script.until("\n");
    }
    let (mut all_nodes, mut all_links) = (Vec::new(), Vec::new());
    let name = |class: &str| -> String {
        class.chars().map(|c| if c.is_control() || c == '\\' { '\u{fffd}' } else { c }).collect()
    };
    while !script.rest.is_empty() {
        let Statement { rows, names, does } = script.statement();
        assert!((1..=500).contains(&rows.len()));
        for row in rows {
            if names.len() == 1 {
                assert_eq!(does, format!("MERGE (n:? {{id: row.id}})\n{SET_NODE}"));
                let class = if row["layer"] == "object" { "Object" } else { &row["object"] };
                assert_eq!(names[0], name(class));
                all_nodes.push(row);
            } else {
                let key = if row.contains_key("relation") { "relation" } else { "association" };
                let merge = format!("MERGE (a)-[r:? {{{key}: row.{key}}}]->(b)\nSET ");
                let ends = "MATCH (a:? {id: row.source}), (b:? {id: row.target})\n";
                assert!(does.starts_with(&format!("{ends}{merge}")), "{does}");
                // Until its association is known, its id is the label.
                let class = row.get("associationKey").unwrap_or(&row["label"]);
                assert_eq!(names[2], name(class));
                all_links.push(row);
            }
        }
    }
    let carried = |text: &str| text.replace('\0', "\u{fffd}");
    assert_eq!(sorted(all_nodes), replaced(nodes(snapshot), carried));
    let mut known = replaced(links(snapshot), carried);
    // Ids are spelled, so that a NUL in one does not make two links the same.
    for (known, given) in known.iter_mut().zip(links(snapshot)) {
        for name in ["association", "relation"] {
            given.get(name).map(|id| known.insert(name.to_owned(), nasty_texts::spelled(id)));
        }
    }
    assert_eq!(sorted(all_links), sorted(known));
}
