//! Servers, connections and the database are killed while posts come.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::Duration;

use serde_json::Value;

use crate::nodes::{Node, check_alike, number, relation, start};
use crate::support::long;
use crate::support::postgres::Cluster;
use crate::support::server::Error;

pub(super) const SENDERS: usize = 6;

/// What was posted, and what came back.
#[derive(Default)]
pub(super) struct Load {
    next: AtomicU64,
    is_over: AtomicBool,
    /// By number: the seqs that were told, and how often it was told as new.
    told: Mutex<BTreeMap<u64, (Vec<u64>, u32)>>,
}

impl Load {
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// How many were acknowledged.
    pub(super) fn count(&self) -> usize {
        self.told.lock().unwrap().len()
    }

    /// Posts one after the other, each at any server until one of them has it.
    pub(super) fn send(
        &self,
        sender: usize,
        post: impl Fn(usize, &Value) -> Result<(String, u64), Error>,
    ) {
        while !self.is_over.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let body = relation(&format!("L{}", number % 5), number);
            // Now and then it is sent twice, to two of them.
            let mut copies = if number.is_multiple_of(7) { 2 } else { 1 };
            let mut at = sender;
            while copies > 0 {
                at += 1;
                match post(at, &body) {
                    Ok((status, seq)) => {
                        let mut told = self.told.lock().unwrap();
                        let (seqs, fresh) = told.entry(number).or_default();
                        seqs.push(seq);
                        *fresh += u32::from(status != "duplicate");
                        copies -= 1;
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(10)),
                }
            }
        }
    }

    /// What was acknowledged is there, once, under the seq that was told.
    pub(super) fn check(&self, cluster: &Cluster, url: &str) {
        let rows = cluster
            .run_sql(url, "SELECT seq, convert_from(webhook_id, 'UTF8') FROM event ORDER BY seq");
        let mut found: BTreeMap<&str, u64> = BTreeMap::new();
        for (row, expected) in rows.lines().zip(1..) {
            let (seq, id) = row.split_once('|').unwrap();
            assert_eq!(seq, expected.to_string(), "seqs have no gaps");
            assert!(found.insert(id, expected).is_none(), "{id} is there twice");
        }
        for (number, (seqs, fresh)) in &*self.told.lock().unwrap() {
            let there = found.get(&*format!("w{number}"));
            assert!(seqs.iter().all(|seq| Some(seq) == there), "w{number}: {seqs:?}, {there:?}");
            assert!(*fresh <= 1, "w{number} was told as new {fresh} times");
        }
    }
}

/// Runs a load against three servers while `disturb` does what it does.
fn under_load(
    cluster: &Mutex<Cluster>,
    disturb: impl FnOnce(&[RwLock<Node>], &str) -> Result<(), Error>,
) -> Result<(), Error> {
    let url = cluster.lock().unwrap().new_database();
    let nodes: Vec<RwLock<Node>> = start(&url, 3)?.into_iter().map(RwLock::new).collect();
    let load = Load::default();
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (load, nodes) = (&load, &nodes);
            scope.spawn(move || {
                load.send(sender, |at, body| nodes[at % nodes.len()].read().unwrap().post(body));
            });
        }
        let disturbed = disturb(&nodes, &url);
        load.end();
        disturbed
    })?;
    let nodes: Vec<Node> = nodes.into_iter().map(|node| node.into_inner().unwrap()).collect();
    let cluster = cluster.lock().unwrap();
    let posted = load.count();
    assert!(posted > 100, "{posted} were acknowledged");
    long::tell("events acknowledged by three servers", posted);
    load.check(&cluster, &url);
    check_alike(&cluster, &url, &nodes)
}

#[test]
fn killed_servers_lose_nothing_and_the_others_go_on() -> Result<(), Error> {
    let Some(cluster) = Cluster::start() else { return Ok(()) };
    under_load(&Mutex::new(cluster), |nodes, _| {
        for kill in 0..long::rounds(6, 200) {
            std::thread::sleep(Duration::from_millis(150));
            let mut node = nodes[usize::try_from(kill)? % nodes.len()].write().unwrap();
            node.kill()?;
            drop(node);
            // Without it the others have to do everything.
            std::thread::sleep(Duration::from_millis(100));
            nodes[usize::try_from(kill)? % nodes.len()].write().unwrap().restart()?;
        }
        Ok(())
    })
}

#[test]
fn lost_connections_lose_nothing() -> Result<(), Error> {
    let Some(cluster) = Cluster::start() else { return Ok(()) };
    let cluster = Mutex::new(cluster);
    under_load(&cluster, |_, url| {
        for _ in 0..long::rounds(20, 500) {
            std::thread::sleep(Duration::from_millis(50));
            let ended = number(
                &cluster.lock().unwrap(),
                url,
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE application_name = 'relata' AND datname = current_database() \
                 AND random() < 0.5",
            );
            assert!(ended < 100, "{ended}");
        }
        Ok(())
    })
}

#[test]
fn a_crash_of_the_database_loses_nothing() -> Result<(), Error> {
    let Some(cluster) = Cluster::start() else { return Ok(()) };
    let cluster = Mutex::new(cluster);
    under_load(&cluster, |nodes, _| {
        for _ in 0..long::rounds(2, 50) {
            std::thread::sleep(Duration::from_millis(400));
            let mut server = cluster.lock().unwrap();
            server.stop_immediately();
            std::thread::sleep(Duration::from_millis(200));
            for node in nodes {
                let node = node.read().unwrap();
                assert_eq!(node.get("/healthz")?.status, 200);
                assert_eq!(node.get("/v1/locations")?.status, 200, "queries are answered");
            }
            server.start_again();
        }
        std::thread::sleep(Duration::from_millis(500));
        Ok(())
    })
}
