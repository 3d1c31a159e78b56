//! JSON arrays and objects, one element per line, written while they are read.

use std::io::{self, Write};

use serde::Serialize;

/// Writes `[…]`, one element per line.
pub(super) fn array(
    items: impl Iterator<Item = impl Serialize>,
    to: &mut dyn Write,
) -> io::Result<()> {
    lines(b"[", items, b"]", to, |item, to| Ok(serde_json::to_writer(to, &item)?))
}

/// Writes `{…}`, one member per line.
pub(super) fn object(
    members: impl Iterator<Item = (impl Serialize, impl Serialize)>,
    to: &mut dyn Write,
) -> io::Result<()> {
    lines(b"{", members, b"}", to, |(name, value), to| {
        serde_json::to_writer(&mut *to, &name)?;
        to.write_all(b":")?;
        Ok(serde_json::to_writer(to, &value)?)
    })
}

fn lines<T>(
    open: &[u8],
    items: impl Iterator<Item = T>,
    close: &[u8],
    to: &mut dyn Write,
    each: impl Fn(T, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    to.write_all(open)?;
    for (position, item) in items.enumerate() {
        to.write_all(if position == 0 { b"\n" } else { b",\n" })?;
        each(item, to)?;
    }
    to.write_all(close)
}
