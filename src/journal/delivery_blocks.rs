//! Rows of the index of ids of deliveries, as they are on disk: for each block of entries one
//! row for each part of their hashes.

use crate::journal::delivery_hash::{DELIVERY_BLOCK, DELIVERY_PARTS, DeliveryHash, DeliveryKey};
use crate::journal::entry::Accepted;
use crate::model::Seq;

/// Bits of a row's number that are of the block; the rest is the part.
const BLOCK_BITS: u32 = 40;

/// Bytes of a hash and its place.
const HASH_BYTES: usize = 12;

/// The place of a hash that was erased.
const NO_PLACE: u16 = u16::MAX;

/// A hash that was erased.
const ERASED: [u8; HASH_BYTES] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// Number of blocks that are deleted when one is added, so that a step stays short.
const DROPPED_BLOCKS: u64 = 2;

/// Returns the number of a row.
pub(super) fn number_of(part: u8, block: u64) -> i64 {
    (u64::from(part) << BLOCK_BITS | block).cast_signed()
}

/// Returns the block that an entry is in.
pub(super) fn block_of(seq: Seq) -> u64 {
    seq.saturating_sub(1) / DELIVERY_BLOCK
}

/// Returns the last entry before a block.
pub(super) fn before(block: u64) -> Seq {
    block * DELIVERY_BLOCK
}

/// Returns the block after the last one that is indexed, or the one with the entry that
/// follows `after`.
pub(super) fn next_block(known: Option<(u64, u64)>, after: Seq) -> u64 {
    known.map_or(after / DELIVERY_BLOCK, |(_, last)| last + 1)
}

/// Returns the block before which all are deleted when `next` is added to those from `first`
/// on: no more than a few, of which no entry is after `after`.
pub(super) fn first_kept(first: u64, next: u64, after: Seq) -> u64 {
    (after / DELIVERY_BLOCK).min(first + DROPPED_BLOCKS).min(next)
}

/// Returns the checksum of a row.
pub(super) fn checksum(key: DeliveryKey, number: i64, hashes: &[u8]) -> i64 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&key.to_bytes());
    crc.update(&number.to_le_bytes());
    crc.update(hashes);
    i64::from(crc.finalize())
}

/// Shows the hashes of a row.
pub(super) fn show(hashes: &[u8], part: u8, block: u64, each: &mut dyn FnMut(Seq, DeliveryHash)) {
    let (hashes, _) = hashes.as_chunks::<HASH_BYTES>();
    for hash in hashes {
        let (place, high, low) = decode(*hash);
        if place != NO_PLACE {
            each(before(block) + 1 + u64::from(place), DeliveryHash::new(part, high, low));
        }
    }
}

/// Shows the hash of an id itself, if it is in this part.
pub(super) fn show_id(
    key: DeliveryKey,
    part: u8,
    delivery: &Accepted<'_>,
    each: &mut dyn FnMut(Seq, DeliveryHash),
) {
    let hash = key.hash(delivery.location, delivery.webhook_id);
    if hash.part() == part {
        each(delivery.seq, hash);
    }
}

/// Overwrites those hashes of a row whose entries are erased, and returns whether there are
/// any.
pub(super) fn erase(hashes: &mut [u8], block: u64, is_erased: impl Fn(Seq) -> bool) -> bool {
    let mut is_changed = false;
    let (hashes, _) = hashes.as_chunks_mut::<HASH_BYTES>();
    for hash in hashes {
        let (place, ..) = decode(*hash);
        if place != NO_PLACE && is_erased(before(block) + 1 + u64::from(place)) {
            *hash = ERASED;
            is_changed = true;
        }
    }
    is_changed
}

fn decode(bytes: [u8; HASH_BYTES]) -> (u16, u64, u16) {
    let [high @ .., low, low_too, place, place_too] = bytes;
    let place = u16::from_le_bytes([place, place_too]);
    (place, u64::from_le_bytes(high), u16::from_le_bytes([low, low_too]))
}

/// The rows of a block that is to be indexed.
#[derive(Debug)]
pub(super) struct BlockRows {
    key: DeliveryKey,
    block: u64,
    /// The hashes of each part.
    parts: Vec<Vec<u8>>,
}

impl BlockRows {
    /// Begins a block.
    pub(super) fn new(key: DeliveryKey, block: u64) -> Self {
        Self { key, block, parts: vec![Vec::new(); usize::from(DELIVERY_PARTS)] }
    }

    /// Adds the id of one of its entries.
    pub(super) fn add(&mut self, delivery: &Accepted<'_>) {
        let hash = self.key.hash(delivery.location, delivery.webhook_id);
        let Some(part) = self.parts.get_mut(usize::from(hash.part())) else { return };
        let place = u16::try_from(delivery.seq - 1 - before(self.block)).unwrap_or(NO_PLACE);
        part.extend_from_slice(&hash.high.to_le_bytes());
        part.extend_from_slice(&hash.low.to_le_bytes());
        part.extend_from_slice(&place.to_le_bytes());
    }

    /// Returns the part, the checksum and the hashes of each row.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u8, i64, &[u8])> {
        (0..DELIVERY_PARTS).zip(&self.parts).map(|(part, hashes)| {
            (part, checksum(self.key, number_of(part, self.block), hashes), &**hashes)
        })
    }

    /// Returns the block.
    pub(super) fn block(&self) -> u64 {
        self.block
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    /// The index of every file is of this form.
    #[test]
    fn a_row_stays_what_it_is() {
        let key = DeliveryKey::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let mut rows = BlockRows::new(key, 3);
        let seq = 3 * 32_768 + 259;
        let (location, webhook_id) = ("eHy2", "0b5e6f1c-87e6");
        let received_at = Timestamp::from_millis(0);
        rows.add(&Accepted { seq, location, webhook_id, received_at });
        let (part, sum, hashes) = rows.rows().find(|(_, _, hashes)| !hashes.is_empty()).unwrap();
        assert_eq!((part, number_of(part, 3)), (4, (4 << 40) + 3));
        let expected = [0x37, 0x84, 0x2e, 0x55, 0xeb, 0xfa, 0x5f, 0x87, 0xad, 0xbf, 2, 1];
        assert_eq!(hashes, expected);
        assert_eq!(sum, checksum(key, (4 << 40) + 3, &expected));
        let mut seen = Vec::new();
        show(hashes, part, 3, &mut |seq, hash| seen.push((seq, hash)));
        assert_eq!(seen, [(seq, key.hash(location, webhook_id))]);

        let mut hashes = hashes.to_vec();
        assert!(!erase(&mut hashes, 3, |found| found != seq));
        assert!(erase(&mut hashes, 3, |found| found == seq));
        assert_eq!(hashes, ERASED);
        show(&hashes, part, 3, &mut |_, _| panic!("it is erased"));
        assert!(!erase(&mut hashes, 3, |_| true), "it is erased already");
    }
}
