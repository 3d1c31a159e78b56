//! The distributions of LinkBench (facebookarchive/linkbench): how many links a node has, and
//! how often it is asked for. The figures are those of `config/FBWorkload.properties` and
//! `config/Distribution.dat` there.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is drawn at random need not be exact"
)]

use crate::workload::Numbers;

/// Numbers that look random, and what LinkBench draws with them.
pub(crate) struct Random(Numbers);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Numbers::new(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next()
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// At least 0, below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    /// Log-normal with a sigma of 1, as the sizes of LinkBench's payloads are.
    pub(crate) fn size(&mut self, median: f64, most: usize) -> usize {
        let (radius, angle) = (self.unit().max(f64::MIN_POSITIVE), self.unit());
        let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
        ((median * normal.exp()).round() as usize).clamp(1, most)
    }

    /// A text without white space and without characters that JSON escapes.
    pub(crate) fn text(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::with_capacity(length + 8);
        while text.len() < length {
            let mut bits = self.next();
            for _ in 0..8 {
                let letter = LETTERS.get((bits % 64) as usize).copied().unwrap_or(b'A');
                text.push(char::from(letter));
                bits >>= 6;
            }
        }
        text.truncate(length);
        text
    }

    /// How many links a request for single links asks for: 1/0.382, so 2.6, on average.
    pub(crate) fn links_of_multiget(&mut self) -> u64 {
        let drawn = (1.0 - self.unit()).ln() / (1.0f64 - 0.382).ln();
        (drawn.ceil() as u64).clamp(1, 127)
    }
}

/// Zipf's distribution of ranks below a number, as in "Quickly Generating Billion-Record
/// Synthetic Databases" (Gray et al., 1994), which LinkBench uses.
pub(crate) struct Zipf {
    ranks: f64,
    zeta: f64,
    alpha: f64,
    eta: f64,
    second: f64,
}

impl Zipf {
    pub(crate) fn new(ranks: u64, shape: f64) -> Self {
        let zeta: f64 = (1..=ranks).map(|rank| (rank as f64).powf(-shape)).sum();
        let second = 0.5f64.powf(shape);
        let ranks = ranks as f64;
        let eta = (1.0 - (2.0 / ranks).powf(1.0 - shape)) / (1.0 - (1.0 + second) / zeta);
        Self { ranks, zeta, alpha: 1.0 / (1.0 - shape), eta, second }
    }

    pub(crate) fn rank(&self, random: &mut Random) -> u64 {
        let unit = random.unit();
        let scaled = unit * self.zeta;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < 1.0 + self.second {
            return 1;
        }
        let rank = self.ranks * (self.eta * unit - self.eta + 1.0).powf(self.alpha);
        (rank as u64).min(self.ranks as u64 - 1)
    }
}

/// Brings ranks into an order that looks random, another one for each seed: the nodes with the
/// most links are not those that are asked for most, nor next to one another.
#[derive(Clone, Copy)]
pub(crate) struct Shuffle {
    factor: u64,
    offset: u64,
    nodes: u64,
}

impl Shuffle {
    pub(crate) fn new(seed: u64, nodes: u64) -> Self {
        let mut random = Random::new(seed);
        let offset = random.below(nodes);
        let mut factor = random.below(nodes) | 1;
        while common_divisor(factor, nodes) > 1 {
            factor += 2;
        }
        Self { factor, offset, nodes }
    }

    pub(crate) fn place(&self, rank: u64) -> u64 {
        let product = u128::from(rank) * u128::from(self.factor) + u128::from(self.offset);
        (product % u128::from(self.nodes)) as u64
    }
}

fn common_divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { common_divisor(other, one % other) }
}

/// Points of `nlinks` in `Distribution.dat`: how many percent of the nodes have at most so
/// many links. Between them, the logarithm of the number of links is taken to be linear in the
/// logarithm of the share that has more.
const DEGREES: [(f64, f64); 33] = [
    (0.0, 45.331_605_73),
    (1.0, 77.462_591_12),
    (2.0, 86.958_059_53),
    (3.0, 91.993_054_28),
    (4.0, 94.450_799_10),
    (5.0, 95.828_071_69),
    (6.0, 96.722_528_05),
    (8.0, 97.761_423_19),
    (10.0, 98.328_033_68),
    (12.0, 98.700_256_71),
    (15.0, 99.026_879_03),
    (20.0, 99.326_955_60),
    (25.0, 99.470_170_18),
    (30.0, 99.556_939_01),
    (40.0, 99.661_413_80),
    (49.0, 99.714_381_17),
    (60.0, 99.759_569_97),
    (75.0, 99.796_274_89),
    (100.0, 99.831_361_15),
    (128.0, 99.853_919_82),
    (150.0, 99.866_218_57),
    (200.0, 99.885_135_23),
    (300.0, 99.906_066_34),
    (500.0, 99.927_463_69),
    (750.0, 99.941_632_66),
    (1_000.0, 99.950_659_16),
    (2_000.0, 99.969_372_01),
    (5_000.0, 99.987_453_32),
    (10_000.0, 99.995_045_21),
    (19_998.0, 99.998_537_73),
    (49_994.0, 99.999_813_96),
    (99_383.0, 99.999_962_79),
    (961_963.0, 99.999_999_99),
];

/// Returns the number of links of the node of a rank, 0 being that with the most.
pub(crate) fn degree(rank: u64, nodes: u64, most: u64) -> u64 {
    let more = (rank as f64 + 0.5) / nodes as f64;
    let share = |percent: f64| 1.0 - percent / 100.0;
    let at = DEGREES.partition_point(|(_, percent)| share(*percent) > more);
    let Some((links, percent)) = DEGREES.get(at).copied() else { return most };
    let below = at.checked_sub(1).and_then(|at| DEGREES.get(at)).copied();
    let Some((low, low_percent)) = below.filter(|(low, _)| *low >= 1.0) else {
        return (links as u64).min(most);
    };
    let (from, to) = (share(low_percent).ln(), share(percent).ln());
    let way = (more.ln() - from) / (to - from);
    let exact = low.ln() + way * (links.ln() - low.ln());
    (exact.exp().ceil() as u64).min(most)
}
