//! The ways to read links: each gives all of them, and the cheapest that does is found.

use relata::Store;
use relata::pull::Method;

use crate::pull::pulled::{Pull, planned, relations};
use crate::support::upstream::{
    Embedded, Order, PageCap, PageCaps, Searches, Settings, StandIn, Total,
};

/// A sample that leaves nothing to chance.
const EVERY_RECORD: usize = 1_000;

#[test]
fn every_method_reads_everything_whatever_the_pages_are() {
    let location = planned();
    for method in [None, Some(Method::List), Some(Method::ListEach)] {
        for (cap, order) in [
            (PageCap::clamped(25), Order::Oldest),
            (PageCap::refused(25), Order::Newest),
            (PageCap::clamped(10), Order::Newest),
        ] {
            let settings = Settings { caps: PageCaps::all(cap), order, ..Settings::default() };
            let stand_in = StandIn::start(location.clone(), settings);
            let mut pull = Pull::of(&stand_in, &location);
            pull.read.method = method;
            pull.run_whole(&stand_in);
        }
    }
}

/// A first page that is cut short is no end of a search, even if nothing but its length says so.
#[test]
fn short_pages_are_followed_where_there_are_no_cursors() {
    let location = planned();
    for total in [Total::Absent, Total::Exact] {
        let searches = Searches { has_cursors: false, ..Settings::default().searches };
        let caps = PageCaps::all(PageCap::clamped(25));
        let settings = Settings { caps, total, searches, ..Settings::default() };
        let stand_in = StandIn::start(location.clone(), settings);
        Pull::of(&stand_in, &location).run_whole(&stand_in);
    }
}

#[test]
fn totals_are_not_trusted() {
    let location = planned();
    for total in [
        Total::Absent,
        Total::Null,
        Total::Low,
        Total::High,
        Total::Page,
        Total::Zero,
        Total::Random,
    ] {
        for cap in [PageCap::refused(100), PageCap::clamped(25)] {
            let caps = PageCaps::all(cap);
            let settings = Settings { caps, total, ..Settings::default() };
            let stand_in = StandIn::start(location.clone(), settings);
            Pull::of(&stand_in, &location).run_whole(&stand_in);
        }
    }
}

#[test]
fn both_ends_may_be_listed() {
    let location = planned();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let mut pull = Pull::of(&stand_in, &location);
    pull.read.both_ends = true;
    let (_, report) = pull.run_whole(&stand_in);
    assert_eq!(report.methods.len(), 4);
    assert_eq!(report.relations, stand_in.truth().relations.len() as u64);
}

/// The lists of records with links of several kinds lose rows: only a second reading shows it.
#[test]
fn lists_that_lose_rows_are_read_again_by_association() {
    let location = planned();
    let settings =
        Settings { mixed_loss_percent: 50, embedded: Embedded::Absent, ..Settings::default() };
    let stand_in = StandIn::start(location.clone(), settings);
    let mut pull = Pull::of(&stand_in, &location);
    pull.read.sample = EVERY_RECORD;
    let (_, report) = pull.run_whole(&stand_in);
    assert!(report.methods.values().any(|method| *method == Method::ListEach), "{report:?}");

    let mut chosen = Pull::of(&stand_in, &location);
    chosen.read.sample = EVERY_RECORD;
    chosen.read.method = Some(Method::List);
    let store = Store::in_memory().unwrap();
    let (report, _) = chosen.run(&store).unwrap();
    assert!(report.different > 0 && !report.is_complete(), "{report:?}");
    // What the proof found is in the store all the same.
    assert_eq!(relations(&store, &location.id).len(), stand_in.truth().relations.len());
}

#[test]
fn links_in_search_results_count_only_if_they_prove_good() {
    let location = planned();
    let then = crate::support::upstream::LAST_MADE - 40 * 24 * 3_600_000;
    for (embedded, is_used) in [
        (Embedded::Full, true),
        (Embedded::Short, false),
        (Embedded::WithoutIds, false),
        (Embedded::WithWrongIds, false),
        (Embedded::Empty, false),
        (Embedded::Absent, false),
        (Embedded::AsOf(then), false),
    ] {
        let settings = Settings { embedded, ..Settings::default() };
        let stand_in = StandIn::start(location.clone(), settings);
        let mut pull = Pull::of(&stand_in, &location);
        // Without links of a type to itself, which search results cannot carry.
        pull.read.associations =
            Some(["property_sale", "property_owner"].map(str::to_owned).to_vec());
        pull.read.both_ends = true;
        pull.read.sample = EVERY_RECORD;
        let store = Store::in_memory().unwrap();
        let (report, _) = pull.run(&store).unwrap();
        let wanted = stand_in.truth().associations;
        let is_wanted =
            |id: &String| ["property_sale", "property_owner"].contains(&&*wanted[id].key);
        let truth = stand_in.truth().relations;
        let expected = truth.into_iter().filter(|(_, it)| is_wanted(&it.association)).collect();
        assert_eq!(relations(&store, &location.id), expected, "{embedded:?}");
        let uses = report.methods.values().any(|method| *method == Method::Embedded);
        assert_eq!(uses, is_used, "{embedded:?}: {report:?}");
    }
}
