//! What the server tells Prometheus, by the real binary.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::server::{Error, Server};

const DASHBOARD: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/grafana-dashboard.json"));

/// Every sample: its name and labels, and its value.
type Samples = BTreeMap<String, String>;

/// Reads the text by the rules of `OpenMetrics`, as far as it uses them.
fn scrape(server: &Server) -> Result<Samples, Error> {
    let answer = server.get("/metrics")?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(media_type));
    let text = answer.text();
    let lines = text.strip_suffix("# EOF\n").ok_or("no end")?;
    let (mut samples, mut families) = (Samples::new(), BTreeSet::new());
    let mut family = ("", "");
    for line in lines.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            family = declared.split_once(' ').ok_or("type")?;
            assert!(families.insert(family.0), "{} is declared twice", family.0);
            continue;
        }
        if line.starts_with("# ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').ok_or("sample")?;
        let name = series.split('{').next().ok_or("name")?;
        let suffix = name.strip_prefix(family.0).ok_or_else(|| format!("{name} stands alone"))?;
        let suffixes: &[&str] = match family.1 {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_sum", "_count", "_bucket"],
            "info" => &["_info"],
            other => return Err(format!("a family of type {other}").into()),
        };
        assert!(suffixes.contains(&suffix), "{name} is no {}", family.1);
        value.parse::<f64>()?;
        let told = samples.insert(series.to_owned(), value.to_owned());
        assert_eq!(told, None, "{series} is told twice");
    }
    Ok(samples)
}

fn says(samples: &Samples, series: &str, value: &str) -> bool {
    samples.get(series).is_some_and(|told| told == value)
}

fn relation(id: &str) -> Value {
    json!({"type": "RelationCreate", "id": id, "associationId": "A", "locationId": "L",
        "firstObjectKey": "contact", "firstRecordId": format!("c{id}"),
        "secondObjectKey": "property", "secondRecordId": format!("p{id}"),
        "timestamp": "2026-11-24T00:00:00Z"})
}

/// After what the test below does.
const EXPECTED: &str = r#"relata_deliveries_total{type="RelationCreate",status="applied"} 3
relata_deliveries_total{type="RelationCreate",status="unchanged"} 1
relata_deliveries_total{type="other",status="ignored"} 1
relata_deliveries_total{type="RelationDelete",status="invalid_event"} 1
relata_deliveries_total{type="other",status="malformed_json"} 1
relata_http_requests_total{method="POST",route="/webhooks",status="200"} 5
relata_http_requests_total{method="GET",route="/v1/locations/{locationId}/objects/{objectKey}/links",status="200"} 1
relata_http_requests_total{method="GET",route="/v1/locations/{locationId}/objects/{objectKey}/links",status="404"} 1
relata_http_requests_total{method="GET",route="/v1/locations",status="400"} 1
relata_http_requests_total{method="",route="",status="404"} 1
relata_http_request_duration_seconds_count{method="GET",route="/v1/locations/{locationId}/objects/{objectKey}/links"} 2
relata_events_total{origin="webhook"} 4
relata_events_total{origin="api"} 0
relata_events_total{origin="pull"} 0
relata_events_total{origin="drift"} 0
relata_commit_events_sum 4.0
relata_head_seq 4
relata_checkpoint_seq 0
relata_writable 1
relata_queue_jobs 0
relata_queue_bytes 0
relata_dead_letters 2
relata_locations 1
relata_objects 2
relata_records 6
relata_relations 3
relata_pending_associations 1
relata_tombstones 0
relata_tombstones_dropped_total 0"#;

#[test]
fn metrics_count_deliveries_requests_and_readers() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--checkpoint-ms", "3600000"])?;
    let post = |body: &str, expected: u16| -> Result<(), Error> {
        let answer = server.post("/webhooks", body.as_bytes())?;
        assert_eq!(answer.status, expected, "{}", answer.text());
        Ok(())
    };
    for id in ["1", "2", "3"] {
        post(&relation(id).to_string(), 200)?;
    }
    post(&relation("3").to_string(), 200)?;
    post(&json!({"type": "OrderCreate", "locationId": "L"}).to_string(), 200)?;
    post(&json!({"type": "RelationDelete", "locationId": "L"}).to_string(), 422)?;
    post("{", 400)?;
    assert_eq!(server.get("/v1/locations/L/objects/contact/links")?.status, 200);
    assert_eq!(server.get("/v1/locations/M/objects/contact/links")?.status, 404);
    assert_eq!(server.get("/v1/locations?limit=0")?.status, 400);
    assert_eq!(server.get("/somewhere")?.status, 404);
    let samples = scrape(&server)?;
    for line in EXPECTED.lines() {
        let (series, value) = line.rsplit_once(' ').ok_or("value")?;
        assert_eq!(samples.get(series).map(String::as_str), Some(value), "{series} {samples:#?}");
    }
    let number = |name: &str| samples.get(name).map(|value| value.parse::<f64>());
    for file in ["relata_database_bytes", "relata_wal_bytes"] {
        let bytes = number(file).ok_or("no size")??;
        assert!((4_096.0..1e6).contains(&bytes), "{file} {bytes}");
    }
    let held = number("relata_wal_held_seconds").ok_or("no time")??;
    assert!(held == 0.0, "{held}");
    let took = number("relata_commit_duration_seconds_sum").ok_or("no time")??;
    assert!(took > 0.0 && took < 60.0, "{took}");
    if cfg!(target_os = "linux") {
        let bytes = number("process_resident_memory_bytes").ok_or("no memory")??;
        assert!(bytes > 1e6 && bytes < 1e9, "{bytes}");
        let files = number("process_open_fds").ok_or("no files")??;
        assert!(files > 3.0, "{files}");
    }
    Ok(())
}

#[test]
fn metrics_report_checkpoints() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--checkpoint-events", "2"])?;
    for id in ["1", "2"] {
        assert_eq!(server.post("/webhooks", relation(id).to_string().as_bytes())?.status, 200);
    }
    // It is saved behind the answer.
    let saved = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        scrape(&server).ok().filter(|samples| says(samples, "relata_checkpoint_seq", "2"))
    });
    let saved = saved.ok_or("no checkpoint")?;
    assert!(says(&saved, "relata_checkpoint_duration_seconds_count", "1"), "{saved:#?}");
    let age: f64 = saved.get("relata_checkpoint_age_seconds").ok_or("no age")?.parse()?;
    assert!(age < 10.0, "{age}");
    drop(server);
    let server = Server::start(&db)?;
    assert!(says(&scrape(&server)?, "relata_checkpoint_seq", "2"));
    Ok(())
}

#[test]
fn input_from_outside_creates_no_series() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(&directory.path().join("relata.db"))?;
    let series = |round: usize| -> Result<usize, Error> {
        for n in 0..20 {
            let name = format!("x{}", round * 100 + n);
            let event = json!({"type": name, "locationId": name});
            server.post("/webhooks", event.to_string().as_bytes())?;
            server.post(&format!("/webhooks/{name}"), b"{")?;
            server.get(&format!("/{name}"))?;
            server.get(&format!("/v1/locations/{name}/objects/{name}/links?label={name}"))?;
            server.request(&name.to_uppercase(), "/metrics", &[], b"")?;
        }
        Ok(scrape(&server)?.len())
    };
    series(0)?;
    assert_eq!(series(1)?, series(2)?);
    Ok(())
}

/// Every metric that an expression looks at, each with the labels that it needs: those
/// it is chosen by, and those by which the expression groups.
fn selectors(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = |list: &str| -> Vec<String> {
        let names = list.split(',').map(|label| label.split(['=', '!']).next().unwrap_or_default());
        names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    };
    let between = |after: &str, end: char| names(after.split(end).next().unwrap_or_default());
    let grouped: Vec<String> =
        text.split("by (").skip(1).flat_map(|after| between(after, ')')).collect();
    let mut found = Vec::new();
    for (at, _) in text.match_indices('{') {
        let (before, after) = text.split_at(at);
        let name = before.rsplit(|c| !is_name(c)).next().unwrap_or_default().to_owned();
        let labels = between(&after[1..], '}').into_iter().chain(grouped.iter().cloned());
        found.push((name, labels.collect()));
    }
    found
}

fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("expr").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| expressions(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

#[test]
fn the_dashboard_uses_metrics_that_exist() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = Server::start_with(&directory.path().join("none.db"), &["--demo"])?;
    server.post("/webhooks", b"{")?;
    let samples = scrape(&server)?;
    let dashboard: Value = serde_json::from_str(DASHBOARD)?;
    let mut expressions_found = Vec::new();
    expressions(&dashboard, &mut expressions_found);
    assert!(expressions_found.len() > 20);
    for text in expressions_found {
        let text = text.replace("$__rate_interval", "5m").replace("$instance", ".*");
        let found = selectors(&text);
        assert!(!found.is_empty(), "{text} looks at nothing");
        for (name, labels) in found {
            // Prometheus gives every series its instance.
            let has = |series: &str, label: &str| {
                label == "instance"
                    || series.contains(&format!("{{{label}=\""))
                    || series.contains(&format!(",{label}=\""))
            };
            let fits = samples.keys().any(|series| {
                series.split('{').next() == Some(&name)
                    && labels.iter().all(|label| has(series, label))
            });
            assert!(fits, "{text}: there is no {name} with {labels:?}");
        }
    }
    Ok(())
}
