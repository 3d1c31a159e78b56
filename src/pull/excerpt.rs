//! The beginning of a text from outside, for an error.

/// Returns the beginning of a text: so many bytes at most, cut at a character.
pub(super) fn excerpt(text: &str, bytes: usize) -> &str {
    let longest = bytes.min(text.len());
    let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_cut() {
        for (bytes, expected) in [(0, ""), (1, ""), (2, "é"), (3, "é"), (4, "éé"), (9, "éé")]
        {
            assert_eq!(excerpt("éé", bytes), expected);
        }
    }
}
