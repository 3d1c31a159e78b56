//! The rules that keep the structure as the crate's map says it is.

use std::path::{Path, PathBuf};

fn sources() -> Vec<(String, String)> {
    files("src")
}

/// Every Rust file below a folder of the crate: its path there, and its text.
pub(crate) fn files(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50);
    found
}

/// What each part may name of the crate, besides itself and the locks of `sync`.
const LAYERS: &[(&str, &[&str])] = &[
    ("sync", &[]),
    ("model", &[]),
    ("webhook", &["model", "signature"]),
    ("graph", &["model"]),
    ("journal", &["model"]),
    ("export", &["model", "graph"]),
    ("signature", &["model"]),
    ("store", &["model", "webhook", "graph", "journal"]),
    ("pull", &["model", "webhook", "store"]),
    ("drift", &["model", "webhook", "graph", "store", "pull"]),
    ("api", &["model", "webhook", "graph", "journal", "signature", "store"]),
    ("http", &["model", "webhook", "graph", "journal", "export", "signature", "store", "api"]),
];

/// Crates that one folder alone names.
const CRATES: &[(&str, &[&str])] = &[
    ("petgraph", &["graph/"]),
    ("caseless", &["graph/search/"]),
    ("unicode_normalization", &["graph/search/"]),
    ("rusqlite", &["journal/sqlite/"]),
    ("sha2", &["store/import.rs"]),
    ("warp", &["http/"]),
    ("hyper", &["http/"]),
    (
        "aws_lc_rs",
        &[
            "signature/",
            "http/auth/token.rs",
            "http/compat/objects.rs",
            "http/handlers/docs.rs",
            "http/respond/fixed_text.rs",
        ],
    ),
    ("tokio", &["http/", "cli/", "journal/postgres/blocking.rs"]),
    ("ureq", &["pull/"]),
    ("tokio_postgres", &["journal/postgres/"]),
    ("tokio_postgres_rustls", &["journal/postgres/"]),
    ("rustls", &["journal/postgres/tls.rs", "pull/upstream/agent.rs"]),
    ("zeroize", &["pull/secret.rs"]),
    ("fastrand", &["pull/"]),
    ("clap", &["config/", "main.rs"]),
    ("clap_complete", &["config/"]),
    ("anyhow", &["cli/", "config/", "main.rs"]),
    // States of the checkpoint are JSON in their columns, so that SQL can read them.
    (
        "serde_json",
        &[
            "webhook/",
            "signature/",
            "export/",
            "http/",
            "cli/",
            "pull/",
            "drift/repair_events.rs",
            "journal/sqlite/checkpoint/",
            "journal/postgres/checkpoint/",
        ],
    ),
];

/// Code without comments, and without the tests at the end of a file.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text.get(..tests).unwrap_or(text).lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn wrong(name: &str, line: &str) -> Option<String> {
    let part = name.split(['/', '.']).next().unwrap_or_default();
    if let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == part) {
        for other in line.split("crate::").skip(1) {
            let other: String =
                other.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if other != part && other != "sync" && !allowed.contains(&other.as_str()) {
                return Some(format!("{part} names {other}"));
            }
        }
    }
    for (library, places) in CRATES {
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        let named = words.filter(|word| word.starts_with(&format!("{library}::"))).count();
        if named > 0 && !places.iter().any(|place| name.starts_with(place)) {
            return Some(format!("{library} is named outside of {places:?}"));
        }
    }
    None
}

#[test]
fn dependencies_point_one_way() {
    let mut faults = Vec::new();
    for (name, text) in sources() {
        for line in code(&text) {
            faults.extend(wrong(&name, line).map(|fault| format!("{name}: {fault}: {line}")));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_rule_sees_what_breaks_it() {
    assert!(wrong("model/ids.rs", "use crate::graph::Link;").is_some());
    assert!(
        wrong("graph/query/links.rs", "use crate::{model::Seq, crate::store::Store};").is_some()
    );
    assert!(wrong("store/store.rs", "    rusqlite::Connection::open(path)?;").is_some());
    assert!(wrong("http/app.rs", "use petgraph::graph::NodeIndex;").is_some());
    assert!(wrong("store/store.rs", "use crate::graph::Outcome;").is_none());
    assert!(wrong("graph/petgraph.rs", "use petgraph::Direction;").is_none());
}

/// The modules that a file names with `crate::`, each by the longest path that is a file.
fn named<'s>(text: &str, files: &'s [(String, String)]) -> Vec<&'s str> {
    let code: String = code(text).flat_map(|line| [line, "\n"]).collect();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let end = rest.find(|c: char| !is_word(c) && c != ':').unwrap_or(rest.len());
        let (path, rest) = rest.split_at(end);
        let names = rest.strip_prefix('{').and_then(|list| list.split('}').next());
        for name in names.unwrap_or_default().split(',').map(str::trim) {
            let whole = format!("{}{name}", path.trim_end_matches(':').to_owned() + "::");
            let mut parts: Vec<&str> = whole.split("::").filter(|it| !it.is_empty()).collect();
            while !parts.is_empty() {
                let names =
                    [format!("{}.rs", parts.join("/")), format!("{}/mod.rs", parts.join("/"))];
                if let Some((file, _)) = files.iter().find(|(file, _)| names.contains(file)) {
                    found.push(file.as_str());
                    break;
                }
                parts.pop();
            }
        }
    }
    found
}

/// Two files that name each other can only be read together. A `mod.rs` is a table of
/// contents: what it passes on is not counted.
#[test]
fn no_file_is_in_a_circle() {
    let files = sources();
    let mut graph = std::collections::HashMap::new();
    for (name, text) in &files {
        let own = if name.ends_with("mod.rs") || name == "lib.rs" { "" } else { text };
        let mut named = named(own, &files);
        named.retain(|other| other != name);
        graph.insert(name.as_str(), named);
    }
    let mut faults = Vec::new();
    for (name, _) in &files {
        let (mut seen, mut next) = (std::collections::HashSet::new(), graph[name.as_str()].clone());
        while let Some(file) = next.pop() {
            if seen.insert(file) {
                next.extend(&graph[file]);
            }
        }
        if seen.contains(name.as_str()) {
            faults.push(name);
        }
    }
    assert_eq!(faults, Vec::<&String>::new());
    let text = "use crate::graph::view::View;\nuse crate::store::writer::{command, queue::Queue};";
    let expected = ["graph/view.rs", "store/writer/command.rs", "store/writer/queue.rs"];
    assert_eq!(named(text, &files), expected);
}

/// With `autotests = false` a file that nothing declares would be compiled by nobody, and its
/// tests would pass by not being there.
#[test]
fn every_file_of_tests_is_compiled() {
    let all = files("tests");
    let roots = ["it/main.rs", "crash/main.rs", "readers/main.rs"];
    for (name, _) in all.iter().filter(|(name, _)| !roots.contains(&name.as_str())) {
        let path = name.strip_suffix("/mod.rs").or_else(|| name.strip_suffix(".rs")).unwrap();
        let (folder, module) = path.rsplit_once('/').unwrap_or(("", path));
        let parents = ["mod.rs", "main.rs"].map(|root| format!("{folder}/{root}"));
        let declares = |text: &str| {
            text.lines()
                .any(|line| line.trim_start_matches("pub(crate) ") == format!("mod {module};"))
        };
        let is_declared =
            all.iter().any(|(parent, text)| parents.contains(parent) && declares(text));
        assert!(is_declared, "tests/{name} is in no binary: declare it in {folder}/mod.rs");
    }
}

/// Where a number ends at the greatest of its type, and why that names no wrong thing.
const CLAMPS: &[(&str, &str)] = &[
    ("model/timestamp.rs", "times after the year 292,278,994"),
    ("journal/sqlite/dead_letters.rs", "the bound of a range: past all that is there"),
    ("journal/sqlite/events.rs", "the bound of a range: past all that is there"),
    ("journal/sqlite/history.rs", "the bound of a range: past all that is there"),
    ("journal/sqlite/import_marks.rs", "a limit"),
    ("journal/sqlite/schema.rs", "a handful of steps"),
    (
        "journal/postgres/events.rs",
        "the bound of a range: past all that is there; no number that is kept is as great",
    ),
    ("journal/memory/journal.rs", "how many to skip and to take: no more than there are"),
    ("journal/memory/state.rs", "how many to prune: no more than there are"),
    ("http/feed/hub.rs", "a pace, clamped further on"),
    ("api/requests.rs", "a cursor: no match meets as many conditions as do not fit"),
];

/// Whether a line lets a number end at the greatest of its type.
fn clamps(line: &str) -> bool {
    line.split("unwrap_or(").skip(1).any(|rest| {
        let value = rest.split(')').next().unwrap_or_default();
        !value.contains('(') && (value.ends_with("::MAX") || value.ends_with("::MIN"))
    })
}

/// A number of a text that ended at 65,535 once made ids of ids of others, and the
/// checkpoint kept that. What addresses something is made by `address`, or refused.
#[test]
fn no_number_that_addresses_something_saturates() {
    let mut faults = Vec::new();
    let mut used = Vec::new();
    for (name, text) in sources() {
        for line in code(&text).filter(|line| clamps(line)) {
            match CLAMPS.iter().find(|(file, _)| *file == name) {
                Some((file, _)) => used.push(*file),
                None => faults.push(format!("{name}: {}", line.trim())),
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    for (file, reason) in CLAMPS {
        assert!(used.contains(file), "nothing is clamped in {file} any more ({reason})");
    }
    assert!(clamps("let at = u16::try_from(len).unwrap_or(u16::MAX);"));
    assert!(!clamps("let at = found.unwrap_or(0);"));
}
