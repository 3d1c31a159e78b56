//! Flags set by environment variables.

use std::io::Read;
use std::process::Stdio;

use crate::cli::outputs::Place;
use crate::cli::queries::{AMARA, HOUSE, check_refusal, filled, here, out};
use crate::support::server::{Error, relata};

#[test]
fn variables_set_flags() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    let check =
        |variables: &[(&str, &str)], arguments: &[&str], same: &[&str]| -> Result<(), Error> {
            let mut command = relata();
            command.env("RELATA_DB", &db).env("RELATA_LOCATION", "seaside-realty");
            let printed = command.envs(variables.iter().copied()).args(arguments).output()?;
            assert_eq!(String::from_utf8(printed.stderr)?, "", "{variables:?}");
            assert_eq!(String::from_utf8(printed.stdout)?, out(&db, &here(same))?, "{variables:?}");
            Ok(())
        };
    check(
        &[("RELATA_LABEL", "Interested Buyer"), ("RELATA_LIMIT", "2"), ("RELATA_ORDER", "newest")],
        &["links", HOUSE],
        &["links", HOUSE, "--label", "Interested Buyer", "--limit", "2", "--order", "newest"],
    )?;
    check(
        &[("RELATA_LABEL", "Owner"), ("RELATA_AS_OF", "100")],
        &["links", HOUSE, "--label", "Listing Agent"],
        &["links", HOUSE, "--label", "Listing Agent", "--as-of", "100"],
    )?;
    check(
        &[("RELATA_ALL", "true"), ("RELATA_MAX_HOPS", "4")],
        &["path", AMARA, "business/6adf168e522f1e415ec26a60"],
        &["path", AMARA, "business/6adf168e522f1e415ec26a60", "--all", "--max-hops", "4"],
    )?;
    check(
        &[("RELATA_ALL", "true"), ("RELATA_MATCH_ALL", AMARA)],
        &["match"],
        &["match", "--all", AMARA],
    )?;
    check(
        &[("RELATA_ASSOCIATION", "spouse"), ("RELATA_RELATION", "x")],
        &["history", AMARA],
        &["history", AMARA],
    )?;
    check(
        &[("RELATA_FORMAT", "dot"), ("RELATA_LAYER", "objects")],
        &["export"],
        &["export", "--format", "dot", "--layer", "objects"],
    )?;
    let kept = relata()
        .env("RELATA_ALL", "true")
        .args(["--db", db.to_str().unwrap(), "dead-letters", "delete"])
        .output()?;
    check_refusal(&kept, 2, "<ID>");
    Ok(())
}

/// Compose passes on unset variables as empty ones.
#[test]
fn an_empty_variable_counts_as_unset() -> Result<(), Error> {
    let place = Place::filled()?;
    let help = |arguments: &[&str]| -> Result<String, Error> {
        Ok(String::from_utf8(relata().args(arguments).output()?.stdout)?)
    };
    let top = help(&["--help"])?;
    let commands = top.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let mut variables = std::collections::BTreeSet::new();
    for command in commands.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())) {
        for word in help(&[command, "--help"])?.split("[env: ").skip(1) {
            variables.extend(word.split(['=', ']']).next().map(str::to_owned));
        }
    }
    assert!(variables.len() > 50, "{variables:?}");
    let at = ["--location", "seaside-realty"];
    for arguments in [
        &["links", "contact", "--json"][..],
        &["find", "maple"],
        &[
            "path",
            "contact/TO8RJjq9RDegjbPPMkse",
            "custom_objects.property/6adf249e8ce18ef62a90b95f",
        ],
        &["summary", "--json"],
        &["export", "--format", "graphml"],
        &["diff", "--from", "300"],
        &["history", "contact"],
        &["match", "--any", "contact/TO8RJjq9RDegjbPPMkse"],
        &["walk", "contact/TO8RJjq9RDegjbPPMkse", "--step", "Viewed"],
        &["neighborhood", "contact/TO8RJjq9RDegjbPPMkse"],
    ] {
        let mut plain = relata();
        plain.current_dir(place.folder.path()).args(arguments).args(at);
        let plain = plain.output()?;
        let mut empty = relata();
        empty.current_dir(place.folder.path()).args(arguments).args(at);
        empty.envs(variables.iter().map(|name| (name, "")));
        let empty = empty.output()?;
        assert!(plain.status.success(), "{arguments:?}: {plain:?}");
        assert!(empty == plain, "{arguments:?}: {empty:?}");
    }
    // A server starts, and asks for what it asks for without them.
    let mut server = relata();
    server.current_dir(place.folder.path()).envs(variables.iter().map(|name| (name, "")));
    let mut server = server
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut ready = [0; 6];
    let read = server.stdout.take().ok_or("no output")?.read_exact(&mut ready);
    server.kill()?;
    let log = server.wait_with_output()?.stderr;
    read?;
    assert_eq!(&ready, b"relata");
    assert!(String::from_utf8_lossy(&log).contains("WARN"), "it logs nothing");
    Ok(())
}
