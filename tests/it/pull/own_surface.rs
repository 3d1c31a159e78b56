//! Pulling from another Relata, which answers as the sender does.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use relata::Store;

use crate::pull::pulled::{Pull, assert_same, relations};
use crate::support::database::fresh;
use crate::support::server::{Error, Server, relata, run};
use crate::support::upstream::{Location, Plan, Settings, StandIn};

const HOUSE: &str = "custom_objects.property";
const TOUR: &str = "custom_objects.viewing";

/// Pulls a location from a server into a database.
fn pull(server: &Server, location: &str, db: &Path) -> Result<Output, Error> {
    let token = db.with_extension("token");
    std::fs::write(&token, "pit-any")?;
    std::fs::set_permissions(&token, Permissions::from_mode(0o600))?;
    let mut command = relata();
    command.arg("pull").arg("--db").arg(db).args(["--location", location, "--unlimited"]);
    command.args(["--rate", "100000", "--sample", "10", "--concurrency", "4"]);
    command
        .arg("--base-url")
        .arg(format!("http://{}", server.address))
        .arg("--token-file")
        .arg(token);
    Ok(command.output()?)
}

/// A database that holds what a location holds, and the location.
fn filled(db: &Path, plan: &Plan) -> Result<(StandIn, Location), Error> {
    let location = plan.location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let store = Store::open(db)?;
    Pull::of(&stand_in, &location).run(&store)?;
    assert_same(&store, &location.id, &stand_in.truth());
    Ok((stand_in, location))
}

#[test]
fn what_is_pulled_from_another_relata_is_exported_alike() -> Result<(), Error> {
    let plan = Plan::of(
        11,
        &[(HOUSE, 260), (TOUR, 140)],
        &[("toured", [TOUR, HOUSE], 180), ("neighbor", [HOUSE, HOUSE], 90)],
    );
    let (folder, db) = fresh()?;
    let (stand_in, location) = filled(&db, &plan)?;
    let server = Server::start(&db)?;
    let copy = folder.path().join("copy.db");
    let pulled = pull(&server, &location.id, &copy)?;
    assert!(pulled.status.success(), "{pulled:?}");
    drop(server);
    assert_same(&Store::open_read_only(&copy)?, &location.id, &stand_in.truth());
    for format in ["graphml", "cypher", "ntriples", "csv"] {
        let lines = |db: &Path| -> Result<Vec<String>, Error> {
            let text = run(db, &["export", "--location", &location.id, "--format", format])?;
            // Each has the order in which it heard of them.
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            Ok(lines)
        };
        assert_eq!(lines(&copy)?, lines(&db)?, "{format}");
    }
    Ok(())
}

/// Contacts, opportunities and companies are not served: the links that only they show are
/// named, and everything else is there.
#[test]
fn what_another_relata_does_not_list_is_named() -> Result<(), Error> {
    let plan = Plan::of(
        12,
        &[("contact", 120), (HOUSE, 80)],
        &[("buyer", ["contact", HOUSE], 100), ("spouse", ["contact", "contact"], 30)],
    );
    let (folder, db) = fresh()?;
    let (stand_in, location) = filled(&db, &plan)?;
    let server = Server::start(&db)?;
    let copy = folder.path().join("copy.db");
    let pulled = pull(&server, &location.id, &copy)?;
    assert_eq!(pulled.status.code(), Some(3), "{pulled:?}");
    let said =
        [pulled.stdout, pulled.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat();
    assert!(said.contains("spouse") && said.contains("no such list"), "{said}");
    let found = relations(&Store::open_read_only(&copy)?, &location.id);
    let truth = stand_in.truth();
    let spouse = |association: &str| truth.associations[association].key == "spouse";
    let expected = truth.relations.iter().filter(|(_, it)| !spouse(&it.association));
    assert_eq!(found, expected.map(|(id, it)| (id.clone(), it.clone())).collect());
    Ok(())
}
