//! That lists and searches leave out, mislead and lag as they are set to.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, started};
use super::whole::{ids, list, read};
use crate::support::server::Error;
use crate::support::upstream::{
    Embedded, LAST_MADE, Location, PageCap, PageCaps, Plan, Settings, Slip, Slips, Spoiled, StandIn,
};

fn start(settings: Settings) -> (StandIn, Client, Location) {
    started(Plan::new(11).location(), settings)
}

#[test]
fn mixed_lists_lose_rows_and_those_of_one_association_do_not() -> Result<(), Error> {
    let (stand_in, client, _) = start(Settings::default());
    stand_in.change(|settings| settings.mixed_loss_percent = 50);
    let truth = stand_in.truth();
    assert_ne!(read(&client, 100)?.relations.len(), 0);
    let (mut losing, mut mixed) = (0, Vec::new());
    for (object, record) in truth.records.keys().filter(|(object, _)| object != "business") {
        let end = (object.clone(), record.clone());
        let of = truth.relations.iter().filter(|(_, it)| it.first == end || it.second == end);
        let expected: BTreeSet<String> = of.clone().map(|(id, _)| id.clone()).collect();
        let kinds: BTreeSet<&String> = of.map(|(_, it)| &it.association).collect();
        let path = format!("/associations/relations/{record}?locationId={{L}}");
        let found = ids(&list(&client, &path, "relations", 100)?);
        assert!(found.is_subset(&expected));
        let mut each = BTreeSet::new();
        for association in &kinds {
            let path = format!("{path}&associationIds={association}");
            each.extend(ids(&list(&client, &path, "relations", 100)?));
        }
        assert_eq!(each, expected);
        if kinds.len() > 1 {
            mixed.push(record);
        }
        losing += usize::from(found != expected);
    }
    let of_several = mixed.len();
    // Where all of them lose, each does.
    stand_in.change(|settings| settings.mixed_loss_percent = 100);
    for record in mixed {
        let path = format!("/associations/relations/{record}?locationId={{L}}");
        let found = list(&client, &path, "relations", 100)?.len();
        let of = |end: &(String, String)| end.1 == *record;
        let all = truth.relations.values().filter(|it| of(&it.first) || of(&it.second)).count();
        assert!(found < all, "{found} of {all}");
    }
    assert!(losing > of_several / 3 && losing < of_several * 2 / 3, "{losing} of {of_several}");
    Ok(())
}

#[test]
fn rows_of_searches_have_the_relations_that_are_set() -> Result<(), Error> {
    let (stand_in, client, location) = start(Settings::default());
    let body = json!({"locationId": location.id, "pageLimit": 500});
    let rows = || -> Result<Vec<Value>, Error> {
        let houses = client.post("/objects/custom_objects.property/records/search", &body)?;
        let deals = client.get("/opportunities/search?location_id={L}&limit=100")?;
        let lists = [&houses.json()["records"], &deals.json()["opportunities"]].map(Value::clone);
        Ok(lists.iter().flat_map(|list| list.as_array().unwrap().clone()).collect())
    };
    let embedded = |embedded| -> Result<Vec<Value>, Error> {
        stand_in.change(|settings| settings.embedded = embedded);
        let relations = |row: Value| row["relations"].as_array().cloned().unwrap_or_default();
        Ok(rows()?.into_iter().flat_map(relations).collect())
    };
    let count = |rows: Vec<Value>| -> usize {
        let ids: BTreeSet<String> = rows.iter().map(|row| row["relationId"].to_string()).collect();
        ids.len()
    };
    let truth = stand_in.truth();
    let of = ["custom_objects.property", "opportunity"];
    let is_of = |end: &(String, String)| of.contains(&&*end.0);
    let all = truth.relations.values().filter(|it| is_of(&it.first) || is_of(&it.second)).count();
    assert_eq!(count(embedded(Embedded::Full)?), all);
    let short = count(embedded(Embedded::Short)?);
    assert!(short > all / 2 && short < all, "{short} of {all}");
    // Those that were deleted before, and not those that are made later.
    let stale = count(embedded(Embedded::AsOf(LAST_MADE - 30 * 86_400_000))?);
    assert!(stale > all / 2 && stale < all, "{stale} of {all}");
    let without = embedded(Embedded::WithoutIds)?;
    assert!(without.iter().all(|row| row.get("relationId").is_none()));
    assert!(without.iter().all(|row| row["associationId"].is_string()));
    let wrong = embedded(Embedded::WithWrongIds)?;
    let is_true = |row: &Value| truth.relations.contains_key(row["relationId"].as_str().unwrap());
    assert!(wrong.len() > all / 2 && !wrong.iter().any(is_true));
    assert!(embedded(Embedded::Empty)?.is_empty());
    assert_eq!(rows()?[0]["relations"], json!([]));
    assert!(embedded(Embedded::Absent)?.is_empty());
    assert!(rows()?.iter().all(|row| row.get("relations").is_none()));
    Ok(())
}

#[test]
fn a_row_can_be_of_another_location_or_without_an_id() -> Result<(), Error> {
    let (stand_in, client, location) = start(Settings::default());
    let hub = &location.records["contact"][0].id;
    let last = |spoiled| -> Result<Value, Error> {
        stand_in.change(|settings| settings.spoiled = spoiled);
        let path = format!("/associations/relations/{hub}?locationId={{L}}&limit=5");
        Ok(client.get(&path)?.json()["relations"][4].clone())
    };
    assert_eq!(last(Spoiled::Nothing)?["locationId"], location.id);
    assert_eq!(last(Spoiled::OtherLocation)?["locationId"], "another");
    assert!(last(Spoiled::NoId)?.get("id").is_none());
    Ok(())
}

#[test]
fn a_list_turns_while_it_is_read_and_a_row_slips() -> Result<(), Error> {
    let caps = PageCaps::all(PageCap::clamped(50));
    let (stand_in, client, location) = start(Settings { caps, ..Settings::default() });
    let hub = &location.records["contact"][0].id;
    let path = format!("/associations/relations/{hub}?locationId={{L}}");
    let all = ids(&list(&client, &path, "relations", 50)?);
    assert!(all.len() >= 300);
    stand_in.change(|settings| settings.slips = Slips { kind: Slip::Turn, rows: 2, times: 3 });
    let found = ids(&list(&client, &path, "relations", 50)?);
    assert!(found.is_subset(&all));
    assert_eq!(all.len() - found.len(), 2 * 3);
    // Three times were set.
    assert_eq!(ids(&list(&client, &path, "relations", 50)?), all);
    // So do the other lists.
    stand_in.change(|settings| settings.slips.rows = 1);
    let companies = list(&client, "/businesses/?locationId={L}", "businesses", 10)?;
    assert_eq!((companies.len(), ids(&companies).len()), (20, 19));
    let associations = list(&client, "/associations/?locationId={L}", "associations", 5)?;
    assert_eq!((associations.len(), ids(&associations).len()), (8, 7));
    Ok(())
}

#[test]
fn lists_lag_behind_reads_by_id() -> Result<(), Error> {
    let (stand_in, client, location) = start(Settings::default());
    stand_in.change(|settings| settings.lag = Duration::from_secs(5));
    let id = &location.associations[0].id;
    stand_in.edit(|change| change.rename_association(id, ["Old", "New"]));
    let label = |path: &str| -> Result<Value, Error> {
        let body = client.get(path)?.json();
        let row = body.pointer("/associations/0").unwrap_or(&body).clone();
        Ok(row["firstObjectLabel"].clone())
    };
    let before = location.associations[0].labels.at(0)[0].clone();
    let listed = "/associations/key/buyer_property_interest?locationId={L}";
    let direct = format!("/associations/{}", location.associations[0].id);
    assert_eq!((label(listed)?, label(&direct)?), (json!(before), json!("Old")));
    stand_in.pass(Duration::from_secs(5));
    assert_eq!(label(listed)?, "Old");
    stand_in.edit(|change| change.rename_association(id, ["Older", "New"]));
    stand_in.change(|settings| settings.direct_lag = Duration::from_secs(5));
    assert_eq!(label(&direct)?, "Old");
    Ok(())
}
