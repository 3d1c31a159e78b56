//! Prose is plain, idiomatic English: words and phrases that the project has dropped stay
//! dropped.

use std::path::{Path, PathBuf};

/// Files, and folders with the ending of their files. Of Rust, comments and string literals
/// are held.
const HELD: &[(&str, &str)] = &[
    ("README.md", "md"),
    ("CHANGELOG.md", "md"),
    ("CONTRIBUTING.md", "md"),
    ("SECURITY.md", "md"),
    ("data/README.md", "md"),
    ("deploy", "md"),
    ("docs", "md"),
    ("src", "rs"),
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

/// Returns the prose of a file in passages of one line each: Markdown without code, or the
/// comments and string literals of Rust.
fn passages(path: &Path, text: &str) -> Vec<String> {
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let mut passages = vec![String::new()];
    let (mut fenced, mut in_literal) = (false, false);
    for line in text.lines() {
        let line = match comment(line) {
            Some(comment) if is_rust => comment,
            None if is_rust => {
                literals(line, &mut in_literal, &mut passages);
                passages.push(String::new());
                fenced = false;
                continue;
            }
            _ => line.trim(),
        };
        fenced ^= line.starts_with("```");
        if let (false, Some(passage)) = (fenced || line.starts_with("```"), passages.last_mut()) {
            passage.extend([line, " "]);
        }
    }
    // Every second part is code in backticks.
    let plain = |text: String| text.split('`').step_by(2).collect::<Vec<_>>().join("` `");
    passages.into_iter().map(|text| plain(text.to_lowercase())).collect()
}

/// Returns the text of a line of Rust that is a comment.
fn comment(line: &str) -> Option<&str> {
    line.trim().strip_prefix("//").map(|rest| rest.trim_start_matches(['/', '!']).trim())
}

/// Collects what string literals have in a line of Rust, which may begin or end within one.
fn literals(line: &str, in_literal: &mut bool, passages: &mut Vec<String>) {
    // A closing brace ends every function: what was misread before it counts no longer.
    *in_literal &= !line.starts_with('}');
    let line = line.replace("\\\\", "").replace("\\\"", "").replace("'\"'", "");
    for (at, part) in line.split('"').enumerate() {
        *in_literal ^= at > 0;
        if *in_literal {
            passages.push(part.to_owned());
        }
    }
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
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        for passage in passages(&path, &text) {
            for (phrase, better) in dropped(&passage) {
                faults.push(format!("{name}: \"{phrase}\" (better: {better}): {passage}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_list_sees_phrases_in_prose_alone() {
    let markdown = Path::new("a.md");
    let found = |path: &Path, text: &str| {
        let passages = passages(path, text);
        passages.iter().map(|passage| dropped(passage).count()).sum::<usize>()
    };
    assert_eq!(found(markdown, "It is written\nanew."), 1);
    assert_eq!(found(markdown, "A renewed manewal."), 0);
    assert_eq!(found(markdown, "```text\nwrites it anew\n```\nand `anew`"), 0);
    let rust = Path::new("a.rs");
    assert_eq!(found(rust, "/// Speaks of\n    // it.\nlet anew = 1;"), 1);
    assert_eq!(found(rust, "/// It goes\nlet on = (told, \"is told {on} \\\n  go on\", anew);"), 2);
}
