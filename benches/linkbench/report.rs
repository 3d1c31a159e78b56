//! Prints what was measured: medians over the rounds.

use super::measuring::Times;
use super::requests::MIX;
use crate::client::median;

const PERCENTILES: [usize; 3] = [50, 95, 99];

/// What was measured of one store, one value for each round.
#[derive(Default)]
struct Measured {
    per_second: Vec<f64>,
    percentiles: [[Vec<f64>; PERCENTILES.len()]; MIX.len()],
}

/// Writes a time with two digits that count.
fn milliseconds(time: f64) -> String {
    let digits = if time < 0.1 { 3 } else { 2 };
    format!("{time:.digits$}")
}

pub(crate) struct Report {
    stores: Vec<(&'static str, Measured)>,
}

impl Report {
    pub(crate) fn new(stores: [&'static str; 4]) -> Self {
        Self { stores: stores.into_iter().map(|name| (name, Measured::default())).collect() }
    }

    pub(crate) fn add(&mut self, store: usize, times: &mut Times) {
        let Some((_, measured)) = self.stores.get_mut(store) else { return };
        measured.per_second.push(times.per_second());
        for (operation, rounds) in measured.percentiles.iter_mut().enumerate() {
            for (values, percent) in rounds.iter_mut().zip(PERCENTILES) {
                values.push(times.percentile(operation, percent));
            }
        }
    }

    pub(crate) fn print(&mut self) {
        let mut head = String::from("| operation |");
        let mut rates = String::from("| all, a second |");
        let mut rows: Vec<String> = MIX.iter().map(|(name, _)| format!("| {name} |")).collect();
        for (name, measured) in &mut self.stores {
            if measured.per_second.is_empty() {
                continue;
            }
            head.extend([" ", *name, " |"]);
            let rate = median(&mut measured.per_second.clone());
            rates.extend([" ", &format!("{rate:.0}"), " |"]);
            for (row, rounds) in rows.iter_mut().zip(&mut measured.percentiles) {
                let shown = rounds.each_mut().map(|values| milliseconds(median(values)));
                row.extend([" ", &shown.join(", "), " |"]);
            }
        }
        println!("medians of the rounds; p50, p95 and p99 in milliseconds");
        println!("{head}\n{rates}\n{}", rows.join("\n"));
        for (one, other) in [(0, 1), (2, 3)] {
            self.print_ratio(one, other);
        }
    }

    /// Prints the median of the ratios of the rounds, in each of which both were measured.
    fn print_ratio(&self, one: usize, other: usize) {
        let (Some((name, one)), Some((base, other))) =
            (self.stores.get(one), self.stores.get(other))
        else {
            return;
        };
        let pairs = one.per_second.iter().zip(&other.per_second);
        let mut ratios: Vec<f64> = pairs.map(|(one, other)| one / other).collect();
        if !ratios.is_empty() {
            let middle = median(&mut ratios);
            let ends = [ratios.first(), ratios.last()].map(|end| end.copied().unwrap_or(0.0));
            let [least, most] = ends;
            println!(
                "{name} executes {middle:.1} times as many operations a second as {base} \
                 ({least:.1} to {most:.1})"
            );
        }
    }
}
