//! Ways through the graph, as people read them.

use relata::graph::Step;

use crate::cli::output::{label_text, visible};

/// A node reference as text.
pub(super) fn node_text(object: &str, record: Option<&str>) -> String {
    record.map_or_else(|| object.to_owned(), |record| format!("{object}/{record}"))
}

/// A way on one line: its nodes, and before each what it is to the one before.
pub(super) fn way_text(way: &[Step<'_>]) -> String {
    let mut line = String::new();
    for step in way {
        if let Some(link) = &step.link {
            line.extend([" ─", &label_text(link.label), "→ "]);
        }
        line.push_str(&node_text(step.object, step.record));
    }
    visible(&line)
}
