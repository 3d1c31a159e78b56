//! HighLevel's own clients, pointed at Relata by the address alone.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::installed;
use crate::support::database::fresh;
use crate::support::server::{Error, Server, relata};

const LOCATION: &str = "eHy2cOSZxMQzQ6Yyvl8P";

/// A token of HighLevel, as its clients have one.
const TOKEN: &str = "pit-0f5b2c1e-7a64-4d0a-9d43-8d2b1c6b7a11";

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/clients").join(name)
}

/// A protected server of a store that has adopted the token.
fn serve(db: &Path, arguments: &[&str]) -> Result<Server, Error> {
    let mut adopt = relata();
    adopt.arg("--db").arg(db).args(["token", "adopt", "--scope", "write", "--location", LOCATION]);
    let mut child = adopt.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(TOKEN.as_bytes())?;
    assert!(child.wait()?.success());
    Server::start_with(db, &[&["--api-auth", "required"], arguments].concat())
}

/// Runs a program of a client to its end.
fn run(command: &mut Command) -> Result<(), Error> {
    let output = command.output()?;
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && printed.trim() == "ok", "{command:?}: {printed}");
    Ok(())
}

fn javascript(installed: &Path, server: &Server, task: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(script("highlevel_client.mjs")).arg(installed);
    command.arg(format!("http://{}", server.address)).args([TOKEN, LOCATION, task]);
    command
}

#[test]
fn highlevels_own_clients_run_with_another_address() -> Result<(), Error> {
    let Some(installed) = installed("HighLevel's own clients are not tried") else {
        return Ok(());
    };
    let (_directory, db) = fresh()?;
    let server = serve(&db, &[])?;
    run(&mut javascript(&installed, &server, "everyMethod"))?;
    let mut python = Command::new(installed.join("python/bin/python"));
    python.arg(script("highlevel_client.py")).arg(format!("http://{}", server.address));
    run(python.args([TOKEN, LOCATION]).env("PYTHONDONTWRITEBYTECODE", "1"))?;
    // What they have written is what everybody reads.
    let bearer = format!("Bearer {TOKEN}");
    for (client, home) in [("js", "js-home-1"), ("py", "py-home-1")] {
        let path = format!(
            "/v1/locations/{LOCATION}/objects/custom_objects.property/records/{home}/links"
        );
        let links = server.request("GET", &path, &[("authorization", &bearer)], b"")?.json();
        let link = &links["links"][0];
        assert_eq!(
            (&link["label"], &links["links"][1]),
            (&Value::from("Keen Buyer"), &Value::Null),
            "{links}"
        );
        assert_eq!(link["record"], format!("{client}-buyer"));
    }
    Ok(())
}

#[test]
fn a_client_that_is_told_to_wait_does_so() -> Result<(), Error> {
    let Some(installed) = installed("HighLevel's client that waits is not tried") else {
        return Ok(());
    };
    let (_directory, db) = fresh()?;
    let limits = ["--receiving-bytes", "2097152", "--body-timeout-ms", "60000"];
    let server = serve(&db, &limits)?;
    // Bodies without their last byte take all the room there is.
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut stream = server.connect()?;
        write!(
            stream,
            "POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: 200000\r\n\r\n"
        )?;
        stream.write_all(&vec![b' '; 199_999]).ok();
        held.push(stream);
    }
    // Once the server has read them.
    let another = vec![b' '; 200_000];
    let is_full =
        || Ok::<_, Error>(server.request("POST", "/webhooks", &[], &another)?.status == 429);
    let mut tries = 0;
    while !is_full()? {
        tries += 1;
        assert!(tries < 1_000, "there is still room");
    }
    let mut command = javascript(&installed, &server, "waits");
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    assert_eq!(lines.next().transpose()?.as_deref(), Some("waiting"));
    drop(held);
    assert_eq!(lines.next().transpose()?.as_deref(), Some("ok"));
    assert!(child.wait()?.success());
    Ok(())
}
