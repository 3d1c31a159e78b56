//! What `deploy/` holds, beside the real binary.

use std::collections::BTreeSet;

use crate::support::database::fresh;
use crate::support::server::{Error, Server, relata};

const EXAMPLE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/relata.example.toml"));
const UNIT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/relata.service"));
const DRIFT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/relata-drift@.service"));
const DOCKERFILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Dockerfile"));

/// Its settings, those too that it shows as a comment: `# flag = value`.
fn settings() -> Vec<(&'static str, String)> {
    let setting = |line: &'static str| {
        let line = line.strip_prefix("# ").unwrap_or(line);
        let (name, value) = line.split_once(" = ")?;
        let is_flag = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        is_flag.then(|| (name, value.to_owned()))
    };
    EXAMPLE.lines().filter_map(setting).collect()
}

/// Every flag that a command takes.
fn flags(command: &str) -> Result<BTreeSet<String>, Error> {
    let help = String::from_utf8(relata().args([command, "--help"]).output()?.stdout)?;
    let flag = |line: &str| {
        let (_, after) = line.split_once("--").filter(|(before, _)| before.len() < 8)?;
        Some(after.split([' ', '=']).next()?.to_owned())
    };
    Ok(help.lines().filter_map(flag).collect())
}

#[test]
fn the_example_has_every_flag_and_its_default() -> Result<(), Error> {
    let mut known = flags("serve")?;
    // Of no use in a file.
    for flag in ["help", "version", "config", "demo", "open"] {
        assert!(known.remove(flag), "{flag}");
    }
    let shown: Vec<&str> = settings().iter().map(|(name, _)| *name).collect();
    let distinct: BTreeSet<String> = shown.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(shown.len(), distinct.len(), "a flag stands twice");
    assert_eq!(distinct, known);
    Ok(())
}

#[test]
fn a_server_starts_with_the_example() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    // As it stands, and with everything that it shows as a comment.
    let all: Vec<String> =
        settings().iter().map(|(name, value)| format!("{name} = {value}")).collect();
    for text in [EXAMPLE.to_owned(), all.join("\n")] {
        let file = directory.path().join("relata.toml");
        std::fs::write(&file, text)?;
        let file = file.to_str().ok_or("path")?;
        let server = Server::start_with(&db, &["--config", file])?;
        assert!(server.ready.contains("signatures required, tokens required"), "{}", server.ready);
        assert_eq!(server.get("/readyz")?.status, 200);
        assert_eq!(server.get("/v1/locations")?.status, 401);
    }
    Ok(())
}

#[test]
fn the_health_command_reports_whether_deliveries_are_accepted() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(&directory.path().join("relata.db"))?;
    let address = server.address.to_string();
    let health = |address: &str| {
        relata().args(["health", "--timeout-ms", "5000", "--listen", address]).output()
    };
    let good = health(&address)?;
    assert!(good.status.success(), "{good:?}");
    assert_eq!(String::from_utf8(good.stdout)?, "{\"status\":\"ready\",\"seq\":0}\n");
    drop(server);
    let gone = health(&address)?;
    assert_eq!(gone.status.code(), Some(1));
    assert_eq!(String::from_utf8(gone.stderr)?.lines().count(), 1);
    // One that takes the connection and says nothing, and one that says something else.
    for said in [None, Some("HTTP/1.1 503 Service Unavailable\r\n\r\nno disk"), Some("hello")] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let other = std::thread::spawn(move || -> std::io::Result<()> {
            use std::io::{Read, Write};
            let (mut stream, _) = listener.accept()?;
            let mut asked = [0; 512];
            let _head = stream.read(&mut asked)?;
            match said {
                Some(said) => stream.write_all(said.as_bytes()),
                None => stream.read(&mut asked).map(drop),
            }
        });
        let output =
            relata().args(["health", "--timeout-ms", "300", "--listen", &address]).output()?;
        assert_eq!(output.status.code(), Some(1), "{said:?}: {output:?}");
        other.join().map_err(|_| "the listener crashed")??;
    }
    Ok(())
}

#[test]
fn the_unit_and_the_image_use_flags_that_exist() -> Result<(), Error> {
    let commands = ["serve", "health"];
    for command in commands {
        assert!(relata().args([command, "--help"]).output()?.status.success());
    }
    assert!(UNIT.contains("ExecStart=/usr/local/bin/relata serve --config "));
    let start = DRIFT.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/relata"));
    let mut words = start.ok_or("no command")?.split_whitespace();
    let known = flags(words.next().ok_or("no command")?)?;
    let used: Vec<&str> = words.filter_map(|word| word.strip_prefix("--")).collect();
    assert_eq!(used, ["location", "apply", "to"]);
    assert!(used.iter().all(|flag| known.contains(*flag)), "{known:?}");
    assert!(
        DOCKERFILE.contains(r#"CMD ["/relata", "health"]"#)
            && DOCKERFILE.contains(r#"CMD ["serve"]"#)
    );
    let profile = DOCKERFILE.split("--profile ").nth(1).and_then(|after| after.split(' ').next());
    let manifest: toml::Table =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).parse()?;
    let profiles = manifest.get("profile").and_then(toml::Value::as_table).ok_or("profiles")?;
    assert!(profile.is_some_and(|name| profiles.contains_key(name)), "{profile:?}");
    Ok(())
}
