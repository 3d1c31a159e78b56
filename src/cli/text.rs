//! Nodes, labels and paths as text for people.

use std::collections::HashMap;

use relata::graph::Step;

/// Returns a node reference as text.
pub(super) fn node_text(object: &str, record: Option<&str>) -> String {
    record.map_or_else(|| object.to_owned(), |record| format!("{object}/{record}"))
}

/// How records are shown: by their names, each followed by the id where several of the
/// records shown have the same name.
#[derive(Debug, Default)]
pub(super) struct RecordTexts<'g> {
    /// The id of the record that has a name, `None` if several have it.
    ids: HashMap<&'g str, Option<&'g str>>,
}

impl<'g> RecordTexts<'g> {
    /// Takes the id and the name of each record that is going to be shown.
    pub(super) fn of(shown: impl IntoIterator<Item = (Option<&'g str>, Option<&'g str>)>) -> Self {
        let mut texts = Self::default();
        for (id, name) in shown {
            let (Some(id), Some(name)) = (id, name) else { continue };
            let known = texts.ids.entry(name).or_insert(Some(id));
            *known = known.filter(|known| *known == id);
        }
        texts
    }

    /// Returns a record as text, beside its object key.
    pub(super) fn record(&self, id: Option<&str>, name: Option<&str>) -> String {
        let id = id.unwrap_or_default();
        match name {
            Some(name) if self.ids.get(name).is_some_and(Option::is_none) => {
                format!("{name} ({id})")
            }
            Some(name) => name.to_owned(),
            None => id.to_owned(),
        }
    }

    /// Returns a record or an object key as text that stands alone.
    pub(super) fn node(&self, object: &str, id: Option<&str>, name: Option<&str>) -> String {
        let reference = node_text(object, id);
        match name {
            Some(_) => self.record(Some(&reference), name),
            None => reference,
        }
    }
}

/// Returns a path on one line: its nodes, and before each its role towards the one before.
pub(super) fn path_text(path: &[Step<'_>]) -> String {
    let texts = RecordTexts::of(path.iter().map(|step| (step.record, step.name)));
    let mut line = String::new();
    for step in path {
        if let Some(link) = &step.link {
            line.extend([" ─", &label_text(link.label), "→ "]);
        }
        line.push_str(&texts.node(step.object, step.record, step.name));
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
