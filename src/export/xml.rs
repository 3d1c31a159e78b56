//! XML elements, written without an allocation for each start tag.

use std::borrow::Cow;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use crate::export::element::REPLACEMENT;

pub(super) struct Xml<'w> {
    writer: Writer<&'w mut dyn Write>,
    /// Reused by each start tag.
    tag: BytesStart<'static>,
}

impl<'w> Xml<'w> {
    /// Writes the beginning of a document.
    pub(super) fn new(to: &'w mut dyn Write) -> io::Result<Self> {
        let mut writer = Writer::new_with_indent(to, b' ', 1);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(Self { writer, tag: BytesStart::new("") })
    }

    /// Writes the end of the document.
    pub(super) fn finish(self) -> io::Result<()> {
        self.writer.into_inner().write_all(b"\n")
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag.set_name(name);
        self.tag.clear_attributes();
        for &(name, value) in attributes {
            self.tag.push_attribute((name, printable(value)));
        }
    }

    /// Writes `<name …>`.
    pub(super) fn start(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.tag(name, attributes);
        self.writer.write_event(Event::Start(self.tag.borrow()))
    }

    /// Writes `</name>`.
    pub(super) fn end(&mut self, name: &str) -> io::Result<()> {
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    /// Writes `<name …/>`.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.tag(name, attributes);
        self.writer.write_event(Event::Empty(self.tag.borrow()))
    }

    /// Writes `<name …>text</name>`.
    pub(super) fn text(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        text: &str,
    ) -> io::Result<()> {
        self.start(name, attributes)?;
        let escaped = partial_escape(printable(text));
        self.writer.write_event(Event::Text(BytesText::from_escaped(escaped)))?;
        self.end(name)
    }
}

/// Returns a text in which the characters are replaced that XML 1.0 cannot represent, even
/// escaped: most control characters.
fn printable(value: &str) -> Cow<'_, str> {
    let forbidden = |c: char| {
        (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if value.contains(forbidden) {
        Cow::Owned(value.replace(forbidden, &REPLACEMENT.to_string()))
    } else {
        Cow::Borrowed(value)
    }
}
