//! Cursors that were handed out before a compaction.

use relata::NodeRef;
use relata::graph::{Budget, Condition, Cursor, LinkFilter, LinkQuery, MatchQuery, Order};

use crate::store::compaction::{Kept, compact, forget_houses, relate};
use crate::support::clock::ManualClock;

/// Asks for the first pages of a list, each longer than the one before; then some of it
/// is deleted and dropped, and each is gone on with.
fn go_on<C: Copy>(
    page: impl Fn(Option<C>, usize) -> (Vec<String>, Option<C>),
    drop: impl FnOnce(),
    dropped: impl Fn(&String) -> bool,
) {
    let (whole, _) = page(None, 1_000);
    let first: Vec<_> = (1..whole.len()).map(|limit| page(None, limit)).collect();
    drop();
    for (seen, next) in first {
        let (rest, end) = page(Some(next.unwrap()), 1_000);
        let left = whole.iter().skip(seen.len()).filter(|name| !dropped(name));
        assert_eq!(rest, left.cloned().collect::<Vec<_>>(), "behind {:?}", seen.last());
        assert!(end.is_none());
    }
}

/// A page that was handed out before is gone on with where it ended, also behind a link
/// that is no more.
#[test]
fn a_cursor_stays_valid_across_a_compaction() {
    for list in ["oldest", "newest", "matches", "records"] {
        let clock = ManualClock::new();
        let kept = Kept::in_memory(&clock);
        let store = kept.store();
        relate(store, 0..40, false);
        relate(store, (0..40).step_by(3), true);
        forget_houses(store, (0..40).step_by(3));
        assert!(compact(store, &clock) > 20);
        relate(store, 40..60, false);
        let location = store.location("L").unwrap().unwrap();
        let hub: NodeRef = "contact/x0".parse().unwrap();
        let drop = || {
            relate(store, (0..60).step_by(2), true);
            forget_houses(store, (0..60).step_by(2));
            assert!(compact(store, &clock) > 20);
        };
        let dropped = |name: &String| name[1..].parse::<usize>().unwrap() % 2 == 0;
        let links = |order: Order, after: Option<Cursor>, limit| {
            let query = LinkQuery { order, after, limit, ..LinkQuery::default() };
            let graph = location.read();
            let page = graph.view().links(&hub, &query, &mut Budget::unbounded()).unwrap();
            let names = page.links.iter().map(|link| link.record.unwrap().to_owned());
            (names.collect(), page.next)
        };
        match list {
            "oldest" => go_on(|after, limit| links(Order::Oldest, after, limit), drop, dropped),
            "newest" => go_on(|after, limit| links(Order::Newest, after, limit), drop, dropped),
            "records" => {
                let records = |after, limit| {
                    let graph = location.read();
                    let page =
                        graph.records("house", after, limit, &mut Budget::unbounded()).unwrap();
                    let names = page.items.iter().map(|line| line.record.to_owned());
                    (names.collect(), page.next)
                };
                go_on(records, drop, dropped);
            }
            _ => {
                let matches = |after, limit| {
                    let linked_to = hub.clone();
                    let all = vec![Condition { linked_to, filter: LinkFilter::default() }];
                    let query = MatchQuery { all, after, limit, ..MatchQuery::default() };
                    let graph = location.read();
                    let page = graph.view().matches(&query, &mut Budget::unbounded()).unwrap();
                    let names = page.matches.iter().map(|it| it.record.unwrap().to_owned());
                    (names.collect(), page.next)
                };
                go_on(matches, drop, dropped);
            }
        }
    }
}
