//! Another server takes over the database: a standby that has everything, or one that lacks the
//! last events.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use crate::nodes::kills::{Load, SENDERS};
use crate::nodes::{Node, check_alike, head, relation, start, until};
use crate::support::long;
use crate::support::postgres::Cluster;
use crate::support::server::Error;

/// The exit status of a server that must be started again.
const EX_IOERR: i32 = 74;

/// The URL that names both servers: whichever can be written to is the database.
fn url_of_both(primary: &Cluster, standby: &Cluster) -> String {
    let [one, other] = [primary.url(), standby.url()];
    let (_, host) = one.split_once('@').unwrap();
    let (_, other) = other.split_once('@').unwrap();
    let (host, other) = (host.trim_end_matches("/postgres"), other.trim_end_matches("/postgres"));
    format!("postgres://postgres@{host},{other}/postgres?target_session_attrs=read-write")
}

/// Starts servers again that have ended, as their supervisor does.
fn supervise(nodes: &mut [Node]) -> Result<(), Error> {
    for node in nodes {
        let ended = match &mut node.server {
            Some(server) => server.child.try_wait()?,
            None => continue,
        };
        if let Some(status) = ended {
            assert_eq!(status.code(), Some(EX_IOERR));
            node.restart()?;
        }
    }
    Ok(())
}

/// Promotes the standby, and waits until all servers have it as their database.
fn take_over(standby: &Cluster, nodes: &mut [Node]) -> Result<(), Error> {
    standby.promote();
    until("servers are ready again", || {
        supervise(nodes)?;
        Ok(nodes.iter().all(|node| node.get("/readyz").is_ok_and(|it| it.status == 200)))
    })
}

#[test]
fn a_synchronous_standby_takes_over_without_loss() -> Result<(), Error> {
    for _ in 0..long::rounds(1, 50) {
        let Some(primary) = Cluster::start() else { return Ok(()) };
        fail_over_under_load(primary)?;
    }
    Ok(())
}

fn fail_over_under_load(mut primary: Cluster) -> Result<(), Error> {
    let standby = primary.start_standby();
    primary.wait_for_standby();
    let url = url_of_both(&primary, &standby);
    let nodes: Vec<Mutex<Node>> = (0..3)
        .map(|at| Ok(Mutex::new(Node::start(&url, at == 1)?)))
        .collect::<Result<_, Error>>()?;
    let load = Load::default();
    std::thread::scope(|scope| -> Result<(), Error> {
        for sender in 0..SENDERS {
            let (load, nodes) = (&load, &nodes);
            scope.spawn(move || {
                load.send(sender, |at, body| nodes[at % 3].lock().unwrap().post(body));
            });
        }
        std::thread::sleep(Duration::from_millis(1_500));
        primary.stop_immediately();
        standby.promote();
        let failed_over = until("servers are ready again", || {
            let mut ready = 0;
            for node in &nodes {
                let mut node = node.lock().unwrap();
                supervise(std::slice::from_mut(&mut node))?;
                ready += u32::from(node.get("/readyz").is_ok_and(|it| it.status == 200));
            }
            Ok(ready == 3)
        });
        std::thread::sleep(Duration::from_millis(800));
        load.end();
        failed_over
    })?;
    let nodes: Vec<Node> = nodes.into_iter().map(|node| node.into_inner().unwrap()).collect();
    long::tell("events acknowledged around a fail-over", load.count());
    assert!(load.count() > 50);
    let now = standby.url();
    load.check(&standby, &now);
    check_alike(&standby, &now, &nodes)
}

/// What a standby never had is gone, and no server goes on as if it were not.
#[test]
fn a_standby_that_lacks_events_begins_another_history() -> Result<(), Error> {
    let Some(mut primary) = Cluster::start() else { return Ok(()) };
    let mut standby = primary.start_standby();
    let url = url_of_both(&primary, &standby);
    let mut nodes = start(&url, 2)?;
    for number in 1..=10 {
        nodes[usize::try_from(number % 2)?].post(&relation("L", number))?;
    }
    until("the standby has them", || Ok(head(&standby, &standby.url()) == 10))?;
    let epoch = epoch_of(&nodes[0])?;
    standby.stop_immediately();
    for number in 11..=20 {
        nodes[usize::try_from(number % 2)?].post(&relation("L", number))?;
    }
    nodes[0].get_at(20, "/v1/locations")?;
    primary.stop_immediately();
    standby.start_again();
    take_over(&standby, &mut nodes)?;
    for node in &nodes {
        let summary: Value = serde_json::from_str(&node.get_at(10, "/v1/locations/L/summary")?)?;
        assert_eq!((&summary["seq"], &summary["relations"]), (&10.into(), &10.into()));
        assert_ne!(epoch_of(node)?, epoch, "seqs are of another history");
        // Who has seen event 15 has seen another one.
        let feed = node.get("/v1/locations/L/changes?after=15")?;
        assert!((400..500).contains(&feed.status), "{}", feed.text());
    }
    assert_eq!(nodes[1].post(&relation("L", 21))?, ("applied".to_owned(), 11));
    check_alike(&standby, &standby.url(), &nodes)
}

/// A commit that no standby has is not acknowledged, and nothing else is behind it.
#[test]
fn nothing_is_acknowledged_while_the_synchronous_standby_is_away() -> Result<(), Error> {
    let Some(mut primary) = Cluster::start() else { return Ok(()) };
    let mut standby = primary.start_standby();
    primary.wait_for_standby();
    let url = url_of_both(&primary, &standby);
    let mut nodes = start(&url, 2)?;
    assert_eq!(nodes[0].post(&relation("L", 1))?.1, 1);
    until("the standby shows it", || Ok(head(&standby, &standby.url()) == 1))?;
    standby.stop_immediately();
    let body = relation("L", 2).to_string();
    let refused = nodes[0].server().post("/webhooks", body.as_bytes())?;
    assert_eq!(refused.status, 503, "{}", refused.text());
    // The session that waits is ended: others see what it wrote, and nobody else has it.
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE application_name = 'relata' AND wait_event = 'SyncRep'";
    primary.run_sql(&primary.url(), ended);
    until("it is seen on the primary", || Ok(head(&primary, &primary.url()) == 2))?;
    for node in &nodes {
        let refused = node.server().post("/webhooks", body.as_bytes())?;
        assert_eq!(refused.status, 503, "{}", refused.text());
    }
    primary.stop_immediately();
    standby.start_again();
    take_over(&standby, &mut nodes)?;
    assert_eq!(nodes[0].post(&relation("L", 2))?, ("applied".to_owned(), 2));
    assert_eq!(nodes[1].post(&relation("L", 2))?, ("duplicate".to_owned(), 2));
    check_alike(&standby, &standby.url(), &nodes)
}

fn epoch_of(node: &Node) -> Result<String, Error> {
    let answer = node.get("/v1/locations")?;
    Ok(answer.header("relata-epoch").ok_or("no epoch")?.to_owned())
}
