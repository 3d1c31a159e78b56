//! `relata drift`, by the real binary.

use std::process::Output;

use relata::Store;
use serde_json::Value;

use crate::pull::command::Place;
use crate::pull::pulled::relations;
use crate::support::database::fresh;
use crate::support::server::{Server, relata, run as run_command};
use crate::support::upstream::{Limits, Settings};

fn run(place: &Place, arguments: &[&str]) -> Output {
    let mut command = place.command_of("drift", arguments);
    command.env("RELATA_SETTLE", "1ms").output().unwrap()
}

/// Runs, and checks how it ends. Returns what it printed, and what it complained of.
fn ends(place: &Place, arguments: &[&str], code: i32) -> (String, String) {
    let output = run(place, arguments);
    let [out, errors] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{errors}");
    assert!(!errors.contains(&place.location.token) && !out.contains(&place.location.token));
    (out, errors)
}

/// A database with all of a location, of which four links are gone since.
fn place() -> (Place, Vec<String>) {
    let place = Place::with(Settings::default());
    place.ends(&[], 0);
    let gone: Vec<String> = place.stand_in.truth().relations.keys().take(4).cloned().collect();
    for id in &gone {
        place.stand_in.edit(|it| it.delete_relation(id));
    }
    place.stand_in.pass(std::time::Duration::from_secs(3));
    (place, gone)
}

#[test]
fn differences_are_printed_counted_reported_and_removed() {
    let (place, gone) = place();
    let (out, _) = ends(&place, &["--limit", "3"], 3);
    assert_eq!(out.matches("extra relation").count(), 3, "{out}");
    for part in ["3 of 4 differences", "relations     0        4      0", "4 confirmed"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let report = place.path("report.ndjson");
    let (out, _) = ends(&place, &["--json", "--limit", "1", "--report", "report.ndjson"], 3);
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(summary["counts"]["relations"]["extra"], 4);
    assert_eq!((&summary["differences"], &summary["complete"]), (&4.into(), &true.into()));
    assert_eq!(summary["lines"].as_array().unwrap().len(), 1);
    let lines = std::fs::read_to_string(&report).unwrap();
    let lines: Vec<Value> = lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let ids: Vec<&str> = lines.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, gone);
    assert_eq!((&lines[0]["confirmed"], &lines[0]["localAt"]), (&true.into(), &Value::Null));
    assert!(lines[0]["localSeq"].is_u64() && lines[0]["upstreamAt"].is_string());
    let (out, _) = ends(&place, &["--only", "records,associations"], 0);
    assert!(out.contains("no difference"), "{out}");

    let (out, _) = ends(&place, &["--apply"], 0);
    assert!(out.contains("4 applied"), "{out}");
    let (out, _) = ends(&place, &["--apply", "--json"], 0);
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&summary["differences"], &summary["repairs"]["applied"]), (&0.into(), &0.into()));
    let store = Store::open_read_only(&place.db).unwrap();
    let found = relations(&store, &place.location.id);
    assert!(gone.iter().all(|id| !found.contains_key(id)));
}

#[test]
fn a_sample_is_compared_and_chosen_again_by_its_seed() {
    let (place, _) = place();
    let (out, _) = ends(&place, &["--sample", "100000", "--json"], 3);
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(summary["differences"], 4);
    let sample = &summary["sample"];
    assert_eq!(sample["records"], sample["sampled"]);
    assert!(sample["different"].as_u64().unwrap() > 0 && sample["seed"].is_u64());
    let (out, _) = ends(&place, &["--sample", "100000", "--seed", "7"], 3);
    assert!(out.contains("--seed 7") && out.contains("95 %"), "{out}");
    for with in [&["--apply"][..], &["--against", "x"], &["--only", "records"], &["--sample", "0"]]
    {
        ends(&place, &[&["--sample", "5"], with].concat(), 2);
    }
}

#[test]
fn a_database_in_use_is_compared_and_not_repaired() {
    let (place, _) = place();
    let _server = Server::start(&place.db).unwrap();
    ends(&place, &[], 3);
    let requests = place.stand_in.seen().len();
    let (_, errors) = ends(&place, &["--apply"], 1);
    assert!(errors.contains("another process writes to") && errors.contains("--to"), "{errors}");
    assert_eq!(place.stand_in.seen().len(), requests);
}

/// A server repairs its own store, and no other one.
#[test]
fn repairs_are_sent_to_the_server_that_has_the_database_open() {
    let (place, gone) = place();
    let (_folder, other) = fresh().unwrap();
    let another = Server::start(&other).unwrap();
    let to = format!("http://{}", another.address);
    let (_, errors) = ends(&place, &["--apply", "--to", &to], 1);
    assert!(errors.contains("410"), "{errors}");
    assert!(another.get("/v1/locations").unwrap().text().contains("\"locations\":[]"));

    let token =
        run_command(&place.db, &["token", "new", "--name", "drift", "--scope", "write"]).unwrap();
    let secret = token.lines().find(|line| line.starts_with("rlt_")).unwrap();
    let server = Server::start_with(&place.db, &["--api-auth", "required"]).unwrap();
    let to = format!("http://{}", server.address);
    let (_, errors) = ends(&place, &["--apply", "--to", &to], 1);
    assert!(errors.contains("401"), "{errors}");
    std::fs::write(place.path("relata-token"), secret).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(place.path("relata-token"), private).unwrap();
    let repairing = ["--apply", "--to", &to, "--to-token-file", "relata-token"];
    let (out, errors) = ends(&place, &repairing, 0);
    assert!(out.contains("4 applied"), "{out}{errors}");
    assert!(!out.contains(secret) && !errors.contains(secret));
    let (out, _) = ends(&place, &repairing, 0);
    assert!(out.contains("no difference"), "{out}");
    drop(server);
    let store = Store::open_read_only(&place.db).unwrap();
    let found = relations(&store, &place.location.id);
    assert!(gone.iter().all(|id| !found.contains_key(id)));
}

#[test]
fn a_dump_is_compared_without_a_token() {
    let (place, _) = place();
    place.ends(&["--output", "dump.ndjson.gz"], 0);
    std::fs::remove_file(place.path("token")).unwrap();
    let (out, _) = ends(&place, &["--against", "dump.ndjson.gz"], 3);
    assert!(out.contains("4 unconfirmed"), "{out}");
    let (_, errors) = ends(&place, &["--against", "dump.ndjson.gz", "--apply"], 2);
    assert!(errors.contains("--trust-dump"), "{errors}");
    let (out, _) = ends(&place, &["--against", "dump.ndjson.gz", "--apply", "--trust-dump"], 0);
    assert!(out.contains("4 applied"), "{out}");
    let (out, _) = ends(&place, &["--against", "dump.ndjson.gz"], 0);
    assert!(out.contains("no difference"), "{out}");
    let mut other = relata();
    other.args(["drift", "--location", "elsewhere", "--db"]).arg(&place.db);
    let output = other.arg("--against").arg(place.path("dump.ndjson.gz")).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("no event of location elsewhere"), "{errors}");
}

#[test]
fn wrong_usage_is_refused_before_anything_is_asked() {
    let (place, _) = place();
    let requests = place.stand_in.seen().len();
    for (arguments, code, part) in [
        (&["--to", "http://127.0.0.1:1"][..], 2, "--apply"),
        (&["--apply", "--to", "http://example.test"], 2, "--insecure-http"),
        (&["--only", "links"], 2, "relations"),
        (&["--trust-dump"], 2, "--against"),
        (&["--against", "x", "--objects", "contact"], 2, "as a whole"),
        (&["--against", "nowhere"], 1, "nowhere"),
        (&["--base-url", "http://example.test"], 2, "--insecure-http"),
        (&["--report", "relata.db"], 1, "database"),
    ] {
        let (_, errors) = ends(&place, arguments, code);
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    }
    assert_eq!(place.stand_in.seen().len(), requests);
}

#[test]
fn a_comparison_that_is_stopped_says_nothing_of_the_store() {
    let (place, _) = place();
    let (out, errors) = ends(&place, &["--max-requests", "5"], 3);
    assert!(out.is_empty() && errors.contains("--max-requests"), "{out}{errors}");
    let limits = Some(Limits { requests: 100_000, daily: 10, ..Limits::default() });
    place.stand_in.change(|it| it.limits = limits);
    let (out, errors) = ends(&place, &["--daily-reserve", "5"], 75);
    assert!(out.is_empty() && errors.contains("of the day"), "{out}{errors}");
}
