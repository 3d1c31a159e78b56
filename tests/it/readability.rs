//! What keeps the source easy to read: short files, short functions, and documentation in
//! rustdoc's language.

use crate::architecture::files;

/// Maximum number of lines of a file of `src` and `tests`.
const FILE_LINES_MAX: usize = 450;

/// Maximum number of lines of a function, from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 60;

/// Functions that are longer, and why.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    ("tests/it/http/framing.rs", "framings", "a table"),
    ("tests/it/store/name_limits/cases.rs", "cases", "a table"),
];

/// First words that end like a verb in the third person and are none.
const NO_VERBS: &[&str] = &[
    "As",
    "Bytes",
    "Entries",
    "Events",
    "Its",
    "Less",
    "Links",
    "Milliseconds",
    "Nodes",
    "Seconds",
    "This",
];

/// Returns every file of `src` and `tests` by its path from the root, and its text.
fn all_files() -> Vec<(String, String)> {
    let of = |folder: &str| {
        let files = files(folder).into_iter();
        files.map(|(name, text)| (format!("{folder}/{name}"), text)).collect::<Vec<_>>()
    };
    [of("src"), of("tests")].concat()
}

#[test]
fn files_stay_readable() {
    let mut faults = Vec::new();
    for (name, text) in all_files() {
        let lines = text.lines().count();
        if !text.starts_with("//!") {
            faults.push(format!("{name} does not say what it is"));
        }
        if lines > FILE_LINES_MAX {
            faults.push(format!("{name} is {lines} lines long"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Returns the name and the number of lines of each function of a file, by the indentation
/// of its closing brace.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((_, name)) = signature(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", &line[..indent]);
        // A function without a body ends with its signature.
        let body = lines[at..].iter().take_while(|line| !line.ends_with(';')).count();
        let open = lines[at..].iter().take_while(|line| !line.contains('{')).count();
        if body >= open && !line.ends_with('}') {
            let length = lines[at..].iter().position(|line| *line == end).map_or(0, |it| it + 1);
            found.push((name, length));
        }
    }
    found
}

/// Returns the visibility and the name of the function that a line begins.
fn signature(line: &str) -> Option<(&str, &str)> {
    let (visibility, mut rest) = match line.trim_start() {
        text if text.starts_with("pub") => text.split_once(' ')?,
        text => ("", text),
    };
    for word in ["const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name = rest.strip_prefix("fn ")?;
    name.split(['(', '<']).next().map(|name| (visibility, name))
}

#[test]
fn functions_stay_short() {
    let mut faults = Vec::new();
    let mut long = Vec::new();
    for (file, text) in all_files() {
        for (name, lines) in functions(&text) {
            if lines <= FUNCTION_LINES_MAX {
                continue;
            }
            let listed = LONG_FUNCTIONS.iter().find(|it| (it.0, it.1) == (&*file, name));
            match listed {
                Some(listed) => long.push(listed),
                None => faults.push(format!("{file}: `{name}` is {lines} lines long")),
            }
        }
    }
    for listed in LONG_FUNCTIONS {
        let (file, name, reason) = listed;
        if !long.contains(&listed) {
            faults.push(format!("{file}: `{name}` ({reason}) is no longer long: remove it"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let text = "fn a() {}\n    async fn b(\n        c: u8,\n    ) {\n    }\nfn d();\n";
    assert_eq!(functions(text), [("b", 4)]);
}

/// Returns the first words of the documentation of the functions that others see: those that
/// are `pub` or `pub(crate)`, and the methods of traits. Each comes with the function's name.
fn first_words(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let (mut documentation, mut in_trait, mut in_attribute) = (None, false, false);
    for line in text.lines() {
        if line == "#[cfg(test)]" {
            break;
        }
        let code = line.trim_start();
        if let Some(text) = code.strip_prefix("///") {
            documentation = documentation.or(text.split_whitespace().next());
            continue;
        }
        if in_attribute || code.starts_with("#[") {
            in_attribute = !code.ends_with(']');
            continue;
        }
        match line.split_whitespace().find(|word| !word.starts_with("pub")) {
            Some("trait") if !line.starts_with(' ') => in_trait = true,
            Some("}") if line == "}" => in_trait = false,
            _ => {}
        }
        if let (Some((visibility, name)), Some(word)) = (signature(line), documentation)
            && (in_trait || matches!(visibility, "pub" | "pub(crate)"))
        {
            found.push((name, word));
        }
        documentation = None;
    }
    found
}

/// Returns whether a word is a verb in the third person, such as "Returns".
fn is_verb(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
        && word.ends_with('s')
        && !word.ends_with("ss")
        && word.chars().all(|c| c.is_alphabetic() || c == '-')
        && !NO_VERBS.contains(&word)
}

#[test]
fn functions_are_documented_by_a_verb() {
    let mut faults = Vec::new();
    for (file, text) in files("src") {
        for (name, word) in first_words(&text) {
            if is_verb(word) {
                continue;
            }
            faults.push(format!("{file}: `{name}` is documented by \"{word} …\""));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_verb_is_found_at_each_function_that_others_see() {
    let text = "\
/// A thing.
pub trait Thing {
    /// Returns it.
    /// Costs little.
    fn get(&self);
}
impl A {
    /// As one
    #[expect(
        clippy::x,
    )]
    pub(crate) async fn of<T>() {}
    /// Whatever.
    fn private() {}
    /// Names.
    pub names: u8,
}
#[cfg(test)]
/// What.
pub fn test() {}
";
    assert_eq!(first_words(text), [("get", "Returns"), ("of", "As")]);
    assert!(is_verb("Percent-decodes"));
    for word in ["As", "What", "`Links`", "Less"] {
        assert!(!is_verb(word), "{word}");
    }
}
