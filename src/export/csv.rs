//! A list of links as CSV (RFC 4180), one per line, for spreadsheets, pandas and Gephi.
//!
//! Each of several links between the same two nodes has its line; a node without links has
//! none. Unknown and empty values are both an empty cell: the association of a link is
//! unknown if `associationKey` is empty.
//!
//! A spreadsheet executes a cell that begins like a formula
//! (<https://owasp.org/www-community/attacks/CSV_Injection>), so such a cell is prefixed with
//! a `'`, and so is one that begins with a `'`: a program that removes one leading `'` from
//! each cell recovers every text.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use csv::{ErrorKind, Terminator, Writer, WriterBuilder};

use crate::export::element::{EDGE_ATTRIBUTES, NodeId, edge_values};
use crate::graph::{EdgeEnd, Subgraph};

/// The columns of the ends, after the attributes of the link.
const END_COLUMNS: [&str; 6] =
    ["sourceObject", "sourceRecord", "sourceName", "targetObject", "targetRecord", "targetName"];

pub(super) fn write(part: &Subgraph<'_>, bom: bool, to: &mut dyn Write) -> io::Result<()> {
    if bom {
        to.write_all("\u{feff}".as_bytes())?;
    }
    let mut table = Table::new(to);
    ["source", "target"]
        .into_iter()
        .chain(EDGE_ATTRIBUTES)
        .chain(END_COLUMNS)
        .try_for_each(|name| table.cell(name))?;
    table.end_row()?;
    let mut id = String::new();
    for link in part.links() {
        let ends = [&link.first, &link.second];
        for end in ends {
            id.clear();
            // Cannot fail: it writes to memory.
            write!(id, "{}", NodeId::of(end)).ok();
            table.cell(&guarded(&id))?;
        }
        for value in edge_values(&link) {
            table.cell(&guarded(value.as_deref().unwrap_or_default()))?;
        }
        ends.into_iter().flat_map(end_values).try_for_each(|value| table.cell(&guarded(value)))?;
        table.end_row()?;
    }
    table.finish()
}

/// Writes rows of cells, quoted where necessary. Errors are those of the underlying writer,
/// also where the library wraps them.
pub(super) struct Table<W: Write>(Writer<W>);

impl<W: Write> Table<W> {
    pub(super) fn new(to: W) -> Self {
        Self(WriterBuilder::new().terminator(Terminator::CRLF).from_writer(to))
    }

    pub(super) fn cell(&mut self, text: &str) -> io::Result<()> {
        self.0.write_field(text).map_err(unwrapped)
    }

    pub(super) fn end_row(&mut self) -> io::Result<()> {
        self.0.write_record(None::<&[u8]>).map_err(unwrapped)
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn unwrapped(error: csv::Error) -> io::Error {
    if !error.is_io_error() {
        return io::Error::other(error);
    }
    match error.into_kind() {
        ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn end_values<'g>(end: &EdgeEnd<'g>) -> [&'g str; END_COLUMNS.len() / 2] {
    [end.object, end.record.unwrap_or_default(), end.label]
}

/// Returns a cell with a `'` in front if it begins like a formula, also after white space,
/// which some spreadsheets remove. The last four characters are full-width.
fn guarded(text: &str) -> Cow<'_, str> {
    if text.bytes().next().is_none_or(|first| first.is_ascii_alphanumeric()) {
        return Cow::Borrowed(text);
    }
    let starts_formula = |c: char| {
        matches!(c, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
    };
    if text.starts_with(['\'', '\t', '\r', '\n']) || text.trim_start().starts_with(starts_formula) {
        Cow::Owned(["'", text].concat())
    } else {
        Cow::Borrowed(text)
    }
}
