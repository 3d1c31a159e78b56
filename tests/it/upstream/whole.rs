//! That everything a location holds can be read from it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::client::Client;
use crate::support::server::Error;
use crate::support::upstream::{
    Order, PageCap, PageCaps, Plan, Settings, StandIn, TrueAssociation, TrueRelation, Truth,
};

/// The ids of rows.
pub(crate) fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Reads a list to its first short page.
pub(crate) fn list(
    client: &Client,
    path: &str,
    name: &str,
    limit: usize,
) -> Result<Vec<Value>, Error> {
    let mut rows = Vec::new();
    loop {
        let path = format!("{path}&skip={}&limit={limit}", rows.len());
        let answer = client.get(&path)?;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let page = answer.json()[name].as_array().unwrap().clone();
        let is_last = page.len() < limit;
        rows.extend(page);
        if is_last {
            return Ok(rows);
        }
    }
}

/// Reads a search from cursor to cursor.
fn search(client: &Client, path: &str, name: &str, limit: usize) -> Result<Vec<Value>, Error> {
    let (mut rows, mut after) = (Vec::<Value>::new(), json!([]));
    loop {
        let mut body = json!({"locationId": client.location, "pageLimit": limit});
        body["searchAfter"] = after;
        let answer = client.post(path, &body)?;
        assert!(answer.status < 300, "{path}: {}", answer.text());
        let page = answer.json()[name].as_array().unwrap().clone();
        let Some(last) = page.last() else { return Ok(rows) };
        after = last["searchAfter"].clone();
        rows.extend(page);
    }
}

fn opportunities(client: &Client, limit: usize) -> Result<Vec<Value>, Error> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/opportunities/search?location_id={{L}}&limit={limit}{after}");
        let answer = client.get(&path)?.json();
        let page = answer["opportunities"].as_array().unwrap().clone();
        if page.is_empty() {
            return Ok(rows);
        }
        let meta = &answer["meta"];
        let id = meta["startAfterId"].as_str().unwrap();
        after = format!("&startAfter={}&startAfterId={id}", meta["startAfter"]);
        rows.extend(page);
    }
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_else(|| panic!("no {name} in {row}")).to_owned()
}

/// Reads all that a location holds, the links of every record.
pub(crate) fn read(client: &Client, limit: usize) -> Result<Truth, Error> {
    let mut truth = Truth::default();
    for row in client.get("/objects/?locationId={L}")?.json()["objects"].as_array().unwrap() {
        truth.objects.insert(text(row, "key"), text(&row["labels"], "singular"));
    }
    for row in list(client, "/associations/?locationId={L}", "associations", limit)? {
        let association = TrueAssociation {
            key: text(&row, "key"),
            is_system: row["associationType"] == "SYSTEM_DEFINED",
            objects: ["firstObjectKey", "secondObjectKey"].map(|name| text(&row, name)),
            labels: ["firstObjectLabel", "secondObjectLabel"].map(|name| text(&row, name)),
        };
        truth.associations.insert(text(&row, "id"), association);
    }
    for object in truth.objects.keys().cloned().collect::<Vec<_>>() {
        for (id, name) in records(client, &object, limit)? {
            truth.records.insert((object.clone(), id), name);
        }
    }
    for (_, record) in truth.records.keys() {
        let path = format!("/associations/relations/{record}?locationId={{L}}");
        for row in list(client, &path, "relations", limit)? {
            let end = |key, id| (text(&row, key), text(&row, id));
            let relation = TrueRelation {
                association: text(&row, "associationId"),
                first: end("firstObjectKey", "firstRecordId"),
                second: end("secondObjectKey", "secondRecordId"),
            };
            truth.relations.insert(text(&row, "id"), relation);
        }
    }
    Ok(truth)
}

/// Returns the names of all records of an object by their ids.
fn records(client: &Client, object: &str, limit: usize) -> Result<BTreeMap<String, String>, Error> {
    let rows = match object {
        "contact" => search(client, "/contacts/search", "contacts", limit)?,
        "opportunity" => opportunities(client, limit)?,
        _ => search(client, &format!("/objects/{object}/records/search"), "records", limit)?,
    };
    let name = |row: &Value| match object {
        "contact" => text(row, "contactName"),
        "opportunity" => text(row, "name"),
        _ => {
            row["properties"].as_object().unwrap().values().next().unwrap().as_str().unwrap().into()
        }
    };
    Ok(rows.iter().map(|row| (text(row, "id"), name(row))).collect())
}

#[test]
fn a_location_reads_as_it_is_in_both_orders_and_whatever_the_pages() -> Result<(), Error> {
    let cases = [(Order::Oldest, 100, 9), (Order::Newest, 7, 1), (Order::Newest, 50, 9)];
    for (seed, (order, rows, clump)) in (1..).zip(cases) {
        let plan = Plan { clump, ..Plan::new(seed) };
        let location = plan.location();
        let caps = PageCaps::all(PageCap::refused(rows));
        let settings = Settings { caps, order, ..Settings::default() };
        let stand_in = StandIn::start(location.clone(), settings);
        let found = read(&Client::new(&stand_in, &location), rows)?;
        let truth = stand_in.truth();
        assert!(truth.relations.len() > 700 && !truth.gone.is_empty());
        assert_eq!(Truth { gone: truth.gone.clone(), ..found }, truth);
        // A record of which nothing is linked is read, too, once.
        assert_eq!(truth.records.len(), 500);
    }
    Ok(())
}
