//! `relata find`, and names in place of ids wherever a command takes a node.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use relata::{Options, Store};
use serde_json::{Value, json};

use crate::cli::queries::{AMARA, HOUSE, check_refusal, filled, here, out};
use crate::cli::watch::Watching;
use crate::support::database::fresh;
use crate::support::golden;
use crate::support::server::{Error, Server, relata};

const PROPERTY: &str = "custom_objects.property";

fn run(db: &Path, arguments: &[&str]) -> Result<Output, Error> {
    Ok(relata().arg("--db").arg(db).args(arguments).output()?)
}

fn contact(id: &str, name: &str) -> Value {
    json!({"type": "ContactUpdate", "id": id, "locationId": "L", "name": name})
}

fn property(id: &str, name: &str) -> Value {
    json!({"type": "RecordUpdate", "id": id, "locationId": "L", "objectKey": PROPERTY,
        "properties": [{"key": "name", "valueString": name}]})
}

fn ingest(store: &Store, events: &[Value]) -> Result<(), Error> {
    for event in events {
        store.ingest(event.to_string().as_bytes())?;
    }
    Ok(())
}

/// A store with these events.
fn store_of(events: &[Value]) -> Result<(tempfile::TempDir, PathBuf), Error> {
    let (directory, db) = fresh()?;
    let store = Store::open(&db)?;
    ingest(&store, events)?;
    store.close()?;
    Ok((directory, db))
}

/// People and houses with names that are like others.
fn people() -> Vec<Value> {
    vec![
        contact("c1", "Amara Okafor"),
        contact("c2", "Amara Okafor-Smith"),
        contact("c3", "Zoë Straße"),
        contact("c4", "Ben Castillo"),
        contact("c5", "ben  castillo"),
        contact("c6", "Smith, Ann"),
        contact("c7", "contact"),
        contact("solo", "Solo"),
        contact("alone", "alone"),
        contact("c8", "p1"),
        contact("c10", "Carl Sand"),
        contact("c11", "ＤＩＤＩ"),
        contact("zz-91", "Long Id"),
        contact("p2", "Twin Two"),
        property("p1", "12 Maple Street"),
        property("p2", "A/C Repair Hall"),
        property("p3", "Didi House"),
        property("p4", "Twin"),
        property("p5", "contact/Lead Form"),
        contact("c12", "twin"),
        contact("c13", "Dora Gone"),
        json!({"type": "ContactDelete", "id": "c13", "locationId": "L"}),
    ]
}

/// What an argument must mean: a node, several records by id, or nothing.
enum Meant {
    Node(&'static str),
    Several(&'static [&'static str]),
    Nothing,
}

use Meant::{Node, Nothing, Several};

const MEANT: &[(&str, Meant)] = &[
    // References that are known, whatever is called alike.
    ("contact/c1", Node("contact/c1")),
    ("contact", Node("contact")),
    ("contact/c13", Node("contact/c13")),
    // Whole names: though others begin so, and however they are written.
    ("Amara Okafor", Node("contact/c1")),
    ("  AMARA   okafor ", Node("contact/c1")),
    ("amara okafor-smith", Node("contact/c2")),
    ("zoe strasse", Node("contact/c3")),
    ("ZOE\u{308} STRASSE", Node("contact/c3")),
    ("didi", Node("contact/c11")),
    ("Smith, Ann", Node("contact/c6")),
    ("A/C Repair Hall", Node("custom_objects.property/p2")),
    // The beginning of a name, and of words.
    ("a/c rep", Node("custom_objects.property/p2")),
    ("12 map", Node("custom_objects.property/p1")),
    ("sand carl", Node("contact/c10")),
    ("ann", Node("contact/c6")),
    // Ids: whole ones, though others begin so; else their beginning.
    ("p3", Node("custom_objects.property/p3")),
    ("alone", Node("contact/alone")),
    ("SOLO", Node("contact/solo")),
    ("zz-9", Node("contact/zz-91")),
    ("c13", Node("contact/c13")),
    // Behind an object key.
    ("contact/Amara Okafor", Node("contact/c1")),
    ("contact/sand", Node("contact/c10")),
    ("contact/twin", Node("contact/c12")),
    ("custom_objects.property/TWIN", Node("custom_objects.property/p4")),
    ("custom_objects.property/12 maple street", Node("custom_objects.property/p1")),
    ("property/12 Maple Street", Node("custom_objects.property/p1")),
    ("property/p1", Node("custom_objects.property/p1")),
    ("property/A/C Repair Hall", Node("custom_objects.property/p2")),
    ("property/didi", Node("custom_objects.property/p3")),
    ("contact/p1", Node("contact/c8")),
    ("contact/lead form", Node("custom_objects.property/p5")),
    // Several.
    ("Ben Castillo", Several(&["c4", "c5"])),
    ("contact/ben castillo", Several(&["c4", "c5"])),
    ("okafor", Several(&["c1", "c2"])),
    ("twin", Several(&["c12", "p4"])),
    ("p1", Several(&["c8", "p1"])),
    ("p2", Several(&["p2", "p2"])),
    (
        "c",
        Several(&["c1", "c10", "c11", "c12", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "p2", "p5"]),
    ),
    // Nothing. A script that names a record by its id is never given another.
    ("contact/zz-9", Nothing),
    ("contact/12 Maple Street", Nothing),
    ("Dora Gone", Nothing),
    ("nobody", Nothing),
    ("nowhere/at all", Nothing),
    ("property", Nothing),
    (" ", Nothing),
];

/// The last column of the lines below a heading.
fn listed_ids(lines: &str) -> Vec<&str> {
    let rows = lines.lines().skip_while(|line| !line.starts_with("OBJECT ")).skip(1);
    let mut ids: Vec<&str> = rows.filter_map(|row| row.split_whitespace().last()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_name_means_the_one_record_that_has_it() -> Result<(), Error> {
    let (_directory, db) = store_of(&people())?;
    for (given, meant) in MEANT {
        let output = run(&db, &["path", given, given, "--json"])?;
        let errors = String::from_utf8(output.stderr)?;
        if let Node(expected) = meant {
            let found: Value = serde_json::from_slice(&output.stdout)
                .map_err(|error| format!("{given}: {error}: {errors}"))?;
            let step = &found["paths"][0][0];
            let record = step["record"].as_str().map(|id| format!("/{id}")).unwrap_or_default();
            let node = format!("{}{record}", step["object"].as_str().unwrap_or_default());
            assert_eq!((&*node, &*errors), (*expected, ""), "{given}");
            continue;
        }
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{given}");
        if let Several(ids) = meant {
            let first = format!("relata: L: several records match `{given}`: ");
            assert!(errors.starts_with(&first), "{given}: {errors}");
            assert_eq!(listed_ids(&errors), *ids, "{given}: {errors}");
        } else {
            let why = format!(
                "relata: L: no event has named {given}; `relata find` looks for records by name\n"
            );
            assert_eq!(errors, why);
        }
    }
    // It would be the name of c10 but for what nobody reads.
    let long = format!("Carl Sand{}", "-".repeat(504));
    check_refusal(&run(&db, &["links", &long])?, 1, "no event has named Carl Sand--");
    out(&db, &["links", &long[..512]])?;
    Ok(())
}

/// What a script calls by its reference stays that, also when only its events are left.
#[test]
fn what_was_dropped_is_not_taken_for_a_name() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let options = Options { keep_tombstones: Some(Duration::ZERO), ..Options::default() };
    let store = Store::open_with(&db, options)?;
    let deleted = json!({"type": "ContactDelete", "id": "old", "locationId": "L",
        "timestamp": "2026-01-02T03:04:05.006Z"});
    ingest(&store, &[deleted, contact("c1", "Old Timer")])?;
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(store.compact()?, 1);
    store.close()?;
    let history: Value = serde_json::from_str(&out(&db, &["history", "contact/old", "--json"])?)?;
    assert_eq!(history["events"][0]["id"], "old");
    check_refusal(&run(&db, &["links", "contact/old"])?, 1, "no event has named contact/old");
    out(&db, &["links", "contact/old", "--as-of", "1"])?;
    out(&db, &["links", "contact/old t"])?;
    Ok(())
}

/// Twenty are listed, and nothing that an id holds reaches the terminal.
#[test]
fn a_list_of_matches_is_short_and_harmless() -> Result<(), Error> {
    let mut events: Vec<Value> = (10..31).map(|it| contact(&format!("id{it}"), "Many")).collect();
    events.extend(["\u{1b}[2J1", "\u{1b}]0;x\u{7}2"].map(|id| contact(id, "Evil")));
    let (_directory, db) = store_of(&events)?;
    let several = run(&db, &["labels", "many"])?;
    let errors = String::from_utf8(several.stderr)?;
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!((several.status.code(), several.stdout.len()), (Some(1), 0));
    assert_eq!((lines.len(), lines[1]), (23, "OBJECT   NAME  ID"), "{errors}");
    assert_eq!((lines[2], lines[21]), ("contact  Many  id10", "contact  Many  id29"));
    assert_eq!(lines[22], "… and more");

    let evil = run(&db, &["labels", "evil"])?;
    assert_eq!(listed_ids(&String::from_utf8_lossy(&evil.stderr)).len(), 2);
    let unknown = run(&db, &["labels", "no\u{1b}[31mbody"])?;
    let found = run(&db, &["find", "evil"])?;
    assert_eq!(String::from_utf8_lossy(&found.stdout).lines().count(), 3);
    for text in [&evil.stderr, &unknown.stderr, &found.stdout] {
        let text = std::str::from_utf8(text)?;
        assert!(text.contains('\u{fffd}'), "{text:?}");
        assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
    }
    Ok(())
}

/// Every argument that is a node, as its help shows it, and a command with `{}` in its place.
const NODES: &[(&str, &str, &[&str])] = &[
    ("links", "<NODE>", &["links", "{}"]),
    ("labels", "<NODE>", &["labels", "{}"]),
    ("match", "--all <COND>", &["match", "--all", "{}=Listing"]),
    ("match", "--any <COND>", &["match", "--any", "{}"]),
    ("match", "--none <COND>", &["match", "--object", "contact", "--none", "{}"]),
    ("walk", "<FROM>...", &["walk", "contact/rOGUddlBz6igqspDOS9C", "{}", "--step", "*"]),
    ("path", "<FROM>", &["path", "{}", AMARA]),
    ("path", "<TO>", &["path", AMARA, "{}", "--as-of", "300"]),
    ("neighborhood", "<NODE>", &["neighborhood", "{}"]),
    ("history", "[NODE]", &["history", "{}"]),
    ("watch", "--of <NODE>", &["watch", "--after", "0", "--of", "{}"]),
    ("export", "--of <NODE>", &["export", "--format", "dot", "--of", "{}"]),
];

fn help(arguments: &[&str]) -> Result<String, Error> {
    Ok(String::from_utf8(relata().args(arguments).output()?.stdout)?)
}

/// The arguments of every command that are nodes, by its help.
fn helped() -> Result<BTreeSet<(String, String)>, Error> {
    let top = help(&["--help"])?;
    let commands = top.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let mut found = BTreeSet::new();
    // What is copied is a store, from one place to another.
    let commands = commands.filter(|name| *name != "copy");
    for command in commands.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())) {
        for line in help(&[command, "--help"])?.lines() {
            let shown = line.trim_start().split("  ").next().unwrap_or_default();
            let is_argument = line.starts_with("  ") && shown.starts_with(['<', '[', '-']);
            let names = ["NODE", "FROM", "TO", "COND"];
            let is_node = |shown: &str| {
                let name = shown.rsplit(['<', '[']).next().unwrap_or_default();
                names.contains(&name.trim_end_matches(['>', ']', '.']))
            };
            if is_argument && is_node(shown) {
                found.insert((command.to_owned(), shown.to_owned()));
            }
        }
    }
    Ok(found)
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// What a command prints: the first line of one that never ends.
fn shown(db: &Path, arguments: &[&str]) -> Result<String, Error> {
    match arguments {
        ["watch", rest @ ..] => Ok(Watching::start(db, &here(rest))?.lines(1).remove(0)),
        _ => out(db, &here(arguments)),
    }
}

/// Runs a command that must end, also if that is `relata watch`.
fn ended(db: &Path, arguments: &[&str]) -> Result<Output, Error> {
    let mut command = relata();
    command.arg("--db").arg(db).args(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let start = Instant::now();
    while child.try_wait()?.is_none() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    // One that has ended is killed no more.
    child.kill()?;
    Ok(child.wait_with_output()?)
}

#[test]
fn every_argument_that_is_a_node_may_be_a_name() -> Result<(), Error> {
    let known = NODES.iter().map(|(command, shown, _)| ((*command).into(), (*shown).into()));
    assert_eq!(helped()?, known.collect(), "`NODES` has others");
    let (_directory, db) = filled()?;
    for (command, argument, form) in NODES {
        let with = |node: &str| form.iter().map(|part| part.replace("{}", node)).collect();
        let texts: Vec<String> = with(HOUSE);
        let expected = shown(&db, &borrowed(&texts))?;
        assert!(expected.len() > 10, "{command} {argument}: {expected}");
        for name in ["12 Maple Street", "property/12 maple", "6adf249e8ce18ef62a90b95f"] {
            let texts: Vec<String> = with(name);
            let shown = shown(&db, &borrowed(&texts))?;
            assert_eq!(shown, expected, "{command} {argument} {name}");
        }
        let texts: Vec<String> = with("maple");
        let json: &[&str] = if *command == "export" { &[] } else { &["--json"] };
        for more in [&[], json] {
            let output = ended(&db, &here(&[&borrowed(&texts), more].concat()))?;
            let errors = String::from_utf8(output.stderr)?;
            assert_eq!(output.status.code(), Some(1), "{command} {argument}: {errors}");
            assert!(output.stdout.is_empty(), "{command} {argument}");
            assert_eq!(listed_ids(&errors).len(), 4, "{command} {argument}: {errors}");
        }
    }
    check_refusal(&run(&db, &["links", "12 Maple Street"])?, 1, "choose one with --location");
    Ok(())
}

#[test]
fn an_ambiguous_export_leaves_the_last_good_file() -> Result<(), Error> {
    let (directory, db) = filled()?;
    let good = directory.path().join("graph");
    std::fs::write(&good, "yesterday")?;
    let to = good.to_str().ok_or("path")?;
    let export = ["export", "--format", "dot", "--output", to, "--of"];
    let output = run(&db, &here(&[&export[..], &["maple"]].concat()))?;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&good)?, "yesterday");
    out(&db, &here(&[&export[..], &["12 Maple Street"]].concat()))?;
    assert!(std::fs::read_to_string(&good)?.starts_with("digraph"));
    Ok(())
}

#[test]
fn find_prints_a_table_or_what_the_api_answers() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    let server = Server::start(&db)?;
    for (name, arguments) in [
        ("find", &["find", "12", "maple"][..]),
        ("find-object", &["find", "harbour", "--object", PROPERTY]),
        ("find-limit", &["find", "amara", "--limit", "2"]),
        ("find-nothing", &["find", "nobody"]),
    ] {
        golden::check(&format!("cli/{name}.txt"), &out(&db, &here(arguments))?);
    }
    let at = "/v1/locations/seaside-realty/search";
    for (arguments, query) in [
        (&["find", "12", "maple"][..], "?q=12+maple"),
        (&["find", "amara", "--limit", "2"], "?q=amara&limit=2"),
        (&["find", "harbour", "--object", PROPERTY], "?q=harbour&object=custom_objects.property"),
        (&["find", "harbour", "--object", "no"], "?q=harbour&object=no"),
    ] {
        let printed = out(&db, &here(&[arguments, &["--json"]].concat()))?;
        let answer = server.get(&format!("{at}{query}"))?;
        assert_eq!((answer.status, answer.text()), (200, printed.trim_end().to_owned()));
    }
    Ok(())
}

#[test]
fn find_has_limits() -> Result<(), Error> {
    let events: Vec<Value> = (100..202).map(|it| contact(&format!("id{it}"), "Many")).collect();
    let (_directory, db) = store_of(&events)?;
    let rows = |arguments: &[&str]| -> Result<(usize, String), Error> {
        let text = out(&db, arguments)?;
        Ok((listed_ids(&text).len(), text.lines().last().unwrap_or_default().to_owned()))
    };
    assert_eq!(rows(&["find", "many"])?, (21, "the first 20 records; more with --limit".into()));
    let all = rows(&["find", "many", "--limit", "100"])?;
    assert_eq!(all, (101, "the first 100 records; a longer TEXT finds fewer".into()));
    let mut set = relata();
    set.env("RELATA_FIND_LIMIT", "3").env("RELATA_LIMIT", "1000").arg("--db").arg(&db);
    let set = String::from_utf8(set.args(["find", "many"]).output()?.stdout)?;
    assert_eq!(set.lines().count(), 5, "{set}");

    let long = "a".repeat(513);
    for (arguments, part) in [
        (&["find", " ", ""][..], "find needs a TEXT of 1 to 512 bytes"),
        (&["find", &long], "find needs a TEXT of 1 to 512 bytes"),
        (&["find"], "<TEXT>..."),
        (&["find", "a", "--limit", "0"], "0 is not in 1..=100"),
        (&["find", "a", "--limit", "101"], "101 is not in 1..=100"),
    ] {
        check_refusal(&run(&db, arguments)?, 2, part);
    }
    check_refusal(&run(&db, &["find", "a", "--location", "no"])?, 1, "there is no location no");
    check_refusal(&run(&db.with_extension("no"), &["find", "a"])?, 1, "no such database");
    Ok(())
}
