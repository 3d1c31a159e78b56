//! The two answers that are given most, written as JSON without a serializer, which writes
//! each quote and comma by itself: the receipt of a delivery and a page of links.

use std::io::{self, Write};

use serde::Serialize;

use crate::api::{LinksResponse, ReceiptResponse};
use crate::graph::Link;

/// Writes the JSON that serializing the receipt would give.
pub(crate) fn write_receipt(to: &mut impl Write, receipt: &ReceiptResponse<'_>) -> io::Result<()> {
    let mut text = Vec::with_capacity(RECEIPT_BYTES);
    write_member(&mut text, b"{\"status\":", receipt.status)?;
    write_member(&mut text, b",\"event\":", receipt.event)?;
    write_nullable(&mut text, b",\"locationId\":", receipt.location_id)?;
    write_value(&mut text, b",\"seq\":", &receipt.seq)?;
    write_member(&mut text, b",\"traceId\":", receipt.trace_id)?;
    text.push(b'}');
    to.write_all(&text)
}

/// Writes the JSON that serializing the page would give, link by link.
pub(crate) fn write_page(to: &mut impl Write, page: &LinksResponse<'_>) -> io::Result<()> {
    let (mut text, mut shared) = (Vec::with_capacity(LINK_BYTES), Shared::new());
    text.extend_from_slice(b"{\"links\":[");
    for (at, link) in page.links.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        shared.write(&mut text, link)?;
        to.write_all(&text)?;
        text.clear();
    }
    write_value(&mut text, b"],\"total\":", &page.total)?;
    write_nullable(&mut text, b",\"next\":", page.listed.next.as_deref())?;
    write_value(&mut text, b",\"complete\":", &page.listed.complete)?;
    write_value(&mut text, b",\"seq\":", &page.listed.seq)?;
    text.push(b'}');
    to.write_all(&text)
}

/// Size of most receipts as JSON, in bytes.
const RECEIPT_BYTES: usize = 256;

/// Size of most links as JSON, in bytes.
const LINK_BYTES: usize = 512;

/// The members that consecutive links share, as JSON: those of one label do.
struct Shared<'a> {
    of: Option<&'a Link<'a>>,
    object: Vec<u8>,
    association: Vec<u8>,
}

impl<'a> Shared<'a> {
    fn new() -> Self {
        let buffer = || Vec::with_capacity(LINK_BYTES / 2);
        Self { of: None, object: buffer(), association: buffer() }
    }

    /// Writes the members of [`LinkBody`](crate::api::LinkBody).
    fn write(&mut self, to: &mut Vec<u8>, link: &'a Link<'a>) -> io::Result<()> {
        if !self.of.is_some_and(|of| is_alike(of, link)) {
            self.set(link)?;
        }
        to.extend_from_slice(&self.object);
        write_known(to, b",\"record\":", link.record)?;
        write_known(to, b",\"name\":", link.name)?;
        to.extend_from_slice(&self.association);
        write_known(to, b",\"relation\":", link.relation)?;
        match link.at {
            Some(at) => write!(to, ",\"at\":\"{at}\"")?,
            None => to.extend_from_slice(b",\"at\":null"),
        }
        write_value(to, b",\"seq\":", &link.seq)?;
        to.push(b'}');
        Ok(())
    }

    fn set(&mut self, link: &'a Link<'a>) -> io::Result<()> {
        self.of = Some(link);
        self.object.clear();
        write_member(&mut self.object, b"{\"object\":", link.object)?;
        let to = &mut self.association;
        to.clear();
        write_nullable(to, b",\"label\":", link.label)?;
        write_nullable(to, b",\"ownLabel\":", link.own_label)?;
        write_member(to, b",\"side\":", link.side.as_str())?;
        write_member(to, b",\"association\":", link.association)?;
        write_nullable(to, b",\"associationKey\":", link.association_key)?;
        write_nullable(to, b",\"associationType\":", link.association_type)
    }
}

/// Returns whether links share all that can be shared.
fn is_alike(one: &Link<'_>, other: &Link<'_>) -> bool {
    one.object == other.object
        && (one.label, one.own_label, one.side) == (other.label, other.own_label, other.side)
        && one.association == other.association
        && one.association_key == other.association_key
        && one.association_type == other.association_type
}

/// Writes a member that is a number or a flag.
fn write_value(to: &mut Vec<u8>, name: &[u8], value: &impl Serialize) -> io::Result<()> {
    to.extend_from_slice(name);
    Ok(serde_json::to_writer(to, value)?)
}

/// Writes a member that is left out where there is none.
fn write_known(to: &mut Vec<u8>, name: &[u8], text: Option<&str>) -> io::Result<()> {
    text.map_or(Ok(()), |text| write_member(to, name, text))
}

/// Writes a member that is null where there is none.
fn write_nullable(to: &mut Vec<u8>, name: &[u8], text: Option<&str>) -> io::Result<()> {
    if let Some(text) = text {
        return write_member(to, name, text);
    }
    to.extend_from_slice(name);
    to.extend_from_slice(b"null");
    Ok(())
}

fn write_member(to: &mut Vec<u8>, name: &[u8], text: &str) -> io::Result<()> {
    to.extend_from_slice(name);
    // Looks at every byte: a loop that ends early takes them one by one.
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if !text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
        return Ok(serde_json::to_writer(to, text)?);
    }
    to.push(b'"');
    to.extend_from_slice(text.as_bytes());
    to.push(b'"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PageInfo;
    use crate::model::{Side, Timestamp};

    fn check(links: &[Link<'_>], total: Option<u64>, next: Option<&str>) {
        let listed = PageInfo::of(next.map(str::to_owned), true, 7);
        let page = LinksResponse { links, total, listed };
        let mut written = Vec::new();
        write_page(&mut written, &page).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written, serde_json::to_string(&page).unwrap());
    }

    #[test]
    fn a_receipt_is_what_a_serializer_writes() {
        let seqs = [None, Some(0), Some(u64::MAX)];
        for (location_id, seq) in [None, Some("eHy2"), Some("\"\n")].into_iter().zip(seqs) {
            let (status, event, trace_id) = ("applied", "Käufer\u{0}", "aa4cd24f\\");
            let receipt = ReceiptResponse { status, event, location_id, seq, trace_id };
            let mut written = Vec::new();
            write_receipt(&mut written, &receipt).unwrap();
            let written = String::from_utf8(written).unwrap();
            assert_eq!(written, serde_json::to_string(&receipt).unwrap());
        }
    }

    #[test]
    fn a_page_is_what_a_serializer_writes() {
        let known = Link {
            object: "custom_objects.property",
            record: Some("6adf249e8ce18ef62a90b95f"),
            name: Some("12 \"Maple\" Street\\\n\t\u{0}\u{1f}\u{7f}]"),
            label: Some("Käufer 買主 🏠"),
            own_label: Some(""),
            side: Side::First,
            association: "724455fc72ba9d79a3488b7e",
            association_key: Some("buyer/property]"),
            association_type: Some("USER_DEFINED"),
            relation: Some("\\"),
            at: Some(Timestamp::from_millis(1_762_000_000_421)),
            seq: u64::MAX,
        };
        let unknown = Link {
            record: None,
            name: None,
            label: None,
            own_label: None,
            side: Side::Second,
            association_key: None,
            association_type: None,
            relation: None,
            at: None,
            seq: 0,
            ..known
        };
        for links in [&[][..], &[known], &[unknown], &[known, known, unknown, known]] {
            check(links, Some(3), Some("os0000002a"));
            check(links, None, None);
        }
        // Links that differ in one of the members that most share.
        for other in [
            Link { object: "contact", ..known },
            Link { label: None, ..known },
            Link { own_label: Some("Owner"), ..known },
            Link { side: Side::Second, ..known },
            Link { association: "A", ..known },
            Link { association_key: None, ..known },
            Link { association_type: Some("SYSTEM_DEFINED"), ..known },
        ] {
            check(&[known, other, other, known], None, None);
        }
    }
}
