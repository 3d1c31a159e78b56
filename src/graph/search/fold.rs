//! The form in which texts are compared: without regard to case, accents, width and
//! punctuation.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Maximum size of a folded text, in bytes: few letters take more than three times as many
/// as before.
const FOLDED_BYTES_MAX: usize = 768;

/// Maximum number of words of a text.
const WORDS_MAX: usize = 64;

/// A text in the form in which it is compared, and where its words begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) text: String,
    /// Ascending offsets into the text. A word reaches to the end of the text, so that a
    /// longer one may begin there, too: in `O'Neil` begin `oneil` and `neil`.
    pub(crate) words: Vec<u16>,
}

impl Folded {
    /// Folds a text: NFKD, without accents, full case folding.
    ///
    /// White space becomes one space. Punctuation is dropped, and a word begins after it:
    /// `12-B` is `12b`, and `12`, `12b` and `b` find it, as `12 b` does. A text of
    /// punctuation alone keeps it. Emoji and other symbols are words; so is each letter of
    /// a script that is written without spaces.
    pub(crate) fn new(text: &str) -> Self {
        let mut folding = Folding { is_bare: true, ..Folding::default() };
        folding.take(text);
        if folding.folded.text.is_empty() {
            folding = Folding::default();
            folding.take(text);
        }
        folding.folded
    }

    /// Returns the texts from the beginning of each word to the end.
    #[cfg(test)]
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().filter_map(|&at| self.text.get(usize::from(at)..))
    }
}

/// A text on its way to its folded form.
#[derive(Debug, Default)]
struct Folding {
    folded: Folded,
    /// Whether punctuation is dropped.
    is_bare: bool,
    is_space_due: bool,
    /// What came last.
    last: Class,
}

impl Folding {
    fn take(&mut self, text: &str) {
        if text.is_ascii() {
            // What the rest does to such a text, at a tenth of the cost.
            for letter in text.chars() {
                if !self.push(letter.to_ascii_lowercase()) {
                    return;
                }
            }
            return;
        }
        let plain = text.nfkd().filter(|&letter| !is_accent(letter) && !is_ignorable(letter));
        for letter in plain.default_case_fold().nfkd().filter(|&letter| !is_accent(letter)) {
            let (first, second) = plain_latin(letter);
            if !self.push(first) || !second.is_none_or(|second| self.push(second)) {
                return;
            }
        }
    }

    /// Adds a letter; returns `false` if there is no room for it.
    fn push(&mut self, letter: char) -> bool {
        let class = Class::of(letter);
        match class {
            Class::Space => {
                self.is_space_due = !self.folded.text.is_empty();
                self.last = class;
                return true;
            }
            Class::Punctuation if self.is_bare => {
                self.last = class;
                return true;
            }
            // There is no letter that it could change.
            Class::Mark if matches!(self.last, Class::Space | Class::Punctuation) => return true,
            _ => {}
        }
        let text = &mut self.folded.text;
        if text.len() + usize::from(self.is_space_due) + letter.len_utf8() > FOLDED_BYTES_MAX {
            return false;
        }
        if std::mem::take(&mut self.is_space_due) {
            text.push(' ');
        }
        let begins = class != Class::Mark && (class != self.last || class == Class::Whole);
        if begins && self.folded.words.len() < WORDS_MAX {
            self.folded.words.extend(u16::try_from(text.len()).ok());
        }
        text.push(letter);
        if class != Class::Mark {
            self.last = class;
        }
        true
    }
}

/// What a letter means for the words of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Class {
    #[default]
    Space,
    Punctuation,
    /// A letter or digit of a script with spaces.
    Letter,
    /// A letter that is a word.
    Whole,
    /// It changes the letter before it.
    Mark,
    Symbol,
}

impl Class {
    fn of(letter: char) -> Self {
        match letter {
            'a'..='z' | '0'..='9' => Self::Letter,
            _ if letter.is_whitespace() => Self::Space,
            _ if is_punctuation(letter) => Self::Punctuation,
            _ if is_whole_word(letter) => Self::Whole,
            _ if canonical_combining_class(letter) != 0 => Self::Mark,
            _ if letter.is_alphanumeric() => Self::Letter,
            _ => Self::Symbol,
        }
    }
}

/// Returns the one or two letters that people type for a Latin letter that they lack: a
/// stroke is no accent to Unicode, and a ligature no two letters.
fn plain_latin(letter: char) -> (char, Option<char>) {
    match letter {
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'đ' | 'ð' => ('d', None),
        'ħ' => ('h', None),
        'ł' => ('l', None),
        'ø' => ('o', None),
        'ŧ' => ('t', None),
        _ => (letter, None),
    }
}

/// Returns whether a mark is an accent, a point of Hebrew or Arabic, or a tone. Those that
/// make another letter stay: vowel signs of Indic scripts, and marks of the combining
/// classes 7 to 9, such as the voicing of kana.
fn is_accent(letter: char) -> bool {
    !matches!(canonical_combining_class(letter), 0 | 7..=9)
}

/// Returns whether a character shows nothing by itself: soft hyphen, joiners, marks of
/// direction, variation selectors.
fn is_ignorable(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

/// Returns whether a character is punctuation, or a sign of ASCII or Latin-1.
fn is_punctuation(letter: char) -> bool {
    letter.is_ascii_punctuation()
        || matches!(letter, '\u{a1}'..='\u{bf}' if !letter.is_alphanumeric())
        || matches!(
            letter,
            '\u{2b9}'..='\u{2bf}' | '\u{5be}' | '\u{5f3}' | '\u{5f4}' | '\u{60c}' | '\u{61b}'
            | '\u{61f}' | '\u{964}' | '\u{965}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
            | '\u{2212}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}'
            | '\u{3014}'..='\u{301f}' | '\u{30fb}'
        )
}

/// Returns whether a letter is a word in a script without spaces: Han and hiragana.
fn is_whole_word(letter: char) -> bool {
    matches!(
        letter,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> String {
        Folded::new(text).text
    }

    #[test]
    fn texts_that_look_alike_fold_alike() {
        let alike: &[&[&str]] = &[
            &["strasse", "STRASSE", "straße", "Strasse", "STRAẞE"],
            &["zoe", "Zoë", "ZOE\u{308}", "zoe\u{308}"],
            &["abc", "ＡＢＣ", "ABC", "ａｂｃ"],
            &["istanbul", "İstanbul", "ISTANBUL", "i\u{307}stanbul"],
            &["σισυφοσ", "ΣΊΣΥΦΟΣ", "Σίσυφος", "σίσυφοσ"],
            &["fi", "ﬁ", "FI"],
            &["lukasz", "Łukasz", "ŁUKASZ"],
            &["soren", "Søren", "SØREN", "Sǿren"],
            &["dordevic", "Đorđević"],
            &["aesir", "Æsir", "ǽsir", "Aesir"],
            &["thor", "Þór", "Thor"],
            &["αθηνα", "ᾼΘΗΝΑ", "Ἀθηνᾶ"],
            &["oneil", "O'Neil", "O’NEIL", "O‘Neil", "oʼneil"],
            &["12b", "12-B", "12‑b", "１２－Ｂ"],
            &["anne marie", "  Anne \t\u{a0} Marie\n"],
            &["ガラス", "ｶﾞﾗｽ", "カ\u{3099}ラス"],
            &["한국", "한국"],
            &["👨👩👧", "👨\u{200d}👩\u{200d}👧"],
            &["❤", "❤\u{fe0f}"],
            &["שלום", "שָׁלוֹם"],
            &["محمد", "مُحَمَّد"],
            &["soft", "so\u{ad}ft"],
            &["x\u{dca}y", "x\u{dca}!\u{a3c}y"],
        ];
        for texts in alike {
            for text in *texts {
                assert_eq!(folded(text), folded(texts[0]), "{text}");
            }
        }
    }

    #[test]
    fn texts_that_differ_fold_apart() {
        let mut seen = std::collections::HashMap::new();
        for text in ["राम", "रमा", "カ", "ガ", "ı", "i", "?", "!", "👧", "👦", "की", "का"]
        {
            let before = seen.insert(folded(text), text);
            assert_eq!(before, None, "{text}");
        }
    }

    #[test]
    fn words_begin_where_a_person_would_begin_to_type() {
        let check = |text: &str, words: &[&str]| {
            assert_eq!(Folded::new(text).words().collect::<Vec<_>>(), words, "{text}");
        };
        check("12 Maple Street", &["12 maple street", "maple street", "street"]);
        check("12-B", &["12b", "b"]);
        check("O'Neil", &["oneil", "neil"]);
        check("Smith-Jones, Ann", &["smithjones ann", "jones ann", "ann"]);
        check(
            "amara.okafor@example.com",
            &["amaraokaforexamplecom", "okaforexamplecom", "examplecom", "com"],
        );
        check("+1 (555) 010-2345", &["1 555 0102345", "555 0102345", "0102345", "2345"]);
        check("🏠Maple 🔥", &["🏠maple 🔥", "maple 🔥", "🔥"]);
        check("田中太郎", &["田中太郎", "中太郎", "太郎", "郎"]);
        check("たなか", &["たなか", "なか", "か"]);
        check("タナカ", &["タナカ"]);
        check("=1+1", &["11", "1"]);
        check("?!", &["?!"]);
        check(" ", &[]);
        check("\u{200d}\u{301}", &[]);
    }

    #[test]
    fn long_texts_are_cut_at_a_letter() {
        for letter in ["a", "é", "€", "👧", "\u{fdfa}"] {
            let bytes = folded(&letter.repeat(1_000)).len();
            assert!(
                (FOLDED_BYTES_MAX - 3..=FOLDED_BYTES_MAX).contains(&bytes),
                "{letter}: {bytes}"
            );
        }
        assert_eq!(Folded::new(&"a ".repeat(300)).words.len(), WORDS_MAX);
    }

    #[test]
    fn every_letter_folds_once() {
        // All that are assigned, but for private use.
        for letter in ('\0'..='\u{323af}').chain('\u{e0000}'..='\u{e01ef}') {
            let once = folded(&letter.to_string());
            assert_eq!(folded(&once), once, "{letter:?} U+{:04X}", u32::from(letter));
            // Beside another, where nothing keeps its punctuation.
            let once = folded(&format!("x{letter}"));
            assert_eq!(folded(&once), once, "x{letter:?} U+{:04X}", u32::from(letter));
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = Folded::new(&text);
            prop_assert_eq!(&folded(&once.text), &once.text);
            prop_assert!(once.words.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(once.words().count(), once.words.len());
        }

        #[test]
        fn ascii_folds_as_any_text(text in "[ -~\t]{0,40}") {
            let mut other = Folding { is_bare: true, ..Folding::default() };
            for letter in text.nfkd().default_case_fold() {
                other.push(letter);
            }
            if !other.folded.text.is_empty() {
                prop_assert_eq!(Folded::new(&text), other.folded);
            }
        }
    }
}
