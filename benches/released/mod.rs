//! Figures of the last release, for benchmarks to print next to their own: ratios to a baseline
//! of the same run, and bytes, which differ little between machines.

/// The figures by name, as `just ratios` printed them at the release.
const FIGURES: &[(&str, f64)] = &[];

/// Returns the figure of the last release, or nothing where it had none.
pub(crate) fn figure(name: &str) -> Option<f64> {
    FIGURES.iter().find(|(known, _)| *known == name).map(|(_, figure)| *figure)
}

/// Returns how a figure is printed next to that of the last release.
pub(crate) fn next_to(name: &str) -> String {
    figure(name).map_or_else(String::new, |figure| format!(" (last release: {figure:.2})"))
}
