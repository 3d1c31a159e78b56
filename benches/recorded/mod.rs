//! Recorded figures, for benchmarks to print next to their own: ratios to a baseline of the same
//! run, and bytes, which differ little between machines. Recorded anew for each release.

/// The figures by name, as `just ratios` has printed them.
const FIGURES: &[(&str, f64)] = &[
    ("durable posts", 0.52),
    ("first pages", 0.69),
    ("bytes per relation", 160.0),
    ("first page under a label, 1000000", 22.05),
    ("first page, the bare loop by names too, 1000000", 2.83),
    ("distinct nodes in two hops, 1000000", 2.13),
    ("distinct nodes in three hops, 1000000", 2.37),
    ("shortest path, 1000000", 2.44),
    ("labels, 1000000", 47.05),
    ("match of two conditions, 1000000", 7.34),
    ("walk of two steps, counted, 1000000", 4.92),
    ("neighborhood of two hops, 1,000 nodes, 1000000", 4.82),
    ("copy and a merge, beside a merge alone, 1000000", 16.41),
];

/// Returns a recorded figure, or nothing where there is none.
pub(crate) fn figure(name: &str) -> Option<f64> {
    FIGURES.iter().find(|(known, _)| *known == name).map(|(_, figure)| *figure)
}
