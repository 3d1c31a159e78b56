//! What cannot be a cluster's database, and what must not be lost on the way there.

use std::path::Path;

use serde_json::Value;

use crate::nodes::{Node, check_alike, relation, start};
use crate::support::postgres::shared;
use crate::support::server::{Error, relata, run};

/// Bytes that a text of the database could not hold, in a database of another encoding.
#[test]
fn every_byte_is_kept() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let name = format!("latin_{}", std::process::id());
    let sql = format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    cluster.run_sql(&cluster.url(), &sql);
    let url = format!("{}/{name}", cluster.url().trim_end_matches("/postgres"));
    let nodes = start(&url, 2)?;
    for (number, id) in ["nul\0", "quote'\"\\", "łódź", "😀", "\u{202e}abc"].iter().enumerate()
    {
        let mut body = relation("L", u64::try_from(number)?);
        body["id"] = Value::from(*id);
        body["webhookId"] = Value::from(*id);
        let (first, seq) = nodes[number % 2].post(&body)?;
        assert_eq!(
            (&*first, nodes[(number + 1) % 2].post(&body)?),
            ("applied", ("duplicate".into(), seq))
        );
    }
    check_alike(cluster, &url, &nodes)
}

#[test]
fn servers_that_start_at_once_make_the_tables_once() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    for _ in 0..3 {
        let url = cluster.new_database();
        let nodes: Vec<Result<Node, String>> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| Node::start(&url, false).map_err(|error| error.to_string()))
                })
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        let nodes: Vec<Node> = nodes.into_iter().collect::<Result<_, _>>()?;
        nodes[3].post(&relation("L", 1))?;
        check_alike(cluster, &url, &nodes)?;
    }
    Ok(())
}

/// A token that is revoked at one place is refused at all of them.
#[test]
fn a_revoked_token_is_refused_by_every_server() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let db = Path::new(&url);
    let first = Node::start(&url, false)?;
    first.post(&relation("L", 1))?;
    let token = run(db, &["token", "new", "--name", "one"])?;
    let mut second = relata();
    second.args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--api-auth", "required"]);
    let second = crate::support::server::Server::spawn(second.arg("--db").arg(db))?;
    let bearer = format!("Bearer {token}");
    let status = || -> Result<u16, Error> {
        let headers = [("authorization", &*bearer)];
        Ok(second.request("GET", "/v1/locations", &headers, b"")?.status)
    };
    assert_eq!(status()?, 200);
    run(db, &["token", "revoke", "one"])?;
    crate::nodes::until("the token is refused", || Ok(status()? == 401))
}
