//! Texts of one location, kept end to end instead of one allocation each.

use std::sync::Arc;

use crate::graph::memory::allocation::ALLOCATION_BYTES;
use crate::model::address;

/// Where a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StringRef {
    chunk: u32,
    offset: u16,
    /// Its length in bytes, or [`WHOLE_CHUNK`].
    len: u16,
}

/// Maximum size of a chunk that holds several texts, in bytes: every offset fits 16 bits.
const CHUNK_BYTES: usize = 1 << 16;

/// Up to here a chunk grows by what is needed: many locations are small.
const SMALL_BYTES: usize = 256;

/// The length of a text that has a chunk to itself, being this long or longer.
const WHOLE_CHUNK: u16 = u16::MAX;

/// An append-only store of texts, in chunks of up to 64 KiB. A copy shares all chunks,
/// and leaves no garbage: the first text after it costs a copy of the last chunk,
/// which the old one pays back when it is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct StringArena {
    /// Full ones.
    chunks: Vec<Arc<str>>,
    /// The last, not yet full.
    tail: Arc<String>,
}

impl StringArena {
    pub(crate) fn push(&mut self, text: &str) -> StringRef {
        let whole = match u16::try_from(text.len()) {
            Ok(len) if len < WHOLE_CHUNK => None,
            _ => Some(Arc::from(text)),
        };
        if whole.is_some() || self.tail.len() + text.len() > CHUNK_BYTES {
            self.seal();
        }
        let chunk = address(self.chunks.len());
        if let Some(whole) = whole {
            self.chunks.push(whole);
            return StringRef { chunk, offset: 0, len: WHOLE_CHUNK };
        }
        let tail = self.own_tail(text.len());
        let (offset, len) = (address(tail.len()), address(text.len()));
        tail.push_str(text);
        StringRef { chunk, offset, len }
    }

    /// Returns the last chunk with room for this many bytes, taken out of the hands of
    /// copies.
    fn own_tail(&mut self, bytes: usize) -> &mut String {
        if Arc::get_mut(&mut self.tail).is_none() {
            // As large as it would have grown alone.
            let capacity = (self.tail.len() + bytes).next_power_of_two();
            let mut own = String::with_capacity(capacity);
            own.push_str(&self.tail);
            self.tail = Arc::new(own);
        }
        let tail = Arc::make_mut(&mut self.tail);
        if tail.len() < SMALL_BYTES {
            tail.reserve_exact(bytes);
        }
        tail
    }

    fn seal(&mut self) {
        if !self.tail.is_empty() {
            self.chunks.push(Arc::from(self.tail.as_str()));
            self.tail = Arc::default();
        }
    }

    /// Returns a text. References are returned by [`push`](Self::push) and never taken
    /// back.
    pub(crate) fn get(&self, text: StringRef) -> &str {
        let chunk = self.chunks.get(text.chunk as usize).map_or(self.tail.as_str(), |full| full);
        if text.len == WHOLE_CHUNK {
            return chunk;
        }
        let start = usize::from(text.offset);
        &chunk[start..start + usize::from(text.len)]
    }

    /// Returns the number of chunks, for tests of what copies cost.
    /// Returns the bytes of memory that the texts take.
    pub(crate) fn bytes(&self) -> usize {
        let full: usize = self.chunks.iter().map(|chunk| chunk.len() + ALLOCATION_BYTES).sum();
        full + self.chunks.capacity() * size_of::<Arc<str>>() + self.tail.capacity()
    }

    #[cfg(test)]
    fn chunks(&self) -> usize {
        self.chunks.len() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_come_back() {
        let mut texts = StringArena::default();
        let lengths = [0, 1, 24, 512, 65_533, 65_534, 65_535, 65_536, 70_000, 0, 65_534, 2, 65_536];
        let texts_in: Vec<String> = (0_u8..)
            .zip(lengths)
            .map(|(number, len)| char::from(b'a' + number).to_string().repeat(len))
            .collect();
        let places: Vec<StringRef> = texts_in.iter().map(|text| texts.push(text)).collect();
        for (place, text) in places.into_iter().zip(&texts_in) {
            assert_eq!(texts.get(place), text, "{}", text.len());
        }
        assert_eq!(size_of::<StringRef>(), 8);
    }

    /// Each copy once ended a chunk of up to 1 MiB, of which there could be 65,536: after
    /// as many copies new ids were read as the texts of others, and then the writer died.
    #[test]
    fn copies_use_up_nothing() {
        let mut texts = StringArena::default();
        let mut places = Vec::new();
        let mut held = texts.clone();
        for number in 0..70_000 {
            let copy = texts.clone();
            places.push(texts.push(&format!("{number:024}")));
            drop(copy);
            if number % 10_000 == 0 {
                held = texts.clone();
            }
        }
        for (number, place) in places.iter().enumerate() {
            assert_eq!(texts.get(*place), format!("{number:024}"));
        }
        assert_eq!(held.get(places[60_000]), format!("{:024}", 60_000));
        // Hardly more than the texts themselves take.
        assert!(texts.chunks() <= 70_000 * 24 / CHUNK_BYTES + 2, "{}", texts.chunks());
        let spare = texts.tail.capacity() + texts.chunks.capacity() * size_of::<Arc<str>>();
        assert!(spare <= 2 * CHUNK_BYTES, "{spare}");
    }
}
