//! Texts of one location, kept end to end instead of one allocation each.

use std::sync::Arc;

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextRef {
    chunk: u16,
    len: u16,
    offset: u32,
}

const FIRST_CHUNK_BYTES: usize = 512;
const LAST_CHUNK_BYTES: usize = 1 << 20;

/// An append-only store of texts of up to 64 KiB. Chunks double from 512 bytes
/// to 1 MiB, so a small location stays small; 65,536 chunks hold 64 GiB. A copy
/// shares all chunks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    chunks: Vec<Arc<String>>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: &str) -> TextRef {
        let fits = |chunk: &mut Arc<String>| {
            // A chunk shared with a copy is left as it is.
            Arc::get_mut(chunk).is_some_and(|own| own.capacity() - own.len() >= text.len())
        };
        if !self.chunks.last_mut().is_some_and(fits) {
            let doubled = FIRST_CHUNK_BYTES << self.chunks.len().min(20);
            let bytes = doubled.min(LAST_CHUNK_BYTES).max(text.len());
            self.chunks.push(Arc::new(String::with_capacity(bytes)));
        }
        let chunk = u16::try_from(self.chunks.len() - 1).unwrap_or(u16::MAX);
        let mut offset = 0;
        if let Some(own) = self.chunks.last_mut().and_then(Arc::get_mut) {
            offset = own.len();
            own.push_str(text);
        }
        TextRef {
            chunk,
            len: u16::try_from(text.len()).unwrap_or(u16::MAX),
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "references are given out by push and never taken back"
    )]
    pub(crate) fn get(&self, text: TextRef) -> &str {
        let start = text.offset as usize;
        &self.chunks[text.chunk as usize][start..start + text.len as usize]
    }
}
