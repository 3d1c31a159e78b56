//! Locations made of a seed.

use std::collections::BTreeSet;

use super::location::{Association, Location, Millis, Object, Record, Relation, Span, Versions};
use crate::support::random::Random;

/// When the first thing of every planned location was made, and the last: the years
/// 2025 and 2026 begin there.
pub(crate) const FIRST_MADE: Millis = 1_735_689_600_000;
pub(crate) const LAST_MADE: Millis = 1_767_225_600_000;

const DAY: Millis = 86_400_000;

/// The ids that are the same in every location; other associations have one of their own.
const CONSTANT_IDS: [&str; 2] =
    ["OPPORTUNITIES_CONTACTS_ASSOCIATION", "BUSINESSES_CONTACTS_ASSOCIATION"];

/// The system's associations, with object key and label of each end.
const SYSTEM: [(&str, [&str; 2], [&str; 2]); 3] = [
    (CONSTANT_IDS[0], ["opportunity", "contact"], ["Opportunity", "Contact"]),
    (CONSTANT_IDS[1], ["business", "contact"], ["Company", "Contact"]),
    ("BUSINESSES_OPPORTUNITIES_ASSOCIATION", ["business", "opportunity"], ["Company", "Deal"]),
];

/// How a location shall be; its contents follow from the seed.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Object keys, and how many records of each.
    pub(crate) records: Vec<(&'static str, usize)>,
    /// Keys, object keys of both ends, and how many relations each has at most.
    pub(crate) associations: Vec<(&'static str, [&'static str; 2], usize)>,
    /// How many links the first record of the first association's first end has.
    pub(crate) hub: usize,
    /// How many records share one millisecond.
    pub(crate) clump: usize,
    /// How many relations of a hundred were deleted before anybody reads.
    pub(crate) gone_percent: u64,
}

impl Plan {
    /// Plans five hundred records of four kinds under eight associations, among them two
    /// between one pair of kinds, two from a kind to itself, and a hub of 300 links.
    pub(crate) fn new(seed: u64) -> Self {
        let property = "custom_objects.property";
        Self {
            seed,
            records: vec![("contact", 110), ("opportunity", 40), ("business", 20), (property, 330)],
            associations: vec![
                ("buyer_property_interest", ["contact", property], 420),
                ("property_owner", [property, "contact"], 150),
                (CONSTANT_IDS[0], ["opportunity", "contact"], 60),
                (CONSTANT_IDS[1], ["business", "contact"], 60),
                (SYSTEM[2].0, ["business", "opportunity"], 20),
                ("property_sale", [property, "opportunity"], 40),
                ("contact_referred_by", ["contact", "contact"], 70),
                ("property_neighbor", [property, property], 60),
            ],
            hub: 300,
            clump: 1,
            gone_percent: 5,
        }
    }

    /// Plans a small location of these kinds and associations alone, without a hub.
    pub(crate) fn of(
        seed: u64,
        records: &[(&'static str, usize)],
        associations: &[(&'static str, [&'static str; 2], usize)],
    ) -> Self {
        let (records, associations) = (records.to_vec(), associations.to_vec());
        Self { records, associations, hub: 0, gone_percent: 0, ..Self::new(seed) }
    }

    /// Makes the location.
    pub(crate) fn location(&self) -> Location {
        let mut random = Random(self.seed);
        let mut location = Location::default();
        location.id = letters(&mut random, 20);
        location.token = format!("pit-{}", letters(&mut random, 32));
        location.name = format!("{} Realty", word(&mut random));
        for (key, count) in &self.records {
            location.objects.push(object(&mut random, key));
            self.add_records(&mut location, &mut random, key, *count);
        }
        for (place, (key, ends, count)) in self.associations.iter().enumerate() {
            location.associations.push(association(&mut random, key, *ends));
            self.add_relations(&mut location, &mut random, place, *count);
        }
        location
    }

    fn add_records(&self, location: &mut Location, random: &mut Random, key: &str, count: usize) {
        location.records.entry(key.to_owned()).or_default();
        let steps = count / self.clump.max(1) + 1;
        for number in 0..count {
            let made = FIRST_MADE + part(number / self.clump.max(1), steps);
            let record = Record {
                id: record_id(random, key, made),
                name: Versions::new(name(random, key)),
                span: Span::from(made),
            };
            location.add_record(key, record);
        }
    }

    fn add_relations(
        &self,
        location: &mut Location,
        random: &mut Random,
        place: usize,
        count: usize,
    ) {
        let association = location.associations[place].clone();
        let ids = |key: &String| -> Vec<String> {
            location.records.get(key).into_iter().flatten().map(|it| it.id.clone()).collect()
        };
        let [first, second] = association.ends.each_ref().map(ids);
        if first.is_empty() || second.is_empty() {
            return;
        }
        let mut pairs = BTreeSet::new();
        for number in 0..count {
            let in_hub = place == 0 && number < self.hub;
            let one = |random: &mut Random, list: &[String]| list[random.place(list.len())].clone();
            let pair = if in_hub {
                [first[0].clone(), second[number].clone()]
            } else {
                [one(random, &first), one(random, &second)]
            };
            let made = FIRST_MADE + part(random.place(1 << 20), 1 << 20);
            let is_new = pair[0] != pair[1] && pairs.insert(pair.clone());
            if !is_new {
                continue;
            }
            let was_deleted = !in_hub && random.below(100) < self.gone_percent;
            let relation = Relation {
                id: relation_id(random, &association, made),
                association: place,
                records: pair,
                span: Span { made, gone: was_deleted.then_some(made + DAY) },
            };
            location.add_relation(relation);
        }
    }
}

/// Returns so many parts of the time between the first and the last.
fn part(number: usize, of: usize) -> Millis {
    let [number, of] = [number, of].map(|it| Millis::try_from(it).unwrap());
    number * (LAST_MADE - FIRST_MADE) / of
}

/// Makes an association, as the system's if the key is one of its.
pub(crate) fn association(random: &mut Random, key: &str, ends: [&str; 2]) -> Association {
    let system = SYSTEM.iter().find(|it| it.0 == key);
    let label = |end: &str| format!("{} {}", word(random), title(end));
    let labels = match system {
        Some((_, _, labels)) => labels.map(str::to_owned),
        None => ends.map(label),
    };
    let id = if CONSTANT_IDS.contains(&key) { key.to_owned() } else { hex_id(random, FIRST_MADE) };
    Association {
        id,
        key: key.to_owned(),
        ends: ends.map(str::to_owned),
        labels: Versions::new(labels),
        system: system.is_some(),
        span: Span::from(FIRST_MADE),
    }
}

fn object(random: &mut Random, key: &str) -> Object {
    let (singular, plural) = match key {
        "business" => ("Company".to_owned(), "Companies".to_owned()),
        "opportunity" => ("Opportunity".to_owned(), "Opportunities".to_owned()),
        _ => (title(key), format!("{}s", title(key))),
    };
    let primary = if key.starts_with("custom_objects.") { "title_line" } else { "name" };
    let id = hex_id(random, FIRST_MADE);
    let (key, primary) = (key.to_owned(), primary.to_owned());
    Object { id, key, singular, plural, primary, made: FIRST_MADE }
}

/// Returns `custom_objects.real_estate` as `Real Estate`.
fn title(key: &str) -> String {
    let last = key.rsplit('.').next().unwrap();
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    last.split('_').map(word).collect::<Vec<_>>().join(" ")
}

fn word(random: &mut Random) -> &'static str {
    const WORDS: [&str; 12] = [
        "Harbour", "Maple", "Zoë", "Elm", "Ståle", "O'Neill", "Nguyễn", "Amara", "Birch", "李",
        "Łódź", "Seaside",
    ];
    random.one(&WORDS)
}

/// Makes the name of a record: two words and a number.
pub(crate) fn name(random: &mut Random, key: &str) -> String {
    match key {
        "contact" => format!("{} {}{}", word(random), word(random), random.below(10_000)),
        _ => format!("{} {} {}", random.below(10_000), word(random), title(key)),
    }
}

/// Makes an id as the sender does: of a contact or opportunity, 20 letters and digits.
pub(crate) fn record_id(random: &mut Random, key: &str, made: Millis) -> String {
    match key {
        "contact" | "opportunity" => letters(random, 20),
        _ => hex_id(random, made),
    }
}

/// Makes an id as the sender does: between opportunity and contact, 20 letters and digits.
pub(crate) fn relation_id(random: &mut Random, of: &Association, made: Millis) -> String {
    if of.key == CONSTANT_IDS[0] { letters(random, 20) } else { hex_id(random, made) }
}

pub(crate) fn hex_id(random: &mut Random, made: Millis) -> String {
    format!("{:08x}{:016x}", made / 1_000, random.below(u64::MAX))
}

fn letters(random: &mut Random, count: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let one = |_| char::from(LETTERS[random.place(LETTERS.len())]);
    (0..count).map(one).collect()
}
