//! What it costs to find records by name: one location of 300,000 people, addresses and
//! deals, with names changing between the searches.
//!
//! `cargo bench --bench search`; `-- RECORDS SEARCHES` changes how many.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark"
)]

mod workload;

/// The index alone, without a store around it.
#[path = "../src/graph"]
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "its tests come along, and what the library exports"
)]
mod graph {
    pub(crate) mod search;
}

use std::hint::black_box;
use std::ops::Range;
use std::time::{Duration, Instant};

use graph::search::folded_query::FoldedQuery;
use graph::search::name_index::NameIndex;
use graph::search::records::Records;
use workload::Numbers;

const FIRST: &[&str] = &[
    "Maria",
    "José",
    "Amara",
    "Ben",
    "Chloé",
    "Daniel",
    "Emma",
    "Fatima",
    "Grace",
    "Hannah",
    "Ivan",
    "James",
    "Mary",
    "Robert",
    "Patricia",
    "John",
    "Jennifer",
    "Michael",
    "Linda",
    "David",
    "Elizabeth",
    "William",
    "Barbara",
    "Richard",
    "Susan",
    "Joseph",
    "Jessica",
    "Thomas",
    "Karen",
    "Charles",
    "Sarah",
    "Christopher",
    "Lisa",
    "Matthew",
    "Nancy",
    "Anthony",
    "Sandra",
    "Mark",
    "Ashley",
    "Steven",
    "Emily",
    "Paul",
    "Kimberly",
    "Andrew",
    "Margaret",
    "Joshua",
    "Donna",
    "Kenneth",
    "Michelle",
    "Kevin",
    "Carol",
    "Brian",
    "Amanda",
    "Zoë",
    "Łukasz",
    "Søren",
    "Yuki",
    "太郎",
    "Олег",
    "Oluwaseun",
    "Siobhán",
    "Marie-Claire",
    "Juan Carlos",
    "Mohammed",
];

const LAST: &[&str] = &[
    "Okafor",
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "García",
    "Miller",
    "Davis",
    "Rodríguez",
    "Martínez",
    "Hernández",
    "López",
    "González",
    "Wilson",
    "Anderson",
    "Thomas",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Pérez",
    "Thompson",
    "White",
    "Harris",
    "Sánchez",
    "Clark",
    "Ramírez",
    "Lewis",
    "Robinson",
    "Walker",
    "Young",
    "Allen",
    "King",
    "Wright",
    "Scott",
    "Torres",
    "Nguyen",
    "Hill",
    "Flores",
    "Green",
    "Adams",
    "Nelson",
    "Baker",
    "Hall",
    "Rivera",
    "Campbell",
    "Mitchell",
    "Carter",
    "Roberts",
    "O'Neil",
    "O'Brien",
    "Smith-Jones",
    "van der Berg",
    "Müller",
    "Weiß",
    "田中",
    "Иванов",
    "Kowalski",
    "Fernández",
    "Papadopoulos",
    "Yılmaz",
    "Singh",
];

const STREETS: &[&str] = &[
    "Maple",
    "Oak",
    "Cedar",
    "Pine",
    "Elm",
    "Washington",
    "Lake",
    "Hill",
    "Walnut",
    "Spring",
    "North",
    "Ridge",
    "Church",
    "Willow",
    "Mill",
    "Sunset",
    "Railroad",
    "Jackson",
    "Cherry",
    "West",
    "South",
    "Center",
    "Highland",
    "Johnson",
    "Forest",
    "River",
    "Meadow",
    "East",
    "Chestnut",
    "Park",
    "Lincoln",
    "Franklin",
    "Dogwood",
    "Hickory",
    "Magnolia",
    "Birch",
    "Sycamore",
    "Poplar",
];

const ENDINGS: &[&str] = &["Street", "Avenue", "Road", "Drive", "Lane", "Court", "Place", "Way"];

/// Letters of the ids that the sender makes.
const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn pick<'t>(numbers: &mut Numbers, of: &[&'t str]) -> &'t str {
    of[usize::try_from(numbers.below(of.len() as u64)).expect("small")]
}

/// Most family names are rare: one of 64 by itself, else one of 4,096 pairs.
fn last_name(numbers: &mut Numbers) -> String {
    let (first, second) = (pick(numbers, LAST), pick(numbers, LAST));
    if numbers.below(3) > 0 { first.to_owned() } else { format!("{first}-{second}") }
}

fn name(numbers: &mut Numbers) -> String {
    let (first, last) = (pick(numbers, FIRST), last_name(numbers));
    match numbers.below(100) {
        0..60 => format!("{first} {last}"),
        60..90 => {
            let (street, ending) = (pick(numbers, STREETS), pick(numbers, ENDINGS));
            format!("{} {street} {ending}", numbers.below(9_999))
        }
        90..94 => format!("{first}.{last}{}@example.com", numbers.below(99)).replace(' ', ""),
        94..97 => format!("+1555{:07}", numbers.below(9_999_999)),
        _ => format!("{} {} – {first} {last}", numbers.below(999), pick(numbers, STREETS)),
    }
}

/// One of the letters at these places.
fn letter(numbers: &mut Numbers, of: Range<usize>) -> char {
    let at = numbers.below(of.len() as u64);
    char::from(LETTERS[of.start + usize::try_from(at).expect("small")])
}

fn id(numbers: &mut Numbers) -> String {
    (0..20).map(|_| letter(numbers, 0..62)).collect()
}

/// The records, as the index reads them.
struct Location {
    names: Vec<String>,
    ids: Vec<String>,
    links: Vec<u8>,
}

impl Records for Location {
    fn id(&self, record: u32) -> &str {
        &self.ids[record as usize]
    }

    fn object_key(&self, record: u32) -> &str {
        if record.is_multiple_of(3) { "custom_objects.property" } else { "contact" }
    }

    fn links(&self, record: u32) -> u64 {
        u64::from(self.links[record as usize])
    }

    fn is_wanted(&self, _: u32) -> bool {
        true
    }
}

impl Location {
    fn new(numbers: &mut Numbers, records: u64) -> Self {
        let mut location = Self { names: Vec::new(), ids: Vec::new(), links: Vec::new() };
        for _ in 0..records {
            location.add(numbers);
        }
        location
    }

    fn add(&mut self, numbers: &mut Numbers) {
        self.names.push(name(numbers));
        self.ids.push(id(numbers));
        self.links.push(u8::try_from(numbers.below(20)).expect("small"));
    }

    /// Half of the changes are new records, half are other names of those that are there.
    fn change(&mut self, numbers: &mut Numbers, count: u64) -> Vec<u32> {
        let mut changed = Vec::new();
        for number in 0..count {
            if number % 2 == 0 {
                changed.push(u32::try_from(self.names.len()).expect("small"));
                self.add(numbers);
            } else {
                let at = numbers.below(self.names.len() as u64);
                self.names[usize::try_from(at).expect("small")] = name(numbers);
                changed.push(u32::try_from(at).expect("small"));
            }
        }
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    fn name(&self, record: u32) -> (u32, Option<&str>) {
        (record, Some(&self.names[record as usize]))
    }
}

/// The kinds of search; each makes another text every time.
type Kind = (&'static str, fn(&Location, &mut Numbers) -> String);

const KINDS: &[Kind] = &[
    ("one letter", |_, numbers| letter(numbers, 36..62).to_string()),
    ("one digit", |_, numbers| letter(numbers, 0..10).to_string()),
    ("a first name", |_, numbers| pick(numbers, FIRST).to_owned()),
    ("the start of one", |_, numbers| pick(numbers, FIRST).chars().take(3).collect()),
    ("a last name", |_, numbers| pick(numbers, LAST).to_owned()),
    ("two words", |_, numbers| format!("{} {}", pick(numbers, LAST), pick(numbers, FIRST))),
    ("two letters apart", |_, numbers| format!("s {}", letter(numbers, 36..62))),
    ("two common words", |_, numbers| format!("{} s", pick(numbers, STREETS))),
    ("a whole name", |location, numbers| {
        location.names[usize::try_from(numbers.below(location.names.len() as u64)).expect("small")]
            .clone()
    }),
    ("the start of an id", |location, numbers| {
        location.ids[usize::try_from(numbers.below(location.names.len() as u64)).expect("small")]
            [..4]
            .to_owned()
    }),
    ("no match", |_, numbers| format!("{} qxz", pick(numbers, FIRST))),
];

fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let records = arguments.first().copied().unwrap_or(300_000);
    let searches = arguments.get(1).copied().unwrap_or(2_000);
    let mut numbers = Numbers::new(11);
    let mut location = Location::new(&mut numbers, records);
    let texts: usize = location.names.iter().map(String::len).sum();
    let before = resident();
    let began = Instant::now();
    let mut index = NameIndex::default();
    let all = 0..u32::try_from(records).expect("small");
    index.update(all.map(|record| location.name(record)), &location);
    println!(
        "{records} names of {} bytes: built in {:?}; the process grew by {} bytes a name",
        texts as u64 / records,
        began.elapsed(),
        (resident() - before) / records,
    );
    for changes in [0, 10, 1_000] {
        println!("{changes} names changed before each search");
        let (mut updates, mut merging) = (Vec::new(), Duration::ZERO);
        for (kind, text) in KINDS {
            let mut taken = Vec::new();
            let (mut found, mut looked_at) = (0, 0);
            let searches = if changes == 1_000 { searches / 10 } else { searches };
            for _ in 0..searches {
                let changed = location.change(&mut numbers, changes);
                let query = FoldedQuery::new(&text(&location, &mut numbers));
                let began = Instant::now();
                index.update(changed.into_iter().map(|it| location.name(it)), &location);
                updates.push(began.elapsed());
                let result = index.find(&query, 100, &location, |entries| {
                    looked_at += entries;
                    true
                });
                taken.push(began.elapsed());
                found += black_box(result).records.len();
                // Elsewhere, while others search.
                if let Some(merge) = index.begin_merge() {
                    let began = Instant::now();
                    index.finish_merge(merge.run(&location));
                    merging += began.elapsed();
                }
            }
            let (p50, p99) = (percentile(&mut taken, 50), percentile(&mut taken, 99));
            let [found, looked_at] = [found, looked_at].map(|all| all as u64 / searches);
            println!("  {kind:20} p50 {p50:8.1?}  p99 {p99:8.1?}  {found:3} of {looked_at}");
        }
        if changes > 0 {
            let all = updates.iter().sum::<Duration>() + merging;
            let mean = all / u32::try_from(updates.len() as u64 * changes).expect("small");
            let [p50, p99, most] = [50, 99, 100].map(|part| percentile(&mut updates, part));
            println!(
                "  of this the update   p50 {p50:.1?}  p99 {p99:.1?}  max {most:.1?}; {mean:.1?} a name with merges"
            );
        }
    }
}

fn percentile(taken: &mut [Duration], part: usize) -> Duration {
    taken.sort_unstable();
    taken[(taken.len() - 1) * part / 100]
}

/// Returns the memory of this process, in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = pages.split(' ').nth(1).expect("a field").parse().expect("a number");
    pages * 4_096
}
