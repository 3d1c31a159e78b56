//! Settings from a file.

use crate::support::database::fresh;
use crate::support::server::run;
use crate::support::server::{Error, Server};
use crate::support::signing::{key, signed};
use crate::support::sse_client::relation;

#[test]
fn settings_are_read_from_a_file_and_checked() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let file = directory.path().join("relata.toml");
    let path = file.to_str().ok_or("path")?;
    let text = format!(
        "webhook-auth = \"required\"\nwebhook-key = [\"ed25519:highlevel\", \"{}\"]\nkeep-ignored = true\nqueue-events = 7\n",
        key()
    );
    std::fs::write(&file, text)?;
    let server = Server::start_with(&db, &["--config", path])?;
    assert!(server.ready.contains("signatures required"), "{}", server.ready);
    assert_eq!(signed(&server, "/webhooks", &relation(1).to_string())?.status, 200);
    let ignored = signed(&server, "/webhooks", r#"{"type":"Other","locationId":"L"}"#)?.json();
    assert_eq!(ignored["seq"], 2, "kept");
    drop(server);
    let over = Server::start_with(&db, &["--config", path, "--webhook-auth", "off"])?;
    assert!(over.ready.contains("signatures off"), "the command line counts more");
    drop(over);
    for (text, expected) in [
        ("no-such-flag = 1", "there is no flag --no-such-flag"),
        ("listen = { a = 1 }", "`listen` is not a string"),
        ("listen = ", "relata.toml"),
        ("webhook-key = \"md5:1\"", "neither SCHEME:VALUE nor a file"),
    ] {
        std::fs::write(&file, text)?;
        let refused =
            run(&db, &["--config", path, "serve", "--listen", "127.0.0.1:0"]).unwrap_err();
        assert!(refused.contains(expected), "{text}: {refused}");
    }
    assert!(run(&db, &["--config", "/no/such/file", "summary"]).is_err());
    Ok(())
}
