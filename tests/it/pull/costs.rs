//! What a pull costs, and what it says before.

use relata::Store;
use relata::pull::{Count, Method, Reader};

use crate::pull::pulled::{Pull, assert_same, planned};
use crate::support::upstream::{
    Embedded, Location, Plan, Route, Searches, Settings, StandIn, Total,
};

const PROPERTY: &str = "custom_objects.property";

fn estimate(pull: &Pull) -> relata::pull::Estimate {
    let reader = Reader::new(pull.upstream.clone(), pull.read.clone(), pull.stop.clone());
    reader.unwrap().estimate().unwrap()
}

/// Pulls a location whose rows embed no links. Returns the object keys that were listed, and
/// how many lists there were but for the proof.
fn listed(location: &Location) -> (Vec<String>, usize) {
    let settings = Settings { embedded: Embedded::Absent, ..Settings::default() };
    let stand_in = StandIn::start(location.clone(), settings);
    let mut pull = Pull::of(&stand_in, location);
    pull.read.sample = 0;
    let before = estimate(&pull);
    let looked = stand_in.seen().len();
    assert!(looked <= 15, "{looked} requests to estimate");
    let (_, report) = pull.run_whole(&stand_in);
    assert_eq!(report.requests, before.requests, "{before:?}");
    let lists: u64 = before.keys.iter().map(|key| key.lists).sum();
    let asked = stand_in.counts().get(&Route::Relations).copied().unwrap_or_default();
    assert_eq!(asked as u64, lists);
    (report.methods.into_keys().collect(), asked)
}

#[test]
fn the_cheapest_ends_are_listed_and_cost_what_was_said() {
    let records = [("contact", 500), ("opportunity", 100), ("business", 50), (PROPERTY, 200)];
    let mut joins = vec![
        ("interest", ["contact", PROPERTY], 40),
        ("sale", ["opportunity", "contact"], 30),
        ("works", ["business", "contact"], 20),
        ("listing", [PROPERTY, "opportunity"], 30),
    ];
    let listed_of = |records: &[_], joins: &[_]| listed(&Plan::of(5, records, joins).location());
    let (keys, lists) = listed_of(&records, &joins);
    assert_eq!(
        (keys, lists),
        (["business", PROPERTY, "opportunity"].map(str::to_owned).to_vec(), 350)
    );
    joins.push(("referral", ["contact", "contact"], 20));
    let (keys, lists) = listed_of(&records, &joins);
    assert_eq!((keys, lists), (["contact", "opportunity"].map(str::to_owned).to_vec(), 600));
    let many = [(PROPERTY, 800), ("contact", 20)];
    let (keys, lists) = listed_of(&many, &[("interest", ["contact", PROPERTY], 9)]);
    assert_eq!((keys, lists), (vec!["contact".to_owned()], 20));
    let (keys, lists) = listed_of(&many[..1], &[("neighbor", [PROPERTY, PROPERTY], 40)]);
    assert_eq!((keys, lists), (vec![PROPERTY.to_owned()], 800));
    let (keys, lists) = listed_of(&many, &[]);
    assert_eq!((keys, lists), (Vec::new(), 0));
}

#[test]
fn the_estimate_is_within_two_percent() {
    for seed in [1, 2, 3] {
        for embedded in [Embedded::Absent, Embedded::Full] {
            let records = [("contact", 700), ("opportunity", 300), (PROPERTY, 900)];
            let joins = [
                ("interest", ["contact", PROPERTY], 900),
                ("sale", ["opportunity", "contact"], 300),
                ("referral", ["contact", "contact"], 90),
            ];
            let location = Plan::of(seed, &records, &joins).location();
            let settings = Settings { embedded, ..Settings::default() };
            let stand_in = StandIn::start(location.clone(), settings);
            let pull = Pull::of(&stand_in, &location);
            let before = estimate(&pull);
            let (_, report) = pull.run_whole(&stand_in);
            let off = report.requests.abs_diff(before.requests);
            assert!(off * 50 <= report.requests, "{report:?}, not {}", before.requests);
        }
    }
}

#[test]
fn an_estimate_says_how_sure_it_is() {
    let location = planned();
    for (total, count) in [(Total::Exact, Count::About(330)), (Total::Absent, Count::AtLeast(100))]
    {
        let stand_in = StandIn::start(location.clone(), Settings { total, ..Settings::default() });
        let mut pull = Pull::of(&stand_in, &location);
        pull.read.page_size = Some(100);
        let before = estimate(&pull);
        let property = before.keys.iter().find(|key| key.object.as_str() == PROPERTY).unwrap();
        assert_eq!(property.records, Some(count));
        assert_eq!(property.method, Some(Method::List));
    }
}

#[test]
fn searches_reach_behind_the_window_of_page_numbers() {
    let records = [("contact", 12_000), (PROPERTY, 10_500), ("opportunity", 300)];
    let location = Plan { clump: 700, ..Plan::of(1, &records, &[]) }.location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let (_, report) = Pull::of(&stand_in, &location).run_whole(&stand_in);
    assert_eq!(report.records["contact"], 12_000);
}

#[test]
fn searches_end_whatever_their_last_page_is_like() {
    for total in [Total::Null, Total::Exact, Total::High] {
        for (repeats_last, has_businesses) in [(true, true), (false, false), (true, false)] {
            let searches =
                Searches { repeats_last, has_businesses, ..Settings::default().searches };
            let records = [("opportunity", 200), ("business", 130), ("contact", 90)];
            let location = Plan::of(2, &records, &[("sale", ["opportunity", "contact"], 60)]);
            let location = location.location();
            let settings = Settings { total, searches, ..Settings::default() };
            let stand_in = StandIn::start(location.clone(), settings);
            Pull::of(&stand_in, &location).run_whole(&stand_in);
        }
    }
}

#[test]
fn without_cursors_what_is_behind_the_window_is_said_to_be_left_out() {
    let searches = Searches { has_cursors: false, ..Settings::default().searches };
    let location = Plan::of(2, &[(PROPERTY, 10_400)], &[]).location();
    let stand_in = StandIn::start(location.clone(), Settings { searches, ..Settings::default() });
    let store = Store::in_memory().unwrap();
    let (report, _) = Pull::of(&stand_in, &location).run(&store).unwrap();
    assert_eq!(report.records[PROPERTY], 10_000);
    let read = store.location(&location.id).unwrap().unwrap();
    assert_eq!(read.read().view().record_count(PROPERTY), 10_000);
    assert!(report.left_out[0].contains("cannot read past 10000 records"), "{report:?}");
    assert!(!report.is_complete());
}

#[test]
fn a_part_of_a_location_can_be_read_alone() {
    let location = planned();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let mut pull = Pull::of(&stand_in, &location);
    pull.read.objects = Some(vec!["contact".to_owned(), PROPERTY.to_owned()]);
    let store = Store::in_memory().unwrap();
    let (report, _) = pull.run(&store).unwrap();
    let mut truth = stand_in.truth();
    let is_read = |object: &str| ["contact", PROPERTY].contains(&object);
    truth.records.retain(|(object, _), _| is_read(object));
    truth.associations.retain(|_, it| it.objects.iter().all(|object| is_read(object)));
    truth.relations.retain(|_, it| is_read(&it.first.0) && is_read(&it.second.0));
    assert_same(&store, &location.id, &truth);
    assert_eq!(report.records.len(), 2);
    assert!(!stand_in.counts().contains_key(&Route::OpportunitySearch));
}
