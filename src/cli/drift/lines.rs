//! Differences as lines, for programs and for people.

use relata::Stamp;
use relata::drift::{Finding, Repair, Thing, Verdict};
use serde_json::{Map, Value, json};

/// Returns a difference as a JSON object; members that do not apply are left out.
pub(super) fn json_line(finding: &Finding, repair: Option<&Repair>) -> Value {
    let difference = &finding.difference;
    let mut line = Map::new();
    let mut set = |name: &str, value: Value| drop(line.insert(name.to_owned(), value));
    set("what", json!(difference.what().as_str()));
    set("kind", json!(difference.kind().as_str()));
    set("id", json!(difference.id()));
    for (name, value) in difference.thing().map(members).unwrap_or_default() {
        set(name, value);
    }
    if let (Some(upstream), Some(local)) = (difference.upstream(), difference.local()) {
        set("upstream", Value::from_iter(members(upstream)));
        set("local", Value::from_iter(members(local)));
    }
    set("localSeq", json!(finding.newest.map(Stamp::seq)));
    set("localAt", json!(finding.newest.and_then(Stamp::at).map(|at| at.to_string())));
    set("confirmed", json!(matches!(finding.verdict, Verdict::Confirmed { .. })));
    if finding.verdict == Verdict::Moving {
        set("moving", json!(true));
    }
    set("upstreamAt", json!(finding.confirmed_at().map(|at| at.to_string())));
    if let Some(repair) = repair {
        set("repair", json!(repair.as_str()));
        match repair {
            Repair::Applied(seq) => set("seq", json!(seq)),
            Repair::Refused(why) => set("reason", json!(why)),
            Repair::Skipped | Repair::Clock | Repair::Left => {}
        }
    }
    Value::Object(line)
}

/// Returns what a thing is made of.
fn members(thing: &Thing) -> Vec<(&'static str, Value)> {
    match thing {
        Thing::Object(it) => {
            vec![("singular", json!(it.singular)), ("plural", json!(it.plural))]
        }
        Thing::Association(it) => vec![
            ("key", json!(it.key)),
            ("associationType", json!(it.association_type)),
            ("firstObject", json!(it.first.object.as_str())),
            ("firstLabel", json!(it.first.label)),
            ("secondObject", json!(it.second.object.as_str())),
            ("secondLabel", json!(it.second.label)),
        ],
        Thing::Record(it) => vec![("object", json!(it.object.as_str()))],
        Thing::Relation(it) => vec![
            ("association", json!(it.association.as_str())),
            ("firstObject", json!(it.first.object.as_str())),
            ("first", json!(it.first.id.as_str())),
            ("secondObject", json!(it.second.object.as_str())),
            ("second", json!(it.second.id.as_str())),
        ],
    }
}

/// Returns a difference as a line of text.
pub(super) fn text_line(finding: &Finding, repair: Option<&Repair>) -> String {
    let difference = &finding.difference;
    let mut line = format!("{} {} {}", difference.kind(), difference.what(), difference.id());
    match (difference.upstream(), difference.local()) {
        (Some(upstream), Some(local)) => {
            line.extend([": ", &words(upstream), " there, ", &words(local), " here"]);
        }
        _ => line.extend(difference.thing().map(|it| format!(": {}", words(it)))),
    }
    match finding.verdict {
        Verdict::Confirmed { .. } => {}
        Verdict::Unconfirmed => line.push_str(" (unconfirmed)"),
        Verdict::Moving => line.push_str(" (moving)"),
    }
    match repair {
        None => {}
        Some(Repair::Refused(why)) => line.extend([" [refused: ", why, "]"]),
        Some(repair) => line.extend([" [", repair.as_str(), "]"]),
    }
    line
}

/// Returns what a thing is in words.
fn words(thing: &Thing) -> String {
    match thing {
        Thing::Object(it) => {
            let [singular, plural] =
                [&it.singular, &it.plural].map(|it| it.as_deref().unwrap_or("?"));
            format!("\"{singular}\", \"{plural}\"")
        }
        Thing::Association(it) => format!(
            "{} {} \"{}\" - {} \"{}\"",
            it.key, it.first.object, it.first.label, it.second.object, it.second.label
        ),
        Thing::Record(it) => it.object.as_str().to_owned(),
        Thing::Relation(it) => format!(
            "{}/{} - {}/{} under {}",
            it.first.object, it.first.id, it.second.object, it.second.id, it.association
        ),
    }
}
