//! Hashes of the ids of deliveries, the same whenever a store is open.

use std::hash::BuildHasher;

use crate::model::Seq;

/// Number of parts that hashes are divided into.
pub const DELIVERY_PARTS: u8 = 16;

/// Number of entries whose ids are indexed together.
pub const DELIVERY_BLOCK: u64 = 32_768;

/// The secret of a journal, so that no sender can make two ids the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeliveryKey([u64; 2]);

impl std::fmt::Debug for DeliveryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeliveryKey")
    }
}

/// A hash of the id of a delivery and of its location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliveryHash {
    part: u8,
    pub(crate) high: u64,
    pub(crate) low: u16,
}

/// Where hashes of ids are, beside the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryIndex {
    /// The key of the hashes.
    pub key: DeliveryKey,
    /// The ids of entries after this one are indexed…
    pub after: Seq,
    /// …up to this one.
    pub upto: Seq,
}

impl DeliveryHash {
    /// Joins a part, and what else there is of a hash.
    pub(crate) fn new(part: u8, high: u64, low: u16) -> Self {
        Self { part, high, low }
    }

    /// Returns the part that it is in, below [`DELIVERY_PARTS`]: of equal ids the same.
    pub fn part(self) -> u8 {
        self.part
    }
}

impl DeliveryKey {
    /// Makes a key of these bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        let mut words = [0; 2];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Self(words)
    }

    /// Makes a key that nobody knows.
    pub fn random() -> Self {
        let random = std::collections::hash_map::RandomState::new();
        Self([0, 1].map(|number| random.hash_one(number)))
    }

    /// Returns the bytes of which it was made.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (to, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Hashes an id of a delivery to a location.
    ///
    /// Two ids have the same hash with a chance of one to 2⁸⁴: SipHash-2-4 of the words of
    /// both texts, each ended by its length, of whose 128 bits it keeps so many.
    pub fn hash(self, location: &str, webhook_id: &str) -> DeliveryHash {
        let mut state = SipState::new(self.0);
        for text in [location, webhook_id] {
            let (words, rest) = text.as_bytes().as_chunks::<8>();
            for word in words {
                state.add(u64::from_le_bytes(*word));
            }
            if !rest.is_empty() {
                state.add(rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)));
            }
            state.add(text.len() as u64);
        }
        let (high, more) = state.finish();
        let [low, low_too, .., part] = more.to_le_bytes();
        DeliveryHash::new(part % DELIVERY_PARTS, high, u16::from_le_bytes([low, low_too]))
    }
}

/// SipHash-2-4 with 128 bits, of Aumasson and Bernstein, over whole words.
struct SipState {
    v: [u64; 4],
    words: u64,
}

impl SipState {
    fn new([k0, k1]: [u64; 2]) -> Self {
        let v = [
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ];
        Self { v, words: 0 }
    }

    fn add(&mut self, word: u64) {
        self.words += 1;
        self.mix(word);
    }

    fn mix(&mut self, word: u64) {
        self.v[3] ^= word;
        self.rounds(2);
        self.v[0] ^= word;
    }

    fn finish(mut self) -> (u64, u64) {
        // The number of bytes, of which the uppermost byte of the last word has room for one.
        self.mix((self.words * 8) << 56);
        self.v[2] ^= 0xee;
        self.rounds(4);
        let first = self.v.iter().fold(0, |all, word| all ^ word);
        self.v[1] ^= 0xdd;
        self.rounds(4);
        (first, self.v.iter().fold(0, |all, word| all ^ word))
    }

    fn rounds(&mut self, count: u32) {
        let [mut a, mut b, mut c, mut d] = self.v;
        for _ in 0..count {
            a = a.wrapping_add(b);
            c = c.wrapping_add(d);
            b = b.rotate_left(13) ^ a;
            d = d.rotate_left(16) ^ c;
            a = a.rotate_left(32).wrapping_add(d);
            c = c.wrapping_add(b);
            d = d.rotate_left(21) ^ a;
            b = b.rotate_left(17) ^ c;
            c = c.rotate_left(32);
        }
        self.v = [a, b, c, d];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// The vectors of the authors for 0 and 8 bytes; that for 24 by another program.
    #[test]
    fn hashes_are_those_of_siphash() {
        let bytes: Vec<u8> = (0..24).collect();
        for (count, expected) in [
            (0, "a3817f04ba25a8e66df67214c7550293"),
            (1, "3b62a9ba6258f5610f83e264f31497b4"),
            (3, "2db479ae78bd50d8882a8a178a6132ad"),
        ] {
            let mut state = SipState::new(DeliveryKey::new(KEY).0);
            let (words, _) = bytes.as_chunks::<8>();
            words.iter().take(count).for_each(|word| state.add(u64::from_le_bytes(*word)));
            let (first, second) = state.finish();
            let [first, second] = [first, second].map(u64::swap_bytes);
            assert_eq!(format!("{first:016x}{second:016x}"), expected);
        }
    }

    /// The index on disk is of this form: a change forgets the ids of every file.
    #[test]
    fn the_hash_of_an_id_stays_what_it_is() {
        let key = DeliveryKey::new(KEY);
        assert_eq!(key.to_bytes(), KEY);
        let hash = key.hash("eHy2", "0b5e6f1c-87e6");
        assert_eq!(hash, DeliveryHash::new(0xc4 % 16, 0x875f_faeb_552e_8437, 0xbfad));
    }

    #[test]
    fn different_texts_have_different_hashes() {
        let key = DeliveryKey::random();
        let texts = ["", "\0", "a", "a\0", "ab", "12345678", "123456789", "12345678\0", "é"];
        let mut seen = std::collections::HashSet::new();
        for location in texts {
            for id in texts {
                let hash = key.hash(location, id);
                assert!(hash.part() < DELIVERY_PARTS);
                assert!(seen.insert(hash), "{location:?} {id:?}");
                assert_eq!(hash, key.hash(location, id));
                assert_ne!(hash, DeliveryKey::random().hash(location, id));
            }
        }
    }
}
