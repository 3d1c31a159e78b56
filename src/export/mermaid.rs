//! A Mermaid flowchart, for GitHub and wikis.
//!
//! Source: <https://mermaid.js.org/syntax/flowchart.html>. Mermaid draws at most
//! 500 edges and 50,000 characters, and has no attributes: a node shows its reference or
//! display label, an edge its label.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use crate::export::element::{REPLACEMENT, edge_label};
use crate::export::options::TooLarge;
use crate::graph::Subgraph;

/// Maximum number of edges of a flowchart.
const LINKS_MAX: usize = 500;

/// Maximum size of a flowchart in bytes; Mermaid counts characters.
const BYTES_MAX: usize = 50_000;

/// Returns the whole flowchart, which is small.
pub(super) fn text(part: &Subgraph<'_>) -> Result<String, TooLarge> {
    let too_large = |_| TooLarge { links: LINKS_MAX, bytes: BYTES_MAX };
    if part.link_count() > LINKS_MAX {
        return Err(too_large(fmt::Error));
    }
    let mut to = Bounded(String::new());
    draw(part, &mut to).map_err(too_large)?;
    Ok(to.0)
}

/// A text of limited size.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > BYTES_MAX {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

fn draw(part: &Subgraph<'_>, to: &mut Bounded) -> fmt::Result {
    writeln!(to, "flowchart LR")?;
    let mut numbers = HashMap::new();
    for (number, node) in part.nodes().enumerate() {
        numbers.insert((node.object, node.record), number);
        if let Some(record) = node.record {
            let reference = [node.object, "/", record].concat();
            writeln!(to, "  n{number}([\"{}\"])", Shown(node.name.unwrap_or(&reference)))?;
        } else {
            writeln!(to, "  n{number}[\"{}\"]", Shown(node.label))?;
        }
    }
    for edge in part.links() {
        let ends = [edge.first, edge.second];
        let [source, target] = ends.map(|end| numbers.get(&(end.object, end.record)).copied());
        let (Some(source), Some(target)) = (source, target) else { return Err(fmt::Error) };
        match edge_label(&edge) {
            "" => writeln!(to, "  n{source} --> n{target}")?,
            label => writeln!(to, "  n{source} -->|\"{}\"| n{target}", Shown(label))?,
        }
    }
    Ok(())
}

/// A quoted text, in which every character that may have a meaning is escaped as an entity
/// code.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(" "); // Mermaid does not accept an empty quoted text.
        }
        let mut before = ' ';
        for c in self.0.chars() {
            match c {
                // Mermaid reads Markdown, in which `1.` and `-` begin lists.
                '.' if !before.is_ascii_digit() => f.write_char(c)?,
                '-' if before != ' ' => f.write_char(c)?,
                '"' => f.write_str("#quot;")?,
                '\n' => f.write_str("<br>")?,
                c if c.is_control() => f.write_char(REPLACEMENT)?,
                ' ' | ',' | '/' | '_' => f.write_char(c)?,
                c if c.is_ascii_punctuation() => write!(f, "#{};", u32::from(c))?,
                c => f.write_char(c)?,
            }
            before = c;
        }
        Ok(())
    }
}
