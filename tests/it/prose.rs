//! Prose is plain, idiomatic English: words and phrases that the project has dropped stay
//! dropped.

use std::path::{Path, PathBuf};

/// Files, and folders with the ending of their files. `("src", "rs")` would add the comments
/// of the source.
const HELD: &[(&str, &str)] = &[
    ("README.md", "md"),
    ("CHANGELOG.md", "md"),
    ("CONTRIBUTING.md", "md"),
    ("SECURITY.md", "md"),
    ("data/README.md", "md"),
    ("deploy", "md"),
    ("docs", "md"),
];

/// A dropped phrase, and what to write instead.
const DROPPED: &[(&str, &str)] = &[
    ("anew", "again, from scratch"),
    ("speaks of", "concerns, names"),
    ("speak of", "concern, name"),
    ("stands for", "covers, means"),
    ("stand for", "cover, mean"),
    ("stands there", "is listed"),
    ("as it came", "unchanged"),
    ("as they came", "unchanged"),
    ("told", "given, reported"),
    ("tells of", "reports"),
    ("goes on", "continues"),
    ("go on", "continue"),
    ("went on", "continued"),
    ("if so", "say the condition"),
    ("nobody's", "say whose"),
    ("that of which", "a sentence of its own"),
    ("what there is", "a noun"),
    ("by whatever", "a plain relative clause"),
    ("in the place of", "instead of, in place of"),
    ("is rid of", "drops"),
    ("passed over", "ignored, skipped"),
    ("let go of", "released"),
    ("programs of others", "other programs"),
    ("tools of others", "other tools"),
    ("came to be", "a verb"),
];

/// Returns the files that are held to the list.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for (path, ending) in HELD {
        let mut waiting = vec![root.join(path)];
        while let Some(path) = waiting.pop() {
            if path.is_dir() {
                let entries = std::fs::read_dir(&path).unwrap();
                waiting.extend(entries.map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|extension| extension == *ending) {
                found.push(path);
            }
        }
    }
    assert!(found.len() > HELD.len());
    found
}

/// Returns the prose of a file in one line: Markdown without code, or the comments of Rust.
fn prose(path: &Path, text: &str) -> String {
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let Some(line) = (if is_rust { comment(line) } else { Some(line.trim()) }) else {
            continue;
        };
        fenced ^= line.starts_with("```");
        if !fenced && !line.starts_with("```") {
            lines.push(line);
        }
    }
    // Every second part is code in backticks.
    let text = lines.join(" ").to_lowercase();
    text.split('`').step_by(2).collect::<Vec<_>>().join("` `")
}

/// Returns what a comment of Rust says.
fn comment(line: &str) -> Option<&str> {
    line.trim().strip_prefix("//").map(|rest| rest.trim_start_matches(['/', '!']).trim())
}

/// Returns the dropped phrases in a text, at the boundaries of words.
fn dropped(text: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    DROPPED.iter().copied().filter(move |(phrase, _)| {
        text.match_indices(phrase).any(|(at, _)| {
            let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            !is_word(text[..at].chars().next_back())
                && !is_word(text[at + phrase.len()..].chars().next())
        })
    })
}

#[test]
fn no_dropped_phrase_comes_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    for path in files() {
        let text = prose(&path, &std::fs::read_to_string(&path).unwrap());
        let name = path.strip_prefix(root).unwrap().display();
        for (phrase, better) in dropped(&text) {
            faults.push(format!("{name}: \"{phrase}\" (better: {better})"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_list_sees_phrases_in_prose_alone() {
    let markdown = Path::new("a.md");
    let found = |path: &Path, text: &str| dropped(&prose(path, text)).count();
    assert_eq!(found(markdown, "It is written\nanew."), 1);
    assert_eq!(found(markdown, "A renewed manewal."), 0);
    assert_eq!(found(markdown, "```text\nwrites it anew\n```\nand `anew`"), 0);
    assert_eq!(found(Path::new("a.rs"), "/// Speaks of\n    // it.\nlet anew = 1;"), 1);
}
