//! What each server answers is what all of them answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::nodes::{Node, check_alike, head, number, relation, start, until};
use crate::support::postgres::shared;
use crate::support::server::{Error, run};
use crate::support::sse_client;

/// A post at one server is seen at another by who names its event.
#[test]
fn what_one_server_took_another_shows() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let nodes = start(&url, 3)?;
    let mut took: Vec<Duration> = Vec::new();
    for posted in 1..=60_usize {
        let number = u64::try_from(posted)?;
        let (status, seq) = nodes[posted % 3].post(&relation("L", number))?;
        assert_eq!((&*status, seq), ("applied", number));
        let begun = Instant::now();
        let count = nodes[(posted + 1) % 3].get_at(seq, "/v1/locations/L/summary")?;
        took.push(begun.elapsed());
        assert_eq!(serde_json::from_str::<Value>(&count)?["relations"], number, "{count}");
    }
    took.sort();
    crate::support::long::tell("microseconds until another server shows it", took[30].as_micros());
    assert!(took[30] < Duration::from_millis(200), "{took:?}");
    // By itself each comes to know soon after.
    for node in &nodes {
        until("the last event is shown", || {
            Ok(node.get("/v1/locations/L/summary")?.json()["relations"] == 60)
        })?;
    }
    let never = nodes[0].get("/v1/locations/L/summary?minSeq=1000")?;
    assert_eq!((never.status, &never.json()["code"]), (503, &json!("unavailable")));
    check_alike(cluster, &url, &nodes)
}

/// Two servers are sent the same at the same moment: one of them takes it.
#[test]
fn one_delivery_is_accepted_once_by_all_servers() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let nodes = start(&url, 2)?;
    for at in 0..40 {
        // Each begins a new location, too.
        let body = relation(&format!("L{at}"), at);
        let answers: Vec<(String, u64)> = std::thread::scope(|scope| {
            let posts: Vec<_> = nodes
                .iter()
                .map(|node| scope.spawn(|| node.post(&body).map_err(|error| error.to_string())))
                .collect();
            posts.into_iter().map(|post| post.join().unwrap().unwrap()).collect()
        });
        let mut statuses: Vec<&str> = answers.iter().map(|(status, _)| &**status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, ["applied", "duplicate"]);
        assert_eq!((answers[0].1, answers[1].1), (at + 1, at + 1));
    }
    check_alike(cluster, &url, &nodes)
}

/// Redeliveries are counted wherever they come.
#[test]
fn repeats_at_several_servers_are_counted_together() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let nodes = start(&url, 3)?;
    for node in nodes.iter().chain(&nodes) {
        node.post(&relation("L", 1))?;
    }
    until("the repeats are saved", || {
        // Something has to be new for a server to save anything.
        Ok(number(cluster, &url, "SELECT coalesce(sum(times), 0) FROM redelivery") == 5)
    })
}

#[test]
fn an_erasure_and_a_compaction_are_done_everywhere() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let nodes = start(&url, 3)?;
    for number in 0..300 {
        nodes[usize::try_from(number)? % 3].post(&relation(&format!("L{}", number % 3), number))?;
    }
    // By a process of its own, as the command line does it, beside the servers.
    let erased = run(std::path::Path::new(&url), &["erase", "--location", "L1", "--yes"])?;
    assert!(erased.starts_with("erased L1: 100 events"), "{erased}");
    for node in &nodes {
        until("the location is gone", || Ok(node.get("/v1/locations/L1/summary")?.status == 404))?;
    }
    // It begins once more, at any of them.
    nodes[2].post(&relation("L1", 301))?;
    check_alike(cluster, &url, &nodes)
}

/// One process saves checkpoints; when it ends, another goes on.
#[test]
fn checkpoints_go_on_when_who_saves_them_is_killed() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let mut nodes = start(&url, 3)?;
    for number in 0..9 {
        let seq = nodes[2].post(&relation("L", number))?.1;
        until("a checkpoint covers the event", || {
            Ok(super::number(cluster, &url, "SELECT checkpoint_seq FROM store") >= seq)
        })?;
        // The first one was the first to start, and so on.
        let saver = usize::try_from(number)? % 2;
        nodes[saver].kill()?;
        nodes[saver].restart()?;
    }
    check_alike(cluster, &url, &nodes)
}

/// Lines of which only the marks of an import tell that they are there already.
fn lines_without_ids(count: u64) -> String {
    let line = |number| {
        let mut line = relation("L", number);
        line.as_object_mut().and_then(|members| members.remove("webhookId"));
        line.to_string() + "\n"
    };
    (0..count).map(line).collect()
}

#[test]
fn a_file_is_imported_once_though_two_servers_read_it() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let mut nodes = start(&url, 2)?;
    let lines = lines_without_ids(20_000);
    let import = |node: &Node| node.server().post("/v1/import", lines.as_bytes());
    std::thread::scope(|scope| {
        let imports: Vec<_> = nodes
            .iter()
            .map(|node| scope.spawn(|| import(node).map_err(|error| error.to_string())))
            .collect();
        for done in imports {
            let answer = done.join().unwrap().unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    });
    assert_eq!(head(cluster, &url), 20_000);
    nodes[0].kill()?;
    nodes[0].restart()?;
    assert_eq!(import(&nodes[0])?.json()["duplicate"], 20_000);
    check_alike(cluster, &url, &nodes)
}

/// One of two servers that import the same file is killed; what it had begun is imported by
/// who sends it again, to any of them.
#[test]
fn an_import_that_was_cut_off_is_finished_at_another_server() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let mut nodes = start(&url, 2)?;
    let lines = lines_without_ids(30_000);
    let import = |node: &Node| {
        let imported = node.server().post("/v1/import", lines.as_bytes());
        imported.map(|answer| answer.status).map_err(|error| error.to_string())
    };
    let mut cut_off = false;
    std::thread::scope(|scope| -> Result<(), Error> {
        let imports: Vec<_> = nodes.iter().map(|node| scope.spawn(|| import(node))).collect();
        until("both have begun", || Ok(head(cluster, &url) > 1_000))?;
        nodes[0].server().signal("KILL")?;
        for done in imports {
            cut_off |= done.join().unwrap() != Ok(200);
        }
        Ok(())
    })?;
    assert!(cut_off, "the import was over before the server was killed");
    nodes[0].restart()?;
    for node in &nodes {
        assert_eq!(import(node)?, 200);
        assert_eq!(head(cluster, &url), 30_000);
    }
    check_alike(cluster, &url, &nodes)
}

/// While somebody reads the database for long, PostgreSQL keeps each version of the row that
/// all turns change.
#[test]
fn a_long_snapshot_does_not_slow_deliveries_down() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let node = Node::start(&url, false)?;
    let next = std::cell::Cell::new(0);
    let median = |posts: u64| -> Result<Duration, Error> {
        let mut took = Vec::new();
        for _ in 0..posts {
            let begun = Instant::now();
            node.post(&relation("L", next.replace(next.get() + 1)))?;
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        Ok(took[took.len() / 2])
    };
    let before = median(200)?;
    let mut snapshot = cluster.program("psql");
    let sql = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM event; \
               SELECT pg_sleep(600)";
    let mut snapshot = snapshot.args(["-X", "-q", "-c", sql, &*url]).spawn()?;
    let held = "SELECT count(*) FROM pg_stat_activity WHERE backend_xmin IS NOT NULL \
                AND datname = current_database() AND query LIKE '%pg_sleep(600)%' \
                AND pid <> pg_backend_pid()";
    until("the snapshot is held", || Ok(number(cluster, &url, held) == 1))?;
    median(u64::from(crate::support::long::rounds(3_000, 60_000)))?;
    let beside = median(200)?;
    snapshot.kill()?;
    snapshot.wait()?;
    let told = format!("{} and {}", before.as_micros(), beside.as_micros());
    crate::support::long::tell("microseconds a post, before and in a long snapshot", &told);
    assert!(beside < 3 * before + Duration::from_millis(2), "{told}");
    Ok(())
}

/// Who follows the changes may come back to any server.
#[test]
fn the_change_feed_goes_on_at_another_server() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let nodes = start(&url, 2)?;
    let mut seen: Vec<u64> = Vec::new();
    nodes[0].post(&relation(sse_client::HERE, 100))?;
    let mut last = "1".to_owned();
    for round in 0..6_u64 {
        for number in round * 10..(round + 1) * 10 {
            let body = relation(sse_client::HERE, number);
            nodes[usize::try_from(number)? % 2].post(&body)?;
        }
        let node = &nodes[usize::try_from(round)? % 2];
        let headers = [("last-event-id", &*last)];
        let mut feed = sse_client::Reader::with(node.server(), sse_client::HERE, "", &headers)?;
        // The last of them only comes at the other one.
        seen.extend(feed.ids(9)?);
        last = seen.last().ok_or("nothing came")?.to_string();
    }
    assert_eq!(seen, (2..=55).collect::<Vec<u64>>());
    Ok(())
}
