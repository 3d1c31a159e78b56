//! Standard output: lines, JSON and tables.

use std::io::{self, IsTerminal, Write};

use crate::cli::text::visible;
use crate::config::is_dumb_terminal;

/// Prints a line to standard output.
pub(super) fn print_line(line: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Returns whether standard error is a terminal that can show a progress bar.
pub(super) fn shows_progress() -> bool {
    io::stderr().is_terminal() && !is_dumb_terminal()
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print_line(serde_json::to_string(value)?)?;
    Ok(())
}

/// Prints rows under a heading, each column as wide as its widest cell.
pub(super) fn print_table(heading: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    table(heading, rows).try_for_each(|line| writeln!(out, "{line}"))
}

/// Returns the lines of a table, as they are printed.
pub(super) fn table(heading: &[&str], rows: &[Vec<String>]) -> impl Iterator<Item = String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heading.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let line = move |cells: Vec<String>| {
        let cells = cells.into_iter().zip(&widths);
        let padded: Vec<String> = cells.map(|(cell, &width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let heading = heading.iter().map(|&cell| cell.to_owned()).collect();
    let rows = rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect());
    std::iter::once(heading).chain(rows).map(line)
}

/// Prints a remark if a list is incomplete.
pub(super) fn print_more(
    shown: usize,
    more: bool,
    total: Option<u64>,
    what: &str,
) -> io::Result<()> {
    match total {
        _ if !more => Ok(()),
        Some(total) => print_line(format_args!("{shown} of {total} {what}; more with --limit")),
        None => print_line(format_args!("the first {shown} {what}; more with --limit")),
    }
}
