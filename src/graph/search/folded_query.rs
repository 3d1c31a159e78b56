//! What a search looks for.

use crate::graph::search::fold::Folded;

/// A text to find records by, ready to be compared with names and ids.
#[derive(Debug, Clone)]
pub(crate) struct FoldedQuery {
    /// The whole text, folded.
    pub(crate) name: String,
    /// Its words, folded, none of which begins another.
    pub(crate) words: Vec<String>,
    /// The text without surrounding white space. Ids are compared letter for letter.
    pub(crate) id: String,
}

impl FoldedQuery {
    pub(crate) fn new(text: &str) -> Self {
        let name = Folded::new(text).text;
        let mut words: Vec<String> = name.split_whitespace().map(str::to_owned).collect();
        // A word that begins another is where the other is. One that begins several stands
        // right before the first of them.
        words.sort_unstable();
        words.dedup_by(|next, word| {
            next.starts_with(word.as_str()) && {
                std::mem::swap(next, word);
                true
            }
        });
        Self { name, words, id: text.trim().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_begin_others_are_dropped() {
        let words = |text: &str| FoldedQuery::new(text).words;
        assert_eq!(words("12 maple St"), ["12", "maple", "st"]);
        assert_eq!(words("a an ann ab Ann"), ["ab", "ann"]);
        assert_eq!(words("street STRASSE s straße"), ["strasse", "street"]);
        assert_eq!(words("O'Neil - ann"), ["ann", "oneil"]);
        assert_eq!(words("?"), ["?"]);
        assert_eq!(words(" \u{301} "), Vec::<String>::new());
    }
}
