//! Parameters and bodies that are refused.

use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::hub::{SEASIDE, ask};
use crate::support::sample;
use crate::support::server::{Error, Server};

type Case = (&'static str, Option<Value>, u16, &'static str);

/// Path, status and the parameter to blame.
fn bad_parameters() -> Vec<Case> {
    vec![
        ("labels", None, 400, "of"),
        ("labels?of=", None, 400, "of"),
        ("labels?of=/x", None, 400, "of"),
        ("labels?of=contact&of=business", None, 400, "of"),
        ("labels?of=contact&label=x", None, 400, "label"),
        ("labels?of=contact/nobody", None, 404, ""),
        ("labels?of=contact&asOf=yesterday", None, 400, "asOf"),
        ("labels?of=contact&asOf=-1", None, 400, "asOf"),
        ("labels?of=contact&asOf=99999999999999999999", None, 400, "asOf"),
        ("labels?of=contact&asOf=2026-11-01", None, 400, "asOf"),
        ("labels?of=contact&minSeq=x", None, 400, "minSeq"),
        ("labels?of=contact&minSeq=1&minSeq=1", None, 400, "minSeq"),
        ("objects/contact/links?since=monday", None, 400, "since"),
        ("objects/contact/links?until=1", None, 400, "until"),
        ("path?from=contact", None, 400, "to"),
        ("path?from=contact&to=business&maxHops=33", None, 400, "maxHops"),
        ("path?from=contact&to=business&maxHops=0", None, 400, "maxHops"),
        ("path?from=contact&to=business&all=yes", None, 400, "all"),
        ("path?from=contact&to=business&limit=5", None, 400, "limit"),
        ("path?from=contact&to=contact/TO8RJjq9RDegjbPPMkse", None, 400, "to"),
        ("path?from=contact/nobody&to=contact/TO8RJjq9RDegjbPPMkse", None, 404, ""),
        ("neighborhood?of=contact&depth=9", None, 400, "depth"),
        ("neighborhood?of=contact&limit=100001", None, 400, "limit"),
        ("diff", None, 400, "from"),
        ("diff?from=x", None, 400, "from"),
        ("diff?from=1&to=never", None, 400, "to"),
        ("diff?from=1&from=2", None, 400, "from"),
        ("diff?from=1&limit=0", None, 400, "limit"),
        ("diff?from=1&cursor=x", None, 400, "cursor"),
        ("diff?from=1&asOf=3", None, 400, "asOf"),
        ("history", None, 400, "of"),
        ("history?of=contact&relation=x", None, 400, "of"),
        ("history?relation=none", None, 404, ""),
        ("history?of=contact&cursor=x", None, 400, "cursor"),
        ("history?of=contact&order=latest", None, 400, "order"),
        ("history?of=contact&order=newest&order=newest", None, 400, "order"),
        ("history?of=contact&order=newest&cursor=7", None, 400, "cursor"),
        ("history?of=contact&order=newest&cursor=b", None, 400, "cursor"),
        ("history?of=contact&order=newest&cursor=b07", None, 400, "cursor"),
        ("history?of=contact&order=newest&cursor=b-1", None, 400, "cursor"),
        ("history?of=contact&order=newest&cursor=b18446744073709551616", None, 400, "cursor"),
        ("history?of=contact&order=oldest&cursor=b7", None, 400, "cursor"),
        ("history?of=contact&cursor=b7", None, 400, "cursor"),
        ("history?relation=none&order=newest", None, 404, ""),
        ("events?order=newest", None, 400, "order"),
        ("events?after=x", None, 400, "after"),
        ("summary?limit=5", None, 400, "limit"),
    ]
}

/// Bodies with more than a limit: path, body, status and the member to blame.
fn long_bodies() -> Vec<Case> {
    let amara = "contact/TO8RJjq9RDegjbPPMkse";
    let many = |count: usize| vec![amara; count];
    let conditions = vec![json!({"linkedTo": amara}); 101];
    vec![
        ("links", Some(json!({"of": []})), 400, "of"),
        ("labels", Some(json!({"of": []})), 400, "of"),
        ("labels", Some(json!({"of": many(1001)})), 400, "of"),
        ("labels", Some(json!({"of": [amara, amara]})), 400, "of"),
        ("labels", Some(json!({"of": [amara], "label": "x"})), 400, "label"),
        ("labels", Some(json!({"of": [amara], "asOf": "soon"})), 400, "asOf"),
        ("labels", Some(json!([])), 400, "body"),
        ("links", Some(json!({"of": many(1001)})), 400, "of"),
        ("links", Some(json!({"of": [amara], "label": vec!["x"; 101]})), 400, "label"),
        ("links", Some(json!({"of": [amara], "association": vec!["x"; 101]})), 400, "association"),
        ("between", Some(json!({"of": []})), 400, "of"),
        ("between", Some(json!({"of": many(2001)})), 400, "of"),
        ("between", Some(json!({"of": [amara], "label": vec!["x"; 101]})), 400, "label"),
        ("between", Some(json!({"of": [amara], "association": vec![7]})), 400, "association[0]"),
        ("match", Some(json!({"any": conditions})), 400, "any"),
        ("match", Some(json!({"none": conditions})), 400, "none"),
        ("match", Some(json!({"all": conditions[..50], "any": conditions[..51]})), 400, "all"),
        (
            "match",
            Some(json!({"all": [{"linkedTo": amara, "label": vec!["x"; 101]}]})),
            400,
            "all[0].label",
        ),
        (
            "match",
            Some(json!({"none": [{"linkedTo": amara, "association": vec!["x"; 101]}]})),
            400,
            "none[0].association",
        ),
        ("walk", Some(json!({"from": many(1001), "steps": [{}]})), 400, "from"),
        (
            "walk",
            Some(json!({"from": [amara], "steps": [{}, {"label": vec!["x"; 101]}]})),
            400,
            "steps[1].label",
        ),
        (
            "walk",
            Some(json!({"from": [amara], "steps": [{"association": vec!["x"; 101]}]})),
            400,
            "steps[0].association",
        ),
        ("match", Some(json!({"all": conditions})), 400, "all"),
        ("walk", Some(json!({"from": [amara], "steps": vec![json!({}); 17]})), 400, "steps"),
    ]
}

/// Other bad bodies: path, body, status and the member to blame.
fn bad_bodies() -> Vec<Case> {
    let amara = "contact/TO8RJjq9RDegjbPPMkse";
    vec![
        ("links", Some(json!({"of": [amara], "limit": 0})), 400, "limit"),
        ("links", Some(json!({"of": [amara], "limit": 1001})), 400, "limit"),
        ("links", Some(json!({"of": [amara], "side": "third"})), 400, "side"),
        ("links", Some(json!({"of": [amara], "label": 7})), 400, "label"),
        ("links", Some(json!({"off": [amara]})), 400, "off"),
        ("links", Some(json!([])), 400, "body"),
        ("between", Some(json!({})), 400, "body"),
        ("between", Some(json!([amara])), 400, "body"),
        ("between", Some(json!({"of": amara})), 400, "of"),
        ("between", Some(json!({"of": [amara, "x/"]})), 400, "of[1]"),
        ("between", Some(json!({"of": [amara, null]})), 400, "of[1]"),
        ("between", Some(json!({"of": [amara], "limit": 3})), 400, "limit"),
        ("between", Some(json!({"of": [amara], "asOf": "soon"})), 400, "asOf"),
        ("between?asOf=3", Some(json!({"of": [amara], "asOf": 3})), 400, "asOf"),
        ("between?label=x", Some(json!({"of": [amara]})), 400, "label"),
        ("match", Some(json!({})), 400, "all"),
        ("match", Some(json!({"none": [{"linkedTo": amara}]})), 400, "all"),
        ("match", Some(json!({"all": [{"linkedTo": "x/"}]})), 400, "all[0].linkedTo"),
        ("match", Some(json!({"all": [{"label": "x"}]})), 400, "all[0]"),
        ("match", Some(json!({"all": [{"linkedTo": "contact/nobody"}]})), 404, ""),
        ("match", Some(json!({"all": [{"linkedTo": amara}, {"linkedTo": "contact"}]})), 400, "all"),
        ("match", Some(json!({"all": [{"linkedTo": amara}], "cursor": "r1-0"})), 400, "cursor"),
        ("walk", Some(json!({"from": [amara], "steps": []})), 400, "steps"),
        ("walk", Some(json!({"from": [], "steps": [{}]})), 400, "from"),
        ("walk", Some(json!({"from": [amara], "steps": [{"labl": "x"}]})), 400, "steps[0].labl"),
        (
            "walk",
            Some(json!({"from": [amara], "steps": [{}], "paths": true, "cursor": "r1-00000000"})),
            400,
            "cursor",
        ),
        ("walk", Some(json!({"from": [amara], "steps": [{}], "asOf": "soon"})), 400, "asOf"),
        ("walk?asOf=3", Some(json!({"from": [amara], "steps": [{}], "asOf": 3})), 400, "asOf"),
        ("walk?limit=3", Some(json!({"from": [amara], "steps": [{}]})), 400, "limit"),
    ]
}

#[test]
fn a_bad_parameter_or_member_is_refused_and_named() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    for event in sample::SAMPLE.lines().take(120) {
        server.post("/webhooks", event.as_bytes())?;
    }
    let bodies = long_bodies().into_iter().chain(bad_bodies());
    for (path, body, status, field) in bad_parameters().into_iter().chain(bodies) {
        let answer = ask(&server, path, body.as_ref())?;
        let told = answer.json();
        let named = told["field"].as_str().unwrap_or_default();
        assert_eq!((answer.status, named), (status, field), "{path} {body:?}: {told}");
        let code = if status == 404 { "not_found" } else { "invalid_parameter" };
        assert_eq!(told["code"], code, "{path} {body:?}");
    }
    let raw = |body: &[u8], kind: &str| {
        server.request("POST", &format!("{SEASIDE}/walk"), &[("content-type", kind)], body)
    };
    for broken in [&b""[..], b"{", b"{\"from\":[\"contact\"],\"steps\":[{}]} x", b"\xff"] {
        let answer = raw(broken, "application/json")?;
        assert_eq!(answer.json()["code"], "malformed_json", "{}", answer.text());
    }
    assert_eq!(raw(b"{}", "text/plain")?.status, 415);
    let large = format!("{{\"from\":[\"{}\"]}}", "x".repeat(1 << 20));
    assert_eq!(raw(large.as_bytes(), "application/json")?.status, 413);
    Ok(())
}

#[test]
fn a_moment_in_the_future_is_refused() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    for event in sample::SAMPLE.lines().take(40) {
        server.post("/webhooks", event.as_bytes())?;
    }
    let head = server.get("/readyz")?.json()["seq"].as_u64().ok_or("no seq")?;
    let ahead = head + 1;
    let amara = json!({"of": ["contact/TO8RJjq9RDegjbPPMkse"], "asOf": ahead});
    for (path, body, field) in [
        (format!("summary?asOf={ahead}"), None, "asOf"),
        ("labels?of=contact&asOf=1700000000000".to_owned(), None, "asOf"),
        (format!("export?format=dot&asOf={ahead}"), None, "asOf"),
        ("links".to_owned(), Some(amara.clone()), "asOf"),
        ("between".to_owned(), Some(amara), "asOf"),
        (format!("objects?asOf={ahead}"), None, "asOf"),
        (format!("associations?asOf={ahead}"), None, "asOf"),
        (format!("associations/724455fc72ba9d79a3488b7e?asOf={ahead}"), None, "asOf"),
        (format!("objects/contact/records?asOf={ahead}"), None, "asOf"),
        (format!("diff?from={ahead}"), None, "from"),
        (format!("diff?from=1&to={ahead}"), None, "to"),
    ] {
        let answer = ask(&server, &path, body.as_ref())?;
        let told = answer.json();
        assert_eq!((answer.status, &told["field"]), (400, &json!(field)), "{path}: {told}");
    }
    assert_eq!(ask(&server, &format!("summary?asOf={head}"), None)?.json()["seq"], head);
    Ok(())
}

/// A search finds what the post before it named, under any spelling of its letters.
#[test]
fn a_name_is_found_as_soon_as_it_is_known() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let name = |id: &str, name: &str| {
        let body = json!({"type": "ContactUpdate", "id": id, "locationId": "L", "name": name});
        assert_eq!(server.post("/webhooks", body.to_string().as_bytes()).unwrap().status, 200);
    };
    let encoded = |q: &str| q.bytes().map(|it| format!("%{it:02x}")).collect::<Vec<_>>().concat();
    let find = |q: &str| -> Vec<String> {
        let path = format!("/v1/locations/L/search?q={}", encoded(q));
        let found = server.get(&path).unwrap().json();
        let records = found["results"].as_array().unwrap().iter();
        records.map(|it| it["record"].as_str().unwrap().to_owned()).collect()
    };
    name("c1", "Hauptstraße 7");
    name("c2", "Zoë Adler");
    name("c3", "ABC İstanbul");
    for q in ["STRASSE", "straße", "strasse", "Strasse"] {
        assert_eq!(find(&format!("haupt{q}")), ["c1"], "{q}");
    }
    for q in ["zoe", "Zoë", "ZOË adl", "adler z", "c2"] {
        assert_eq!(find(q), ["c2"], "{q}");
    }
    for q in ["ＡＢＣ", "istanbul", "İstanbul", "ISTANBUL"] {
        assert_eq!(find(q), ["c3"], "{q}");
    }
    name("c2", "Zora");
    assert_eq!((find("zoe"), find("zor")), (vec![], vec!["c2".to_owned()]));
    let refused = |query: &str, field: &str| {
        let told = server.get(&format!("/v1/locations/L/search{query}")).unwrap();
        assert_eq!((told.status, &told.json()["field"]), (400, &json!(field)), "{query}");
    };
    refused("", "q");
    refused("?q=+", "q");
    refused(&format!("?q={}", "x".repeat(513)), "q");
    refused("?q=a&limit=0", "limit");
    refused("?q=a&limit=101", "limit");
    refused("?q=a&asOf=1", "asOf");
    Ok(())
}

/// A picture asks for the links of what it shows: what is not known (any more, or yet) must not
/// cost it the rest.
#[test]
fn the_links_between_nodes_are_found_beside_unknown_ones() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--demo"])?;
    let (amara, ben) = ("contact/TO8RJjq9RDegjbPPMkse", "contact/RwOR1rEroB5eX0lPuxFF");
    let between = |of: &[&str], as_of: &str| {
        ask(&server, &format!("between{as_of}"), Some(&json!({"of": of}))).unwrap().json()
    };
    let found = between(&[amara, "contact/nobody", ben, amara, "contact/nobody"], "");
    let known = json!([
        {"object": "contact", "record": "TO8RJjq9RDegjbPPMkse", "name": "Amara Okafor"},
        {"object": "contact", "record": "RwOR1rEroB5eX0lPuxFF", "name": "Ben Castillo"},
    ]);
    assert_eq!(found["nodes"], known);
    assert_eq!((&found["unknown"], &found["complete"]), (&json!(["contact/nobody"]), &json!(true)));
    // A link looks as in a neighborhood.
    let around = ask(&server, "neighborhood?of=contact/TO8RJjq9RDegjbPPMkse", None)?.json();
    let is_bens = |link: &&Value| link["second"]["record"] == "RwOR1rEroB5eX0lPuxFF";
    let links: Vec<Value> =
        around["links"].as_array().unwrap().iter().filter(is_bens).cloned().collect();
    let own = |link: &&Value| link["first"]["record"] == "TO8RJjq9RDegjbPPMkse";
    let own: Vec<&Value> = links.iter().filter(own).collect();
    assert_eq!((json!(own), own.len()), (found["links"].clone(), 1));
    let early = between(&[amara, ben], "?asOf=1");
    assert_eq!(
        early,
        json!({"nodes": [], "unknown": [amara, ben], "links": [], "complete": true, "seq": 1})
    );
    let most: Vec<String> = (0..2_000).map(|number| format!("contact/{number}")).collect();
    let most: Vec<&str> = most.iter().map(String::as_str).collect();
    assert_eq!(between(&most, "")["unknown"], json!(most));
    Ok(())
}

/// Pages from the newest event backwards are those from the oldest in reverse, while events
/// come in.
#[test]
fn a_history_reads_the_same_from_either_end() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--demo"])?;
    let pages = |order: &str| -> Vec<Value> {
        let (mut events, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("history?of=contact/TO8RJjq9RDegjbPPMkse&limit=3{order}{cursor}");
            let page = ask(&server, &path, None).unwrap().json();
            events.extend_from_slice(page["events"].as_array().unwrap());
            let Some(next) = page["next"].as_str() else {
                assert_eq!(page["complete"], true);
                return events;
            };
            assert_eq!(page["complete"], false);
            cursor = format!("&cursor={next}");
            let more = json!({"type": "ContactUpdate", "id": "TO8RJjq9RDegjbPPMkse", "name": next,
                "locationId": "seaside-realty"});
            if order == "&order=newest" {
                server.post("/webhooks", more.to_string().as_bytes()).unwrap();
            }
        }
    };
    let (oldest, mut newest) = (pages("&order=oldest"), pages("&order=newest"));
    newest.reverse();
    assert_eq!((json!(oldest), oldest.len() > 9), (json!(newest), true));
    // What came since is first now.
    assert_eq!(pages("").len(), oldest.len() + oldest.len().div_ceil(3) - 1);
    let first =
        ask(&server, "history?of=contact/TO8RJjq9RDegjbPPMkse&order=newest&limit=1", None)?.json();
    assert_eq!(first["events"][0]["type"], "ContactUpdate");
    assert_eq!(first["events"][0]["seq"], first["seq"]);
    Ok(())
}
