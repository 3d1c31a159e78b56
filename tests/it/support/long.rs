//! How long the long tests run, and what they have done.

/// `long` with `RELATA_LONG=1` in the environment, else `short`.
pub(crate) fn rounds(short: u32, long: u32) -> u32 {
    if std::env::var_os("RELATA_LONG").is_some() { long } else { short }
}

/// Tells a figure of this run, to be seen with `-- --nocapture`.
#[expect(clippy::print_stderr, reason = "figures for the README")]
pub(crate) fn tell(what: &str, figure: impl std::fmt::Display) {
    eprintln!("figure: {what}: {figure}");
}
