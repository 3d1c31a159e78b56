//! What a server does whose database cannot be written.

use std::time::Duration;

use crate::support::database::fresh;
use crate::support::sample::event;
use crate::support::server;

/// A full disk at night: the process stayed up, so no supervisor restarted it, and nobody
/// noticed before the sender had given up.
#[cfg(feature = "server")]
#[test]
fn a_server_that_needs_a_restart_stays_or_exits_as_configured() -> Result<(), server::Error> {
    use std::io::Read;
    for (action, status) in [("stay", None), ("exit", Some(74))] {
        let (directory, db) = fresh()?;
        let mut command = server::relata();
        command.args(["serve", "--listen", "127.0.0.1:0", "--on-write-failure", action, "--db"]);
        let mut server =
            server::Server::spawn(command.arg(&db).stderr(std::process::Stdio::piped()))?;
        assert_eq!(server.post("/webhooks", event(0))?.status, 200);
        let away = directory.path().join("away.db");
        std::fs::rename(&db, &away)?;
        let refused = server.post("/webhooks", event(1))?;
        assert_eq!(refused.status, 503, "{}", refused.text());
        match status {
            None => {
                assert!(server.wait(Duration::from_millis(500)).is_err(), "it stays");
                let ready = server.get("/readyz")?;
                assert!(ready.status == 503 && ready.text().contains("replaced"), "{ready:?}");
                assert_eq!(server.get("/v1/locations")?.status, 200, "queries are answered");
            }
            Some(status) => {
                let mut log = server.child.stderr.take().ok_or("no log")?;
                assert_eq!(server.wait(Duration::from_secs(20))?.code(), Some(status));
                let mut text = String::new();
                log.read_to_string(&mut text)?;
                let last = text.lines().last().unwrap_or_default();
                assert!(last.contains("--on-write-failure") && last.contains("replaced"), "{text}");
            }
        }
        drop(server);
        std::fs::rename(&away, &db)?;
        let again = server::Server::start(&db)?;
        assert_eq!(again.post("/webhooks", event(0))?.json()["status"], "duplicate");
    }
    Ok(())
}
