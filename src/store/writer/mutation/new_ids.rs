//! Ids of things that are created here, in the form of the sender's.

use std::hash::{BuildHasher, RandomState};

use crate::model::Timestamp;

/// Makes ids of 24 lowercase hexadecimal digits: 4 bytes of the time in seconds, so that they
/// sort by it, and 8 random ones.
#[derive(Debug, Default)]
pub(crate) struct NewIds {
    /// Keyed by the operating system, so that no two processes make the same.
    random: RandomState,
    made: u64,
}

impl NewIds {
    /// Returns an id that `is_known` does not know.
    pub(crate) fn next(&mut self, now: Timestamp, is_known: impl Fn(&str) -> bool) -> String {
        let seconds = u32::try_from(now.as_millis().div_euclid(1_000)).unwrap_or_default();
        loop {
            self.made += 1;
            let id = format!("{seconds:08x}{:016x}", self.random.hash_one(self.made));
            if !is_known(&id) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_distinct_hexadecimal_and_begin_with_the_time() {
        let mut ids = NewIds::default();
        let now = Timestamp::from_millis(0x6925_f1c2_i64 * 1_000 + 999);
        let made: HashSet<String> = (0..1_000).map(|_| ids.next(now, |_| false)).collect();
        assert_eq!(made.len(), 1_000);
        for id in &made {
            assert!(id.starts_with("6925f1c2") && id.len() == 24, "{id}");
            assert!(id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{id}");
        }
    }

    #[test]
    fn a_known_id_is_skipped() {
        let (mut ids, asked) = (NewIds::default(), Cell::new(0));
        let known = |_: &str| asked.replace(asked.get() + 1) < 3;
        ids.next(Timestamp::from_millis(-1), known);
        assert_eq!(asked.get(), 4);
    }
}
