//! Nodes, labels and paths as text for people.

use relata::graph::Step;

/// Returns a node reference as text.
pub(super) fn node_text(object: &str, record: Option<&str>) -> String {
    record.map_or_else(|| object.to_owned(), |record| format!("{object}/{record}"))
}

/// Returns a path on one line: its nodes, and before each its role towards the one before.
pub(super) fn path_text(path: &[Step<'_>]) -> String {
    let mut line = String::new();
    for step in path {
        if let Some(link) = &step.link {
            line.extend([" ─", &label_text(link.label), "→ "]);
        }
        line.push_str(&node_text(step.object, step.record));
    }
    visible(&line)
}

/// Returns a label, or a remark that its association is not known yet.
pub(super) fn label_text(label: Option<&str>) -> String {
    label.unwrap_or("(not known yet)").to_owned()
}

/// Returns a text with the control characters replaced, which could move a terminal's cursor.
pub(super) fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
