//! What each question costs, beside a bare loop over the same links: a
//! label-grouped adjacency under plain numbers, without names, filters, bounds or
//! an answer to build.
//!
//! `cargo bench --bench questions`; a table of both, measured in turn, comes last.
//! With a part of a question's name behind `--`, that one alone; with `table`, all
//! of them, but without what Criterion says of each.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark"
)]

mod bare;
mod recorded;
mod workload;

use std::cell::RefCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bare::{Bare, Space};
use criterion::{BenchmarkId, Criterion};
use foldhash::fast::RandomState;
use relata::graph::{
    Budget, Condition, LinkFilter, LinkQuery, LocationGraph, MatchQuery, NeighborhoodQuery,
    PathQuery, WalkQuery,
};
use relata::webhook::{Decoded, decode};
use relata::{Change, Event, EventType, NodeRef, Relation, Seq, Timestamp};

/// Nodes asked for in turn.
const ASKED: usize = 4096;

/// How many a page lists of what was found.
const PAGE: usize = 100;

/// Turns of the table, of which it tells the median.
const TURNS: usize = 99;

/// How long one side has in one turn: less than the system lets a program run
/// before the next has its turn.
const TURN: Duration = Duration::from_millis(6);

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(15)
        .configure_from_args();
    let named = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = |question: &Question<'_>| {
        named.as_ref().is_none_or(|name| name == "table" || question.name.contains(name))
    };
    let mut tables = Vec::new();
    for relations in [100_000, 1_000_000] {
        let mut world = World::of(relations);
        let mut lines = Vec::new();
        let mut measure = |mut question: Question<'_>| {
            if wanted(&question) {
                question.check();
                question.bench(&mut criterion, relations);
                lines.push(question.line(relations));
            }
        };
        questions(&world).into_iter().for_each(&mut measure);
        measure(merge(&mut world));
        tables.push((relations, lines));
    }
    criterion.final_summary();
    for (relations, lines) in tables {
        println!("\n{relations} relations in 20 locations, per second:\n");
        println!(
            "{:40} {:>12} {:>12} {:>7} {:>9}",
            "", "Relata", "bare loop", "factor", "recorded"
        );
        for line in lines {
            println!("{line}");
        }
    }
}

/// The workload, in Relata's graphs and in bare ones.
struct World {
    places: Vec<Place>,
    asked: Vec<Asked>,
}

/// One location.
#[derive(Default)]
struct Place {
    graph: LocationGraph,
    bare: Bare,
    /// Names of nodes by number, and numbers by name.
    names: Vec<NodeRef>,
    numbers: HashMap<NodeRef, u32, RandomState>,
    relations: Vec<Box<str>>,
    /// The associations and ends of relations.
    links: Vec<bare::Entry>,
    /// Some relations, to be merged again.
    events: Vec<Event>,
}

/// A node with a link, under a label that it has, and other nodes of its location.
struct Asked {
    place: usize,
    node: u32,
    slot: u32,
    /// Any other.
    to: u32,
    /// Two that the node is linked to, often the same.
    both: [u32; 2],
}

impl World {
    fn of(relations: u64) -> Self {
        let mut places: HashMap<String, Place> = HashMap::new();
        for (seq, body) in (1..).zip(workload::bodies(relations)) {
            let Ok(Decoded::Event(event)) = decode(body.as_bytes(), None) else {
                unreachable!("a bad body: {body}");
            };
            places.entry(event.location.to_string()).or_default().merge(seq, event);
        }
        let mut places: Vec<Place> = places.into_values().collect();
        for place in &mut places {
            place.bare = Bare::of(small(place.names.len()), &place.links);
        }
        let mut numbers = workload::Numbers::new(7);
        let asked = (0..ASKED).map(|_| Asked::any(&places, &mut numbers)).collect();
        Self { places, asked }
    }

    /// One of the questions, and its location.
    fn asked(&self, at: usize) -> (&Place, &Asked) {
        let asked = &self.asked[at];
        (&self.places[asked.place], asked)
    }

    /// One of these for each question.
    fn each<'a, T>(&'a self, make: impl Fn(&'a Place, &'a Asked) -> T) -> Vec<T> {
        let make = |asked: &'a Asked| make(&self.places[asked.place], asked);
        self.asked.iter().map(make).collect()
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a small number")
}

impl Place {
    fn merge(&mut self, seq: Seq, event: Event) {
        self.graph.merge(seq, &event);
        if let Change::Relation(relation) = &event.change {
            self.link(relation);
            if self.relations.len().is_multiple_of(32) {
                self.events.push(event);
            }
        }
    }

    fn link(&mut self, relation: &Relation) {
        let [first, second] = [&relation.first, &relation.second].map(|end| {
            let name = NodeRef::record(end.object.clone(), end.id.clone());
            *self.numbers.entry(name).or_insert_with_key(|name| {
                self.names.push(name.clone());
                small(self.names.len() - 1)
            })
        });
        let is = |slot: &usize| workload::association(*slot) == relation.association.as_str();
        let slot = (0..bare::SLOTS).find(is).expect("a known association");
        self.links.push((small(slot), first, second));
        self.relations.push(relation.id.as_str().into());
    }

    fn name(&self, node: u32) -> &NodeRef {
        &self.names[node as usize]
    }

    fn number(&self, name: &NodeRef) -> u32 {
        self.numbers[name]
    }

    fn relation(&self, number: u32) -> &str {
        &self.relations[number as usize]
    }
}

impl Asked {
    fn any(places: &[Place], numbers: &mut workload::Numbers) -> Self {
        let mut below =
            |bound: usize| u32::try_from(numbers.below(bound as u64)).expect("a small number");
        let place = below(places.len()) as usize;
        let Place { names, bare, .. } = &places[place];
        let (node, to) = (below(names.len()), below(names.len()));
        let entries = bare.entries(node);
        let mut linked = || entries[below(entries.len()) as usize];
        let (slot, ..) = linked();
        let both = [linked().1, linked().1];
        Self { place, node, slot, to, both }
    }
}

/// A question, asked of Relata and of the bare loop. Both tell how much they
/// found, which must be the same.
struct Question<'a> {
    name: &'static str,
    sides: [Box<dyn FnMut(usize) -> u64 + 'a>; 2],
}

impl<'a> Question<'a> {
    fn new(
        name: &'static str,
        relata: impl FnMut(usize) -> u64 + 'a,
        bare: impl FnMut(usize) -> u64 + 'a,
    ) -> Self {
        Self { name, sides: [Box::new(relata), Box::new(bare)] }
    }

    /// Returns the same question under another name.
    fn by_names(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    fn check(&mut self) {
        let [relata, bare] = &mut self.sides;
        for at in 0..500 {
            assert_eq!(relata(at), bare(at), "{}, number {at}", self.name);
        }
    }

    fn bench(&mut self, criterion: &mut Criterion, relations: u64) {
        let mut group = criterion.benchmark_group(self.name);
        for (side, ask) in ["Relata", "bare loop"].into_iter().zip(&mut self.sides) {
            let mut asked = (0..ASKED).cycle();
            group.bench_function(BenchmarkId::new(side, relations), |b| {
                b.iter(|| ask(asked.next().expect("it cycles")));
            });
        }
        group.finish();
    }

    /// Measures both sides in turn, with the same questions.
    #[expect(clippy::cast_precision_loss, reason = "rates need not be exact")]
    fn line(&mut self, relations: u64) -> String {
        let counts = self.sides.each_mut().map(|ask| turn(ask, 0, None).0);
        let count = counts[0].min(counts[1]);
        let mut rates = [Vec::new(), Vec::new()];
        for number in 0..TURNS {
            for (ask, rates) in self.sides.iter_mut().zip(&mut rates) {
                let (_, taken) = turn(ask, number * count, Some(count));
                rates.push(count as f64 / taken.as_secs_f64());
            }
        }
        let factors = rates[0].iter().zip(&rates[1]).map(|(relata, bare)| bare / relata).collect();
        let [relata, bare] = rates.map(median);
        let recorded = recorded::figure(&format!("{}, {relations}", self.name));
        let recorded = recorded.map_or_else(String::new, |figure| format!("{figure:.2}"));
        format!("{:40} {relata:12.0} {bare:12.0} {:7.2} {recorded:>9}", self.name, median(factors))
    }
}

/// Asks so many times, or for as long as a turn takes.
fn turn(ask: &mut dyn FnMut(usize) -> u64, from: usize, count: Option<usize>) -> (usize, Duration) {
    let began = Instant::now();
    let mut asked = 0;
    loop {
        black_box(ask((from + asked) % ASKED));
        asked += 1;
        let done = match count {
            Some(count) => asked >= count,
            None => asked.is_multiple_of(4) && began.elapsed() >= TURN,
        };
        if done {
            return (asked, began.elapsed());
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn questions(world: &World) -> Vec<Question<'_>> {
    let [page, named] = first_pages(world);
    vec![
        page,
        named,
        reach("distinct nodes in two hops", world, 2),
        reach("distinct nodes in three hops", world, 3),
        path(world, bare_path(world)),
        path(world, named_path(world)).by_names("shortest path, the bare loop by names too"),
        labels(world),
        matches(world, bare_match(world)),
        matches(world, named_match(world)).by_names("match, the bare loop by names too"),
        walk(world, bare_walk(world)),
        walk(world, named_walk(world)).by_names("walk, the bare loop by names too"),
        neighborhood(world, bare_neighborhood(world)),
        neighborhood(world, named_neighborhood(world))
            .by_names("neighborhood, the bare loop by names too"),
        copy(world),
    ]
}

/// The label at the far ends of a node's links under an association.
fn far_label(node: &NodeRef, slot: u32) -> String {
    let role = if node.object.as_str() == "contact" { "Property" } else { "Buyer" };
    format!("{role} {slot}")
}

fn along(label: String) -> LinkFilter {
    LinkFilter::default().label(label)
}

fn near_label(node: &NodeRef, slot: u32) -> String {
    let role = if node.object.as_str() == "contact" { "Buyer" } else { "Property" };
    format!("{role} {slot}")
}

fn first_pages(world: &World) -> [Question<'_>; 2] {
    let page = || {
        let queries = world.each(|place, asked| {
            LinkQuery::from(along(far_label(place.name(asked.node), asked.slot))).limit(50)
        });
        move |at: usize| {
            let (place, asked) = world.asked(at);
            let name = place.name(asked.node);
            let page = place.graph.view().links(name, &queries[at], &mut Budget::unbounded());
            black_box(page).expect("a known node").links.len() as u64
        }
    };
    let mut copied = Vec::new();
    let bare = move |at: usize| {
        let (place, asked) = world.asked(at);
        let entries = place.bare.of_slot(asked.node, asked.slot);
        copied.clear();
        copied.extend_from_slice(&entries[..entries.len().min(50)]);
        black_box(&copied).len() as u64
    };
    let named = move |at: usize| {
        let (place, asked) = world.asked(at);
        let node = place.number(place.name(asked.node));
        let entries = place.bare.of_slot(node, asked.slot).iter().take(50);
        let text = |entry: &bare::Entry| (place.name(entry.1), place.relation(entry.2));
        let texts: Vec<(&NodeRef, &str)> = entries.map(text).collect();
        black_box(texts).len() as u64
    };
    [
        Question::new("first page under a label", page(), bare),
        Question::new("first page, the bare loop by names too", page(), named),
    ]
}

fn reach<'a>(name: &'static str, world: &'a World, depth: u32) -> Question<'a> {
    let queries = world.each(|place, asked| NeighborhoodQuery {
        depth,
        ..NeighborhoodQuery::of(place.name(asked.node).clone())
    });
    let relata = move |at: usize| {
        let (place, _) = world.asked(at);
        place.graph.view().reach(&queries[at], &mut Budget::unbounded()).expect("a known node").0
    };
    let mut space = Space::default();
    let bare = move |at: usize| {
        let (place, asked) = world.asked(at);
        place.bare.reach(asked.node, depth, &mut space) as u64
    };
    Question::new(name, relata, bare)
}

/// A side of a question: what is found, given its number.
type Side<'a> = Box<dyn FnMut(usize) -> u64 + 'a>;

fn path<'a>(world: &'a World, bare: Side<'a>) -> Question<'a> {
    let queries = world.each(|place, asked| {
        PathQuery::between(place.name(asked.node).clone(), place.name(asked.to).clone())
    });
    let relata = move |at: usize| {
        let (place, _) = world.asked(at);
        let paths =
            place.graph.view().path(&queries[at], &mut Budget::unbounded()).expect("known nodes");
        black_box(paths).hops.map_or(99, u64::from)
    };
    Question::new("shortest path", relata, bare)
}

fn bare_path(world: &World) -> Side<'_> {
    let mut space = Space::default();
    Box::new(move |at| {
        let (place, asked) = world.asked(at);
        let hops = place.bare.path(asked.node, asked.to, 6, &mut space);
        black_box(&space);
        hops.map_or(99, u64::from)
    })
}

fn named_path(world: &World) -> Side<'_> {
    let mut space = Space::default();
    Box::new(move |at| {
        let (place, asked) = world.asked(at);
        let [from, to] = [asked.node, asked.to].map(|node| place.number(place.name(node)));
        let hops = place.bare.path(from, to, 6, &mut space);
        let link = |&(node, link): &(u32, u32)| (place.name(node), place.relation(link));
        black_box(space.way().iter().map(link).collect::<Vec<_>>());
        hops.map_or(99, u64::from)
    })
}

fn labels(world: &World) -> Question<'_> {
    let relata = move |at: usize| {
        let (place, asked) = world.asked(at);
        let labels = place.graph.view().labels(place.name(asked.node), &mut Budget::unbounded());
        black_box(labels).expect("a known node").len() as u64
    };
    let bare = |at: usize| {
        let (place, asked) = world.asked(at);
        let mut counts = [0; bare::SLOTS];
        place.bare.labels(asked.node, black_box(&mut counts)) as u64
    };
    Question::new("labels", relata, bare)
}

fn matches<'a>(world: &'a World, bare: Side<'a>) -> Question<'a> {
    let queries = world.each(|place, asked| MatchQuery {
        all: asked.both.map(|node| Condition::linked_to(place.name(node).clone())).into(),
        ..MatchQuery::default()
    });
    let relata = move |at: usize| {
        let (place, _) = world.asked(at);
        let page = place
            .graph
            .view()
            .matches(&queries[at], &mut Budget::unbounded())
            .expect("known nodes");
        black_box(page).total
    };
    Question::new("match of two conditions", relata, bare)
}

fn bare_match(world: &World) -> Side<'_> {
    let mut space = Space::default();
    Box::new(move |at| {
        let (place, asked) = world.asked(at);
        place.bare.both(asked.both, &mut space) as u64
    })
}

fn named_match(world: &World) -> Side<'_> {
    let mut space = Space::default();
    Box::new(move |at| {
        let (place, asked) = world.asked(at);
        let both = asked.both.map(|node| place.number(place.name(node)));
        let total = place.bare.both(both, &mut space) as u64;
        let page = space.found().iter().take(PAGE).map(|node| place.name(*node));
        black_box(page.collect::<Vec<_>>());
        total
    })
}

fn walk<'a>(world: &'a World, bare: Side<'a>) -> Question<'a> {
    let queries = world.each(|place, asked| {
        let name = place.name(asked.node);
        WalkQuery::from(name.clone())
            .step(along(far_label(name, asked.slot)))
            .step(along(near_label(name, asked.slot)))
    });
    let relata = move |at: usize| {
        let (place, _) = world.asked(at);
        let page =
            place.graph.view().walk(&queries[at], &mut Budget::unbounded()).expect("a known node");
        black_box(page).total
    };
    Question::new("walk of two steps, counted", relata, bare)
}

fn bare_walk(world: &World) -> Side<'_> {
    let mut space = Space::default();
    Box::new(move |at| {
        let (place, asked) = world.asked(at);
        place.bare.walk(asked.node, asked.slot, &mut space) as u64
    })
}

fn named_walk(world: &World) -> Side<'_> {
    let mut space = Space::default();
    Box::new(move |at| {
        let (place, asked) = world.asked(at);
        let from = place.number(place.name(asked.node));
        let total = place.bare.walk(from, asked.slot, &mut space) as u64;
        let page = space.found().iter().take(PAGE);
        let page = page.map(|node| (place.name(*node), space.walks(*node)));
        black_box(page.collect::<Vec<_>>());
        total
    })
}

fn neighborhood<'a>(world: &'a World, bare: Side<'a>) -> Question<'a> {
    let queries = world.each(|place, asked| NeighborhoodQuery {
        depth: 2,
        ..NeighborhoodQuery::of(place.name(asked.node).clone())
    });
    let relata = move |at: usize| {
        let (place, _) = world.asked(at);
        let around = place.graph.view().neighborhood(&queries[at], &mut Budget::unbounded());
        black_box(around).expect("a known node").nodes.len() as u64
    };
    Question::new("neighborhood of two hops, 1,000 nodes", relata, bare)
}

fn bare_neighborhood(world: &World) -> Side<'_> {
    let mut space = Space::default();
    Box::new(move |at| {
        let (place, asked) = world.asked(at);
        let around = place.bare.neighborhood(asked.node, 2, 1_000, &mut space);
        black_box(around).0 as u64
    })
}

fn named_neighborhood(world: &World) -> Side<'_> {
    let mut space = Space::default();
    Box::new(move |at| {
        let (place, asked) = world.asked(at);
        let of = place.number(place.name(asked.node));
        place.bare.around(of, 2, 1_000, &mut space);
        let nodes: Vec<&NodeRef> = space.found().iter().map(|node| place.name(*node)).collect();
        let link = |(one, other, link)| (place.name(one), place.name(other), place.relation(link));
        black_box(place.bare.among(&space).map(link).collect::<Vec<_>>());
        black_box(nodes).len() as u64
    })
}

fn copy(world: &World) -> Question<'_> {
    let relata = |at: usize| {
        let (place, asked) = world.asked(at);
        black_box(place.graph.snapshot_for(place.name(asked.node)));
        place.names.len() as u64
    };
    let bare = |at: usize| world.asked(at).0.bare.copy() as u64;
    Question::new("copy of a location, to be asked", relata, bare)
}

/// A merge right after a copy was taken, beside one without: deletes a relation,
/// or makes it anew.
fn merge(world: &mut World) -> Question<'_> {
    let places = RefCell::new(&mut world.places);
    let places = std::rc::Rc::new(places);
    let merge = |copied: bool| {
        let places = std::rc::Rc::clone(&places);
        let mut at = 0;
        move |number: usize| {
            at += 1;
            let places = &mut **places.borrow_mut();
            let count = places.len();
            let Place { graph, events, .. } = &mut places[number % count];
            let copy = copied.then(|| graph.snapshot());
            let count = events.len();
            let event = &mut events[number / 20 % count];
            event.event_type = match event.event_type {
                EventType::RelationDelete => EventType::RelationCreate,
                _ => EventType::RelationDelete,
            };
            event.at = Some(Timestamp::from_millis(event.at.map_or(0, Timestamp::as_millis) + 1));
            black_box(graph.merge(1_000_000_000 + at, event));
            drop(copy);
            1
        }
    };
    Question::new("copy and a merge, beside a merge alone", merge(true), merge(false))
}
