//! The explorer in real browsers: each script of `tests/browser` looks at servers of its own.
//!
//! `tests/browser/install` brings the browsers. Without them each test says so and passes,
//! unless `RELATA_BROWSER=required`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::tell;
use crate::support::database::fresh;
use crate::support::sample::SAMPLE;
use crate::support::server::{Error, Server, relata, run};

/// A script that takes longer hangs.
const TIME_MAX: Duration = Duration::from_secs(180);

/// Scripts that measure, which no other browser may disturb.
const MEASURING: [&str; 5] = ["budgets.mjs", "frames.mjs", "hub.mjs", "live.mjs", "posts.mjs"];

/// Those have it alone; the others share it.
static TURN: RwLock<()> = RwLock::new(());

/// The folder of what `tests/browser/install` brought, if it did.
fn installed() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser");
    folder.join("complete").exists().then_some(folder)
}

/// Whether there are browsers; says it where there are none.
fn has_browsers(script: &str) -> bool {
    let is_there = installed().is_some();
    if !is_there {
        let required = std::env::var_os("RELATA_BROWSER").is_some_and(|value| value == "required");
        assert!(!required, "run tests/browser/install first");
        tell(&format!("no browser runs {script}: `tests/browser/install` brings them first\n"));
    }
    is_there
}

/// Runs a script, which finds the address of each server under its name, and what else it
/// is given.
fn look(script: &str, servers: &[(&str, &Server)], given: &[(&str, &str)]) -> Result<(), Error> {
    let folder = installed().ok_or("no browsers")?;
    let mut alone = None;
    let mut shared = None;
    if MEASURING.contains(&script) {
        alone = Some(TURN.write().unwrap_or_else(PoisonError::into_inner));
    } else {
        shared = Some(TURN.read().unwrap_or_else(PoisonError::into_inner));
    }
    let start = Instant::now();
    let output = tempfile::NamedTempFile::new()?;
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script));
    command.env("BROWSER_TOOLS", folder).envs(given.iter().copied());
    for (name, server) in servers {
        command.env(name, format!("http://{}/", server.address));
    }
    let mut child =
        command.stdin(Stdio::null()).stdout(output.reopen()?).stderr(output.reopen()?).spawn()?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > TIME_MAX {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    drop((alone, shared));
    let told = std::fs::read_to_string(output.path())?;
    for line in told.lines().filter_map(|line| line.split_once("measured: ")) {
        tell(&format!("{script}: {}\n", line.1));
    }
    tell(&format!("{script} took {:.1} s\n", start.elapsed().as_secs_f64()));
    assert!(status.is_some_and(|status| status.success()), "{script}: {status:?}\n{told}");
    Ok(())
}

/// A server of the sample.
fn demo() -> Result<Server, Error> {
    Server::spawn(relata().args(["serve", "--demo", "--listen", "127.0.0.1:0", "--log", "error"]))
}

/// Runs a script against the sample.
fn look_at_demo(script: &str) -> Result<(), Error> {
    if !has_browsers(script) {
        return Ok(());
    }
    look(script, &[("DEMO", &demo()?)], &[])
}

/// Runs a script against a server without events, which it posts itself.
fn look_at_empty(script: &str) -> Result<(), Error> {
    if !has_browsers(script) {
        return Ok(());
    }
    let (_directory, db) = fresh()?;
    look(script, &[("EMPTY", &Server::start(&db)?)], &[])
}

#[test]
fn a_first_visit_finds_the_right_answers() -> Result<(), Error> {
    look_at_demo("first-visit.mjs")
}

#[test]
fn the_policy_holds_and_no_other_host_is_asked() -> Result<(), Error> {
    look_at_demo("policy.mjs")
}

#[test]
fn hostile_texts_stay_texts() -> Result<(), Error> {
    look_at_empty("hostile-texts.mjs")
}

/// Tokens by what they may do.
#[test]
fn a_token_is_asked_for_where_it_is_needed_and_told_to_nobody() -> Result<(), Error> {
    if !has_browsers("token.mjs") {
        return Ok(());
    }
    let (_directory, db) = fresh()?;
    let guarded = Server::start_with(&db, &["--api-auth", "required"])?;
    let new = |more: &[&str]| run(&db, &[&["token", "new"], more].concat());
    let write = new(&["--scope", "write"])?;
    let read = new(&["--scope", "read"])?;
    let seaside = new(&["--scope", "read", "--location", "seaside-realty"])?;
    let bearer = format!("Bearer {write}");
    let headers = [("authorization", &*bearer), ("content-type", "application/x-ndjson")];
    let start = Instant::now();
    // A running server takes a new token within a second.
    while guarded.request("POST", "/v1/import", &headers, SAMPLE.as_bytes())?.status != 200 {
        assert!(start.elapsed() < Duration::from_secs(30), "the token is not known");
        std::thread::sleep(Duration::from_millis(50));
    }
    let tokens: [(&str, &str); 3] = [("WRITE", &write), ("READ", &read), ("SEASIDE", &seaside)];
    look("token.mjs", &[("GUARDED", &guarded), ("DEMO", &demo()?)], &tokens)
}

#[test]
fn a_hub_is_opened_in_parts_and_a_picture_has_limits() -> Result<(), Error> {
    look_at_empty("hub.mjs")
}

#[test]
fn going_back_undoes_and_addresses_reopen_views() -> Result<(), Error> {
    look_at_demo("history.mjs")
}

#[test]
fn the_list_holds_what_the_picture_holds() -> Result<(), Error> {
    look_at_demo("list.mjs")
}

#[test]
fn the_keyboard_does_what_a_first_visit_needs() -> Result<(), Error> {
    look_at_demo("keyboard.mjs")
}

#[test]
fn no_view_has_a_fault_of_accessibility() -> Result<(), Error> {
    look_at_demo("accessibility.mjs")
}

#[test]
fn a_record_is_described_as_it_is() -> Result<(), Error> {
    look_at_demo("records.mjs")
}

#[test]
fn a_phone_shows_what_matters() -> Result<(), Error> {
    look_at_demo("phone.mjs")
}

#[test]
fn pages_scroll_over_their_pictures_and_begin_at_the_top() -> Result<(), Error> {
    look_at_demo("scrolling.mjs")
}

#[test]
fn exports_hold_what_is_shown() -> Result<(), Error> {
    look_at_demo("exports.mjs")
}

#[test]
fn the_page_works_below_a_prefix_and_says_what_it_needs() -> Result<(), Error> {
    look_at_demo("surroundings.mjs")
}

#[test]
fn paths_and_the_past_are_those_of_the_api() -> Result<(), Error> {
    look_at_demo("moments.mjs")
}

#[test]
fn changes_and_dead_letters_are_shown_as_they_come() -> Result<(), Error> {
    look_at_empty("live.mjs")
}

#[test]
fn the_page_keeps_its_budgets() -> Result<(), Error> {
    look_at_demo("budgets.mjs")
}

#[test]
fn the_page_looks_as_its_screenshots() -> Result<(), Error> {
    look_at_demo("screenshots.mjs")
}

#[test]
fn pages_of_others_change_nothing() -> Result<(), Error> {
    look_at_empty("cross-site.mjs")
}

/// Looks at no server: the modules are checked as they are.
#[test]
fn types_of_the_page_agree() -> Result<(), Error> {
    if !has_browsers("types.mjs") {
        return Ok(());
    }
    look("types.mjs", &[], &[])
}

#[test]
fn a_frame_costs_little_however_much_is_drawn() -> Result<(), Error> {
    look_at_demo("frames.mjs")
}

#[test]
fn open_pages_do_not_hold_up_deliveries() -> Result<(), Error> {
    look_at_empty("posts.mjs")
}
