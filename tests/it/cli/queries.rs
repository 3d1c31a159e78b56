//! The questions by the real binary: what people read, and that programs read
//! what the HTTP API answers.

use std::path::{Path, PathBuf};
use std::process::Output;

use relata::webhook::Decoded;
use relata::{Delivery, Options, Store, Timestamp};
use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::golden;
use crate::support::sample::SAMPLE;
use crate::support::server::{Error, Server, relata};

const AT: &str = "/v1/locations/seaside-realty";
pub(super) const HOUSE: &str = "custom_objects.property/6adf249e8ce18ef62a90b95f";
pub(super) const AMARA: &str = "contact/TO8RJjq9RDegjbPPMkse";
const NADIA: &str = "contact/nRVKrRvX10SlwaovBxae";
const BANK: &str = "business/6adf168e522f1e415ec26a60";
const BEN: &str = "contact/RwOR1rEroB5eX0lPuxFF";

/// When a third of the sample had come.
const THEN: &str = "2026-10-29T12:00:00Z";

/// A store of the sample in which each event came in when it was sent.
pub(super) fn filled() -> Result<(tempfile::TempDir, PathBuf), Error> {
    let (directory, db) = fresh()?;
    fill(&db)?;
    Ok((directory, db))
}

/// Fills a store with the sample, in which each event came in when it was sent.
pub(super) fn fill(db: &Path) -> Result<(), Error> {
    let store = Store::open_with(db, Options::default())?;
    let mut now = Timestamp::from_millis(0);
    for line in SAMPLE.lines() {
        let delivery = Delivery::read(line.as_bytes(), None, now)?;
        if let Decoded::Event(event) = delivery.decoded() {
            now = now.max(event.at.unwrap_or(now));
        }
        store.submit_waiting(delivery.received_at(now), |_| ())?;
    }
    Ok(store.close()?)
}

fn run(db: &Path, arguments: &[&str]) -> Result<Output, Error> {
    Ok(relata().arg("--db").arg(db).args(arguments).output()?)
}

/// Standard output of a command that must work.
pub(super) fn out(db: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = run(db, arguments)?;
    let errors = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert_eq!(errors, "", "{arguments:?}");
    Ok(String::from_utf8(output.stdout)?)
}

pub(super) fn here<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--location", "seaside-realty"]].concat()
}

/// What people read, by name of the file that holds it.
const READ: &[(&str, &[&str])] = &[
    (
        "links-in-time",
        &[
            "links",
            HOUSE,
            "--since",
            "2026-11-05T10:01:00.471Z",
            "--until",
            "2026-11-13T16:07:00.642Z",
        ],
    ),
    ("links-as-of-time", &["links", HOUSE, "--as-of", THEN]),
    ("links-as-of-seq", &["links", AMARA, "--as-of", "117", "--limit", "2"]),
    ("links-timed-page", &["links", HOUSE, "--since", THEN, "--limit", "2"]),
    ("diff", &["diff", "--from", "60", "--to", "110", "--limit", "12"]),
    ("diff-back", &["diff", "--from", "388", "--to", "334"]),
    ("labels-record", &["labels", AMARA]),
    ("labels-object", &["labels", "contact"]),
    ("labels-as-of", &["labels", AMARA, "--as-of", THEN]),
    (
        "match-all",
        &[
            "match",
            "--all",
            "contact/TO8RJjq9RDegjbPPMkse=Interested Buyer",
            "--all",
            "contact/RwOR1rEroB5eX0lPuxFF=Interested Buyer",
        ],
    ),
    (
        "match-any-none",
        &[
            "match",
            "--any",
            "contact/nRVKrRvX10SlwaovBxae=Listing Agent",
            "--any",
            "contact/WbYpvuCT1R2FWcAoh5uR=Owner",
            "--none",
            AMARA,
            "--limit",
            "3",
        ],
    ),
    (
        "match-association",
        &["match", "--all", "contact/TO8RJjq9RDegjbPPMkse,association=buyer_property_interest"],
    ),
    (
        "match-object-none",
        &[
            "match",
            "--object",
            "custom_objects.property",
            "--none",
            "contact/nRVKrRvX10SlwaovBxae=Listing Agent",
            "--limit",
            "4",
        ],
    ),
    ("match-objects", &["match", "--all", "contact", "--all", "custom_objects.property"]),
    (
        "walk",
        &["walk", HOUSE, "--step", "Interested Buyer", "--step", "Saved Home", "--limit", "5"],
    ),
    (
        "walk-several",
        &[
            "walk",
            AMARA,
            BEN,
            "--step",
            "association=buyer_property_interest",
            "--step",
            "Listing Agent",
        ],
    ),
    (
        "walk-filters",
        &[
            "walk",
            AMARA,
            "--step",
            ",object=contact,side=second",
            "--step",
            "*,side=first,association=property_owner",
        ],
    ),
    (
        "walk-paths",
        &[
            "walk",
            "contact/WbYpvuCT1R2FWcAoh5uR",
            "--step",
            "*,object=contact",
            "--step",
            "Saved Home",
            "--paths",
            "--limit",
            "3",
        ],
    ),
    ("path", &["path", AMARA, NADIA]),
    ("path-all", &["path", AMARA, BANK, "--all"]),
    ("path-all-limited", &["path", AMARA, BANK, "--all", "--limit", "2"]),
    ("path-labels", &["path", AMARA, NADIA, "--label", "Interested Buyer", "--label", "Listing"]),
    ("path-none", &["path", AMARA, BANK, "--max-hops", "2"]),
    ("path-itself", &["path", AMARA, AMARA]),
    ("path-objects", &["path", "business", "custom_objects.property"]),
    ("neighborhood", &["neighborhood", AMARA]),
    (
        "neighborhood-deep",
        &[
            "neighborhood",
            NADIA,
            "--depth",
            "2",
            "--limit",
            "8",
            "--label",
            "Listing",
            "--label",
            "Owner",
        ],
    ),
    ("neighborhood-object", &["neighborhood", "business", "--as-of", "12"]),
    ("summary-as-of", &["summary", "--as-of", THEN]),
    ("history-record", &["history", AMARA, "--limit", "4"]),
    ("history-newest", &["history", AMARA, "--order", "newest", "--limit", "4"]),
    ("history-object", &["history", "business"]),
    ("history-relation", &["history", "--relation", "52260f1169f63c4938cef973"]),
    ("history-association", &["history", "--association", "724455fc72ba9d79a3488b7e"]),
];

#[test]
fn queries_are_printed_as_tables() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    for (name, arguments) in READ {
        golden::check(&format!("cli/{name}.txt"), &out(&db, &here(arguments))?);
    }
    Ok(())
}

/// Compares what a command prints with `--json` with what the server answers.
fn compare(db: &Path, server: &Server, arguments: &[&str], path: &str) -> Result<(), Error> {
    let printed = out(db, &here(&[arguments, &["--json"]].concat()))?;
    let answer = server.get(&format!("{AT}{path}"))?;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_eq!(printed.trim_end(), answer.text(), "{arguments:?}");
    Ok(())
}

#[test]
fn json_output_equals_the_answers_of_the_api() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    let server = Server::start(&db)?;
    let check = |arguments: &[&str], path: &str| compare(&db, &server, arguments, path);
    let house = "/objects/custom_objects.property/records/6adf249e8ce18ef62a90b95f/links";
    let since = "2026-11-05T10:01:00.471Z";
    check(
        &["links", HOUSE, "--since", since, "--until", "2026-11-13T16:07:00.642Z"],
        &format!("{house}?since={since}&until=2026-11-13T16:07:00.642Z"),
    )?;
    check(&["links", HOUSE, "--as-of", THEN], &format!("{house}?asOf={THEN}"))?;
    check(&["links", HOUSE, "--as-of", "388"], &format!("{house}?asOf=388"))?;
    check(&["labels", AMARA], &format!("/labels?of={AMARA}"))?;
    check(&["labels", "contact", "--as-of", "12"], "/labels?of=contact&asOf=12")?;
    check(
        &["path", AMARA, BANK, "--all", "--limit", "2", "--max-hops", "4"],
        &format!("/path?from={AMARA}&to={BANK}&all=true&limit=2&maxHops=4"),
    )?;
    check(
        &["path", AMARA, NADIA, "--label", "Listing Agent", "--label", "Saved Home"],
        &format!("/path?from={AMARA}&to={NADIA}&label=Listing+Agent&label=Saved+Home"),
    )?;
    check(
        &["path", AMARA, BANK, "--max-hops", "1", "--as-of", THEN],
        &format!("/path?from={AMARA}&to={BANK}&maxHops=1&asOf={THEN}"),
    )?;
    check(
        &["neighborhood", AMARA, "--depth", "2", "--limit", "9", "--association", "spouse"],
        &format!("/neighborhood?of={AMARA}&depth=2&limit=9&association=spouse"),
    )?;
    check(&["neighborhood", AMARA], &format!("/neighborhood?of={AMARA}"))?;
    check(&["summary"], "/summary")?;
    check(&["summary", "--as-of", THEN], &format!("/summary?asOf={THEN}"))?;
    check(&["diff", "--from", "60"], "/diff?from=60")?;
    check(
        &["diff", "--from", "60", "--to", THEN, "--limit", "5"],
        &format!("/diff?from=60&to={THEN}&limit=5"),
    )?;
    check(&["history", AMARA, "--limit", "3"], &format!("/history?of={AMARA}&limit=3"))?;
    check(
        &["history", AMARA, "--order", "newest", "--limit", "3"],
        &format!("/history?of={AMARA}&order=newest&limit=3"),
    )?;
    let (relation, association) = ("52260f1169f63c4938cef973", "724455fc72ba9d79a3488b7e");
    check(&["history", "--relation", relation], &format!("/history?relation={relation}"))?;
    check(
        &["history", "--association", association],
        &format!("/history?association={association}"),
    )?;
    for format in ["graphml", "dot", "node-link", "ndjson"] {
        for moment in ["100", THEN, "388"] {
            let export = ["export", "--format", format, "--as-of", moment];
            let answer = server.get(&format!("{AT}/export?format={format}&asOf={moment}"))?;
            assert_eq!(out(&db, &here(&export))?, answer.text(), "{format} as of {moment}");
        }
    }
    Ok(())
}

/// As [`compare`], where the question is a body.
fn compare_body(
    db: &Path,
    server: &Server,
    arguments: &[&str],
    path: &str,
    body: &Value,
) -> Result<(), Error> {
    let printed = out(db, &here(&[arguments, &["--json"]].concat()))?;
    let answer = server.post(&format!("{AT}/{path}"), body.to_string().as_bytes())?;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    assert_eq!(printed.trim_end(), answer.text(), "{arguments:?}");
    Ok(())
}

#[test]
fn json_output_of_matches_equals_the_answer_of_the_api() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    let server = Server::start(&db)?;
    let check =
        |arguments: &[&str], body: &Value| compare_body(&db, &server, arguments, "match", body);
    let buyer = |node: &str| json!({"linkedTo": node, "label": "Interested Buyer"});
    check(
        &[
            "match",
            "--all",
            &format!("{AMARA}=Interested Buyer"),
            "--any",
            BEN,
            "--any",
            "contact/HaKkoijtOuGiUegfAU7A",
        ],
        &json!({"all": [buyer(AMARA)], "any": [{"linkedTo": BEN}, {"linkedTo": "contact/HaKkoijtOuGiUegfAU7A"}]}),
    )?;
    check(
        &[
            "match",
            "--object",
            "custom_objects.property",
            "--none",
            &format!("{AMARA}=Interested Buyer,label=Visitor,association=buyer_property_interest"),
            "--limit",
            "5",
            "--as-of",
            THEN,
        ],
        &json!({"object": "custom_objects.property", "limit": 5, "asOf": THEN, "none": [{
            "linkedTo": AMARA, "label": ["Interested Buyer", "Visitor"],
            "association": "buyer_property_interest"}]}),
    )?;
    Ok(())
}

#[test]
fn json_output_of_walks_equals_the_answer_of_the_api() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    let server = Server::start(&db)?;
    let check =
        |arguments: &[&str], body: &Value| compare_body(&db, &server, arguments, "walk", body);
    check(
        &[
            "walk",
            HOUSE,
            "--step",
            "Interested Buyer",
            "--step",
            "*,object=custom_objects.property,side=first",
        ],
        &json!({"from": [HOUSE], "steps": [{"label": "Interested Buyer"},
            {"object": "custom_objects.property", "side": "first"}]}),
    )?;
    check(
        &[
            "walk",
            AMARA,
            BEN,
            "--step",
            "",
            "--step",
            "association=listing_agent",
            "--paths",
            "--limit",
            "4",
        ],
        &json!({"from": [AMARA, BEN], "steps": [{}, {"association": "listing_agent"}],
            "paths": true, "limit": 4}),
    )?;
    Ok(())
}

/// One line on standard error, nothing on standard output.
pub(super) fn check_refusal(output: &Output, code: i32, part: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(errors.contains(part), "{part:?} is not in {errors:?}");
    assert!(output.stdout.is_empty());
    // Where there is a choice, it is listed below.
    if code == 1 && !errors.contains("choose one") {
        assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
    }
}

#[test]
fn queries_that_cannot_be_answered_say_why() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    let check = |arguments: &[&str], code: i32, part: &str| -> Result<(), Error> {
        check_refusal(&run(&db, &here(arguments))?, code, part);
        Ok(())
    };
    let nobody = "seaside-realty: no event has named contact/nobody";
    check(&["links", "contact/nobody"], 1, nobody)?;
    check(&["labels", "contact/nobody"], 1, nobody)?;
    check(&["match", "--all", "contact/nobody"], 1, nobody)?;
    check(&["walk", "contact/nobody", "--step", "*"], 1, nobody)?;
    check(&["path", AMARA, "contact/nobody"], 1, nobody)?;
    check(&["neighborhood", "contact/nobody"], 1, nobody)?;
    check(&["history", "contact/nobody"], 1, nobody)?;
    check(&["history", "contact/nobody", "--order", "newest"], 1, nobody)?;
    check(&["history", "--relation", "no"], 1, "no event has named the relation no")?;
    check(&["history", "--association", "no"], 1, "no event has named the association no")?;
    check(
        &["labels", AMARA, "--as-of", "12"],
        1,
        "seaside-realty as of event 12: no event has named contact/TO8RJjq9RDegjbPPMkse",
    )?;
    check(&["path", AMARA, "contact"], 1, "contact is of the other layer")?;

    check(&["links", AMARA, "--as-of", "yesterday"], 2, "neither a seq nor an RFC 3339 time")?;
    check(&["links", AMARA, "--as-of=-1"], 2, "neither a seq nor")?;
    check(&["export", "--format", "dot", "--as-of", "x"], 2, "neither a seq nor")?;
    check(&["diff", "--from", "x"], 2, "neither a seq nor")?;
    check(&["diff"], 2, "--from")?;
    check(&["links", AMARA, "--since", "2026-11-01"], 2, "not an RFC 3339 time")?;
    check(&["match"], 2, "match needs --all or --any, or --none with --object")?;
    check(&["match", "--object", "contact"], 2, "match needs")?;
    check(&["match", "--none", "contact"], 2, "match needs")?;
    check(&["match", "--all", "/"], 2, "node reference")?;
    check(&["match", "--all", "contact/a,lable=b"], 2, "`lable` is not one of label")?;
    check(&["walk", AMARA], 2, "--step <STEP>")?;
    check(&["walk", "--step", "*"], 2, "<FROM>")?;
    check(&["walk", AMARA, "--step", "Buyer, Seller"], 2, r"written \,")?;
    check(&["path", AMARA], 2, "<TO>")?;
    check(&["path", AMARA, BEN, "--max-hops", "33"], 2, "33 is not in 1..=32")?;
    check(&["neighborhood", AMARA, "--depth", "9"], 2, "9 is not in 1..=8")?;
    check(&["history"], 2, "<NODE|--relation <ID>|--association <ID>>")?;
    check(&["history", AMARA, "--relation", "x"], 2, "cannot be used with")?;
    check(&["history", AMARA, "--order", "latest"], 2, "possible values: oldest, newest")?;
    check_refusal(&run(&db, &["completions", "tcsh"])?, 2, "bash");
    Ok(())
}

#[test]
fn completions_cover_every_command() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = out(&db, &["completions", shell])?;
        for word in ["neighborhood", "max-hops", "dead-letters", "as-of"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let script = out(&db, &["completions", "bash"])?;
    let asked = r#"COMP_WORDS=(relata path --max); COMP_CWORD=2; _relata relata --max path; echo "${COMPREPLY[@]}""#;
    let shell =
        std::process::Command::new("bash").args(["-c", &format!("{script}\n{asked}")]).output()?;
    assert_eq!(String::from_utf8(shell.stdout)?, "--max-hops\n");
    Ok(())
}
