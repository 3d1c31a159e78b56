//! `relata pull`, by the real binary.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use relata::Store;
use serde_json::Value;

use crate::pull::pulled::{assert_same, planned};
use crate::support::database::fresh;
use crate::support::server::{Server, relata};
use crate::support::upstream::{Edge, Limits, Location, Refusals, Settings, StandIn};

/// A stand-in, a folder, and the command that pulls from the one into the other.
pub(crate) struct Place {
    pub(crate) stand_in: StandIn,
    pub(crate) location: Location,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) db: PathBuf,
}

impl Place {
    pub(crate) fn with(settings: Settings) -> Self {
        let location = planned();
        let stand_in = StandIn::start(location.clone(), settings);
        let (folder, db) = fresh().unwrap();
        let place = Self { stand_in, location, folder, db };
        let token = place.path("token");
        std::fs::write(&token, format!("{}\n", place.location.token)).unwrap();
        std::fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command, as fast as possible.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of("pull", arguments)
    }

    /// Another command that reads from the stand-in.
    pub(crate) fn command_of(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = relata();
        command.current_dir(self.folder.path()).arg(name).arg("--db").arg(&self.db);
        command.args(["--location", &self.location.id]);
        let token = self.path("token");
        command.env("RELATA_TOKEN_FILE", token).env("RELATA_BASE_URL", self.stand_in.url());
        command.envs([
            ("RELATA_UNLIMITED", "true"),
            ("RELATA_RATE", "100000"),
            ("RELATA_CONCURRENCY", "8"),
            ("RELATA_FIRST_PAUSE", "2ms"),
            ("RELATA_PROOF_SETTLE", "20ms"),
            ("RELATA_SAMPLE", "20"),
            ("RELATA_DAILY_RESERVE", "0"),
            ("RELATA_PROGRESS", "none"),
            ("RELATA_TIMEOUT", "3s"),
        ]);
        command.args(arguments).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs, and checks how it ends. Returns what it printed, and what it complained of.
    pub(crate) fn ends(&self, arguments: &[&str], code: i32) -> (String, String) {
        let output = self.run(arguments);
        let [out, errors] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{errors}");
        assert!(!errors.contains(&self.location.token) && !out.contains(&self.location.token));
        (out, errors)
    }

    pub(crate) fn assert_whole(&self, db: &Path) {
        let store = Store::open_read_only(db).unwrap();
        assert_same(&store, &self.location.id, &self.stand_in.truth());
    }
}

#[test]
fn a_pull_says_what_it_did_and_a_second_one_that_there_was_nothing_to_do() {
    let place = Place::with(Settings::default());
    let (out, _) = place.ends(&["--json"], 0);
    place.assert_whole(&place.db);
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&summary["complete"], &summary["stopped"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(summary["location"], *place.location.id);
    assert_eq!(summary["records"]["contact"], 110);
    assert_eq!(summary["requests"], place.stand_in.seen().len());
    assert_eq!(summary["relations"], place.stand_in.truth().relations.len());
    assert_eq!(summary["sample"]["different"], 0);
    assert!(summary["sample"]["below"].as_f64().unwrap() < 0.2);
    assert!(!summary["method"].as_object().unwrap().is_empty());
    let (out, errors) = place.ends(&[], 0);
    assert!(out.contains("0 events applied") && out.contains("read a second way"), "{out}");
    assert_eq!(errors, "");
    // Nothing is left beside the database.
    let names = std::fs::read_dir(place.folder.path()).unwrap();
    let logs =
        names.filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().contains("pull"));
    assert_eq!(logs.count(), 0);
}

#[test]
fn a_dry_run_shows_what_it_will_cost_and_writes_nothing() {
    let limits = Some(Limits { requests: 100_000, ..Limits::default() });
    let place = Place::with(Settings { limits, ..Settings::default() });
    let (out, _) = place.ends(&["--dry-run", "--page-size", "100"], 0);
    assert!(place.stand_in.seen().len() <= 15 && !place.db.exists(), "{out}");
    for part in ["custom_objects.property  ≈ 330", "330 lists", "8 associations.", "left today"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (out, _) = place.ends(&["--dry-run", "--json"], 0);
    let estimate: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(estimate["associations"], 8);
}

#[test]
fn a_dry_run_that_is_stopped_says_why() {
    let place = Place::with(Settings::default());
    let unknown = format!("what {} will cost is not known", place.location.id);
    let (out, errors) = place.ends(&["--dry-run", "--max-requests", "1"], 3);
    assert!(out.is_empty() && errors.contains("--max-requests were sent"), "{out}{errors}");
    assert!(errors.contains(&unknown), "{errors}");
    let limits = Some(Limits { requests: 100_000, daily: 3, ..Limits::default() });
    place.stand_in.change(|it| it.limits = limits);
    let (out, errors) = place.ends(&["--dry-run", "--daily-reserve", "2"], 75);
    assert!(out.is_empty() && errors.contains("requests of the day are left"), "{out}{errors}");
    assert!(errors.contains(&unknown), "{errors}");
}

#[test]
fn what_the_token_may_not_do_is_named() {
    let refusals = |denied: &[&'static str]| Refusals {
        denied: denied.to_vec(),
        ..Settings::default().refusals
    };
    for (denied, arguments) in [
        ("objects/schema.readonly", &[][..]),
        ("associations.readonly", &[]),
        ("associations/relation.readonly", &[]),
        // The contacts are needed for their links with one another.
        ("contacts.readonly", &[]),
    ] {
        let settings = Settings { refusals: refusals(&[denied]), ..Settings::default() };
        let (_, errors) = Place::with(settings).ends(arguments, 1);
        assert!(errors.contains(denied), "{errors}");
    }
    // Without them, contacts are only left out.
    let settings = Settings {
        refusals: refusals(&["contacts.readonly", "locations.readonly"]),
        ..Settings::default()
    };
    let place = Place::with(settings);
    let (_, errors) = place.ends(&["--associations", "property_owner,property_sale"], 0);
    assert!(errors.contains("contacts.readonly"), "{errors}");

    let closed = Refusals { edge: Edge::Closed, ..Settings::default().refusals };
    let place = Place::with(Settings { refusals: closed, ..Settings::default() });
    let (_, errors) = place.ends(&[], 1);
    assert!(errors.contains("User-Agent"), "{errors}");
}

#[test]
fn a_wrong_token_or_location_ends_at_once() {
    let place = Place::with(Settings::default());
    let (_, errors) = place.ends(&["--location", "elsewhere", "--output", "-"], 1);
    assert!(errors.contains("elsewhere"), "{errors}");
    std::fs::write(place.path("token"), "pit-wrong").unwrap();
    let (_, errors) = place.ends(&[], 1);
    assert!(errors.contains("401") && !errors.contains("pit-wrong"), "{errors}");
    let public = Permissions::from_mode(0o644);
    std::fs::set_permissions(place.path("token"), public).unwrap();
    assert!(place.ends(&[], 1).1.contains("others may read this token"));
    for wrong in ["", "pit two", "pit\u{1}"] {
        std::fs::write(place.path("token"), wrong).unwrap();
        let (_, errors) = place.ends(&[], 2);
        assert!(errors.contains("token"), "{errors}");
        assert!(wrong.is_empty() || !errors.contains(wrong), "{errors}");
    }
}

#[test]
fn wrong_usage_is_refused_before_anything_is_asked() {
    let place = Place::with(Settings::default());
    for (arguments, part) in [
        (&["--base-url", "http://example.test"][..], "--insecure-http"),
        (&["--base-url", "ftp://example.test"], "not an http"),
        (&["--to", "http://example.test"], "--insecure-http"),
        (&["--rate", "0"], "rate"),
        (&["--concurrency", "99"], "in flight"),
        (&["--page-size", "0"], "page"),
        (&["--location", "other", "--state", "x"], "one location"),
        (&["--timeout", "soon"], "30s"),
        (&["--to", "http://127.0.0.1:1", "--output", "x"], "--output"),
    ] {
        let (_, errors) = place.ends(arguments, 2);
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    }
    let mut fast = relata();
    fast.args(["pull", "--location", "L", "--rate", "10", "--db"]).arg(&place.db);
    let output = fast.env("RELATA_HIGHLEVEL_TOKEN", "pit-1").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--unlimited"));
    assert_eq!(place.stand_in.seen().len(), 0);
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Place::with(Settings::default());
    let refusals =
        Refusals { redirect: Some(other.stand_in.url()), ..Settings::default().refusals };
    let place = Place::with(Settings { refusals, ..Settings::default() });
    let (_, errors) = place.ends(&[], 1);
    assert!(errors.contains("redirected"), "{errors}");
    assert_eq!(other.stand_in.seen().len(), 0);
}

#[test]
fn a_used_up_day_has_an_exit_status_of_its_own() {
    let limits = Some(Limits { requests: 100_000, daily: 200, ..Limits::default() });
    let place = Place::with(Settings { limits, ..Settings::default() });
    let (out, _) = place.ends(&["--daily-reserve", "100"], 75);
    assert!(out.contains("requests of the day are left"), "{out}");
    place.stand_in.change(|it| it.limits = None);
    place.ends(&[], 0);
    place.assert_whole(&place.db);
    place.ends(&["--max-requests", "30"], 3);
}

/// The token is in none of the places that somebody may look at.
#[test]
fn the_token_is_nowhere() {
    let place = Place::with(Settings::default());
    let token = place.location.token.clone();
    let output = place.path("events.ndjson");
    for arguments in [
        &["--log", "trace", "--json", "--progress", "json", "--max-requests", "200"][..],
        &["--log", "trace", "--log-format", "json"],
        &["--log", "trace", "--output", output.to_str().unwrap()],
    ] {
        let mut command = place.command(arguments);
        let out = command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1").output().unwrap();
        for printed in [&out.stdout, &out.stderr] {
            assert!(!String::from_utf8_lossy(printed).contains(&token), "{arguments:?}");
        }
        assert!(!String::from_utf8_lossy(&out.stderr).is_empty());
        let shown = format!("{:?}", command.get_args().collect::<Vec<_>>());
        assert!(!shown.contains(&token));
        for entry in std::fs::read_dir(place.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("token") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let held = bytes.windows(token.len()).any(|part| part == token.as_bytes());
            assert!(!held, "{}", path.display());
        }
    }
    // From the environment it is read as well, and from standard input.
    let mut command = relata();
    command.args(["pull", "--location", &place.location.id, "--base-url", &place.stand_in.url()]);
    command.args(["--unlimited", "--rate", "100000", "--dry-run"]).stdin(Stdio::null());
    let by_variable = command.env("RELATA_HIGHLEVEL_TOKEN", &token).output().unwrap();
    assert!(by_variable.status.success(), "{by_variable:?}");
    let credentials = place.path("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::copy(place.path("token"), credentials.join("highlevel-token")).unwrap();
    command.env("RELATA_HIGHLEVEL_TOKEN", "pit-wrong").env("CREDENTIALS_DIRECTORY", &credentials);
    assert!(command.output().unwrap().status.success());
    command.args(["--token-file", "-"]).env_remove("CREDENTIALS_DIRECTORY");
    let by_input = command.stdin(std::fs::File::open(place.path("token")).unwrap()).output();
    assert!(by_input.unwrap().status.success());
}

#[test]
fn events_can_be_written_to_files_and_imported() {
    let place = Place::with(Settings::default());
    for name in ["events.ndjson", "events.ndjson.gz"] {
        let output = place.path(name);
        let (out, _) = place.ends(&["--output", output.to_str().unwrap()], 0);
        assert!(out.contains("events applied"), "{out}");
        let db = place.path(&format!("{name}.db"));
        let ingested = relata().arg("--db").arg(&db).arg("ingest").arg(&output).output().unwrap();
        assert!(ingested.status.success(), "{ingested:?}");
        place.assert_whole(&db);
    }
    let (out, errors) = place.ends(&["--output", "-", "--json"], 0);
    let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(lines.clone().all(|event| event["origin"] == "pull") && lines.count() > 1_000);
    assert!(serde_json::from_str::<Value>(&errors).unwrap()["complete"] == true);
    assert!(!place.db.exists());
}

#[test]
fn a_server_is_written_to_over_http() {
    let place = Place::with(Settings::default());
    let server = Server::start(&place.db).unwrap();
    let (_, errors) = place.ends(&[], 1);
    assert!(errors.contains("another process writes to") && errors.contains("--to"), "{errors}");
    let url = format!("http://{}", server.address);
    let (out, errors) = place.ends(&["--to", &url, "--json"], 0);
    assert!(errors.contains("subscribe to its webhooks before"), "{errors}");
    let first: Value = serde_json::from_str(&out).unwrap();
    let (out, errors) = place.ends(&["--to", &url, "--json"], 0);
    assert_eq!(errors, "");
    let second: Value = serde_json::from_str(&out).unwrap();
    assert!(first["events"]["applied"].as_u64() > Some(1_000));
    assert_eq!(second["events"]["applied"], 0);
    drop(server);
    place.assert_whole(&place.db);
    // A server that is not there may be there when the command is run again.
    let (out, _) = place.ends(&["--to", "http://127.0.0.1:1"], 3);
    assert!(out.contains("no answer: http://127.0.0.1:1"), "{out}");
}
