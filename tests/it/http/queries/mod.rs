//! Questions over HTTP, to the real binary.

mod limits;
mod lists;
mod parameters;
mod past;

use serde_json::{Value, json};

/// One of each question, on both layers.
fn every_question() -> Vec<(&'static str, Option<Value>)> {
    let house = "custom_objects.property/6adf249e8ce18ef62a90b95f";
    let amara = "contact/TO8RJjq9RDegjbPPMkse";
    let buyer = |node: &str| json!({"linkedTo": node, "label": "Interested Buyer"});
    vec![
        ("objects/contact/records/TO8RJjq9RDegjbPPMkse/links?limit=3", None),
        (
            "objects/contact/records/TO8RJjq9RDegjbPPMkse/links?order=newest&since=2026-11-01T00:00:00Z",
            None,
        ),
        ("objects/custom_objects.property/links", None),
        ("labels?of=custom_objects.property/6adf249e8ce18ef62a90b95f", None),
        ("labels?of=contact", None),
        ("labels", Some(json!({"of": [amara, house, "contact", "contact/nobody", "/"]}))),
        ("links", Some(json!({"of": [amara, house, "contact"], "limit": 2}))),
        (
            "match",
            Some(json!({"object": "custom_objects.property", "all": [buyer(amara)],
            "none": [buyer("contact/6NpRZIdsQ53ZLBtWtEPm")]})),
        ),
        ("match", Some(json!({"any": [{"linkedTo": house}, {"linkedTo": amara}], "limit": 5}))),
        ("match", Some(json!({"all": [{"linkedTo": "contact"}]}))),
        ("walk", Some(json!({"from": [house], "steps": [{"object": "contact"}, {}], "limit": 4}))),
        ("walk", Some(json!({"from": [amara], "steps": [{}, {}], "limit": 3, "paths": true}))),
        ("path?from=contact/nRVKrRvX10SlwaovBxae&to=contact/TO8RJjq9RDegjbPPMkse&all=true", None),
        ("path?from=business&to=custom_objects.viewing", None),
        ("neighborhood?of=contact/TO8RJjq9RDegjbPPMkse&depth=2&limit=20", None),
        ("neighborhood?of=contact&depth=1", None),
        (
            "between",
            Some(json!({"of": [amara, house, "contact/RwOR1rEroB5eX0lPuxFF", amara, "contact"]})),
        ),
        (
            "between",
            Some(json!({"of": ["contact", "business", "contact/nobody"], "label": "Owner"})),
        ),
        ("summary", None),
        ("objects", None),
        ("objects?limit=2&cursor=c00000001", None),
        ("associations?limit=4", None),
        ("associations/724455fc72ba9d79a3488b7e", None),
        ("objects/contact/records?limit=7", None),
        ("objects/custom_objects.property/records?limit=3&cursor=c00000020", None),
    ]
}
