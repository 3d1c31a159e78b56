//! Several servers over one journal in a PostgreSQL database: whatever is killed, what was
//! acknowledged is there, once, and all servers answer alike.

mod answers;
mod failover;
mod faults;
mod kills;
mod memory;
mod refusals;
mod standby;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::postgres::Cluster;
use crate::support::server::{Answer, Error, Server, relata};

/// How long what must happen may take: tests share the machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn relation(location: &str, number: u64) -> Value {
    json!({
        "type": "RelationCreate", "id": format!("r{number}"), "associationId": "A",
        "locationId": location, "firstObjectKey": "contact",
        "firstRecordId": format!("c{}", number % 17), "secondObjectKey": "house",
        "secondRecordId": format!("h{}", number % 11), "webhookId": format!("w{number}"),
    })
}

/// A server on a database, at a port that it keeps when it is started again.
struct Node {
    server: Option<Server>,
    url: String,
    /// Whether it keeps as few graphs in memory as it can.
    keeps_few: bool,
}

impl Node {
    fn start(url: &str, keeps_few: bool) -> Result<Self, Error> {
        let mut node = Self { server: None, url: url.to_owned(), keeps_few };
        node.restart()?;
        Ok(node)
    }

    fn command(&self) -> std::process::Command {
        let mut command = relata();
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "off"]);
        command.args(["--checkpoint-ms", "300", "--on-write-failure", "exit"]);
        command.arg("--db").arg(&self.url);
        if self.keeps_few {
            command.args(["--graph-memory", "1"]);
        }
        command
    }

    fn restart(&mut self) -> Result<(), Error> {
        self.server = None;
        self.server = Some(Server::spawn(&mut self.command())?);
        Ok(())
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("a server that runs")
    }

    fn kill(&mut self) -> Result<(), Error> {
        self.server.take().map_or(Ok(()), Server::kill)
    }

    fn get(&self, path: &str) -> Result<Answer, Error> {
        self.server().get(path)
    }

    /// Asks once this server has come to an event.
    fn get_at(&self, seq: u64, path: &str) -> Result<String, Error> {
        let mark = if path.contains('?') { '&' } else { '?' };
        let answer = self.get(&format!("{path}{mark}minSeq={seq}"))?;
        if answer.status != 200 {
            return Err(format!("{path}: {}", answer.text()).into());
        }
        Ok(answer.text())
    }

    fn post(&self, body: &Value) -> Result<(String, u64), Error> {
        let server = self.server.as_ref().ok_or("it does not run")?;
        let answer = server.post("/webhooks", body.to_string().as_bytes())?;
        if answer.status != 200 {
            return Err(format!("status {}: {}", answer.status, answer.text()).into());
        }
        let told = answer.json();
        Ok((told["status"].as_str().ok_or("status")?.into(), told["seq"].as_u64().ok_or("seq")?))
    }
}

/// Starts servers, every second of which keeps few graphs.
fn start(url: &str, nodes: usize) -> Result<Vec<Node>, Error> {
    (0..nodes).map(|at| Node::start(url, at % 2 == 1)).collect()
}

fn number(cluster: &Cluster, url: &str, sql: &str) -> u64 {
    cluster.run_sql(url, sql).parse().expect("a number")
}

fn head(cluster: &Cluster, url: &str) -> u64 {
    number(cluster, url, "SELECT greatest((SELECT max(seq) FROM event), pruned) FROM store")
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> Result<bool, Error>) -> Result<(), Error> {
    let begun = Instant::now();
    while !is_so()? {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{what} does not happen").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// All servers, one that is started now, and a replay of the whole journal give the same.
fn check_alike(cluster: &Cluster, url: &str, nodes: &[Node]) -> Result<(), Error> {
    let head = head(cluster, url);
    let fresh = Node::start(url, false)?;
    let told = |node: &Node| -> Result<Vec<String>, Error> {
        let locations = node.get_at(head, "/v1/locations")?;
        let ids: Value = serde_json::from_str(&locations)?;
        let mut told = vec![locations];
        for location in ids["locations"].as_array().ok_or("locations")? {
            let id = location["locationId"].as_str().ok_or("location")?;
            for format in ["graphml", "ndjson", "gexf&dynamic=true"] {
                let path = format!("/v1/locations/{id}/export?format={format}");
                told.push(node.get_at(head, &path)?);
            }
        }
        Ok(told)
    };
    let expected = told(&fresh)?;
    assert!(expected.len() > 1, "{expected:?}");
    for node in nodes {
        assert!(told(node)? == expected, "a server answers differently");
    }
    let verified = crate::support::server::run(Path::new(url), &["verify", "--json"])?;
    assert_eq!(serde_json::from_str::<Value>(&verified)?["ok"], true, "{verified}");
    Ok(())
}
