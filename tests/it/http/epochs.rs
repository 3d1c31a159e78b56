//! A store that was restored is another history: whoever kept a place in the old one is
//! told so.

use std::path::Path;

use relata::Store;

use crate::support::database::fresh;
use crate::support::server::{Error, Server, relata};
use crate::support::sse_client::{HERE, Reader, post, relation};

fn files(db: &Path) -> [String; 4] {
    ["", "-wal", "-shm", "-lock"].map(|suffix| format!("{}{suffix}", db.display()))
}

fn posts(server: &Server, numbers: std::ops::Range<u64>) -> Result<(), Error> {
    numbers.into_iter().try_for_each(|number| post(server, &relation(number)).map(drop))
}

/// Returns the id of the last of so many changes, as a client keeps it.
fn place(server: &Server, query: &str, changes: usize) -> Result<String, Error> {
    let mut reader = Reader::open(server, HERE, query)?;
    let mut last = String::new();
    for _ in 0..changes {
        last = reader.event()?.ok_or("it is over")?.id_text;
    }
    Ok(last)
}

/// Writes seven events, takes a backup after four of them, and puts that in the place of
/// the store as the manual says. Four other events follow. Returns the place after the
/// seventh event, and that after the third.
fn restore(db: &Path) -> Result<(Server, String, String), Error> {
    let server = Server::start(db)?;
    posts(&server, 0..4)?;
    let copy = db.with_extension("copy");
    assert!(relata().args(["backup", "--db"]).arg(db).arg(&copy).output()?.status.success());
    posts(&server, 4..7)?;
    let (at_three, at_seven) = (place(&server, "?after=0", 3)?, place(&server, "?after=0", 7)?);
    server.kill()?;
    for file in files(db) {
        std::fs::remove_file(file).unwrap_or_default();
    }
    std::fs::copy(&copy, db)?;
    let server = Server::start(db)?;
    posts(&server, 100..104)?;
    Ok((server, at_seven, at_three))
}

/// A reader at event 7 came back to a store that had been restored from a backup taken at
/// event 4 and was at 8 by then. It was sent event 8 and never heard of the other 5 to 7,
/// and kept three links that were no longer there.
#[test]
fn the_feed_refuses_a_position_from_before_a_restore() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let (server, at_seven, at_three) = restore(&db)?;
    // A store that was never restored writes plain seqs.
    assert_eq!((&*at_seven, &*at_three), ("7", "3"));
    let epoch = server.get("/v1/locations/here/summary")?;
    let epoch = epoch.header("relata-epoch").unwrap().to_owned();
    let by_header = |id: &str| Reader::with(&server, HERE, "", &[("last-event-id", id)]);
    let by_query = |id: &str| Reader::open(&server, HERE, &format!("?after={id}"));
    for gone in ["7", "5", "7-00000000", &format!("7-{}", flipped(&epoch))] {
        for refused in [by_header(gone), by_query(gone)] {
            let refused = refused.map(drop).unwrap_err().to_string();
            assert!(refused.starts_with("410") && refused.contains("\"restored\""), "{refused}");
            assert!(refused.contains("export the graph again"), "{refused}");
        }
    }
    // What both histories share is no reason to refuse, and ids go on from there.
    for shared in [at_three, format!("3-{epoch}")] {
        for mut reader in [by_header(&shared)?, by_query(&shared)?] {
            assert_eq!(reader.ids(5)?, [4, 5, 6, 7, 8]);
        }
    }
    let now = place(&server, "?after=4", 4)?;
    assert_eq!(now, format!("8-{epoch}"));
    for mut reader in [by_header(&now)?, by_query(&now)?] {
        assert_eq!(reader.block()?.unwrap().id_text, now);
    }
    let ahead = by_query(&format!("9-{epoch}")).map(drop).unwrap_err().to_string();
    assert!(ahead.starts_with("400"), "{ahead}");
    // It is the same epoch after a restart and after kill -9.
    server.kill()?;
    let server = Server::start(&db)?;
    assert_eq!(place(&server, &format!("?after=7-{epoch}"), 1)?, now);
    Ok(())
}

fn flipped(epoch: &str) -> String {
    epoch.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect()
}

#[test]
fn other_reads_refuse_positions_from_before_a_restore() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let (server, ..) = restore(&db)?;
    let get =
        |path: &str, epoch: &str| server.request("GET", path, &[("relata-epoch", epoch)], b"");
    let at = |path: &str| format!("/v1/locations/here/{path}");
    let current = server.get(&at("summary"))?.header("relata-epoch").unwrap().to_owned();
    for path in [
        "summary",
        "events",
        "export?format=csv",
        "objects",
        "summary?minSeq=2",
        "diff?from=1&to=2",
        "changes?after=9999",
    ] {
        let refused = get(&at(path), &flipped(&current))?;
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (410, Some("restored")),
            "{path}"
        );
    }
    assert_eq!(get(&at("summary?minSeq=8"), &current)?.status, 200);
    // A list of events goes on from a cursor of its own history only.
    let page = server.get(&at("events?after=4&limit=1"))?.json();
    assert_eq!(page["next"], format!("5-{current}"));
    let next = format!("events?limit=1&cursor={}", page["next"].as_str().unwrap());
    assert_eq!(server.get(&at(&next))?.json()["events"][0]["seq"], 6);
    for gone in ["events?after=7", "events?cursor=5", "events?cursor=5-00000000"] {
        assert_eq!(server.get(&at(gone))?.status, 410, "{gone}");
    }
    Ok(())
}

/// What is no restore begins no epoch; what is one does, however it was done.
#[test]
fn only_a_restore_begins_an_epoch() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let epochs = || -> Result<_, Error> {
        let store = Store::open(&db)?;
        let epochs = store.epochs().clone();
        store.ingest(relation(store.head()).to_string().as_bytes())?;
        store.close()?;
        Ok(epochs)
    };
    let lock = format!("{}-lock", db.display());
    let first = epochs()?;
    assert_eq!(first.mark(), None);
    // Opened again; opened by a store that reads; a lock file of a Relata before epochs.
    assert_eq!(epochs()?, first);
    assert_eq!(Store::open_read_only(&db)?.epochs(), &first);
    std::fs::write(&lock, format!("{:020}\n", 2))?;
    assert_eq!(epochs()?, first);
    // The lock file is gone, as the manual says, or cut; the store of another place has
    // come in its place, and has as many events.
    let copy = db.with_extension("copy");
    std::fs::copy(&db, &copy)?;
    std::fs::remove_file(&lock)?;
    let second = epochs()?;
    assert_ne!(second.current(), first.current());
    std::fs::write(&lock, "")?;
    let third = epochs()?;
    assert_ne!(third.current(), second.current());
    for number in 0..3 {
        let other = Store::open(&copy)?;
        other.ingest(relation(50 + number).to_string().as_bytes())?;
        other.close()?;
    }
    std::fs::copy(&copy, &db)?;
    let fourth = epochs()?;
    let known = [first.current(), second.current(), third.current()];
    assert!(!known.contains(&fourth.current()));
    assert_eq!(epochs()?, fourth);
    Ok(())
}
