//! Hashes of the ids of deliveries, the same whenever a store is open.

use std::hash::{BuildHasher, Hasher};

use siphasher::sip128::{Hasher128, SipHasher24};

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
        let [first, second] = self.0;
        let mut hasher = SipHasher24::new_with_keys(first, second);
        for text in [location, webhook_id] {
            hasher.write(text.as_bytes());
            let filled = text.len().next_multiple_of(8) - text.len();
            hasher.write([0; 8].get(..filled).unwrap_or_default());
            hasher.write(&(text.len() as u64).to_le_bytes());
        }
        let hash = hasher.finish128();
        let [low, low_too, .., part] = hash.h2.to_le_bytes();
        DeliveryHash::new(part % DELIVERY_PARTS, hash.h1, u16::from_le_bytes([low, low_too]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

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
