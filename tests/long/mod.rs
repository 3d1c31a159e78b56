//! How long the long tests run, and what they have done.

#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses its part")]
#![allow(clippy::print_stderr, reason = "figures for the README")]

/// `long` with `RELATA_LONG=1` in the environment, else `short`.
pub(crate) fn rounds(short: u32, long: u32) -> u32 {
    if std::env::var_os("RELATA_LONG").is_some() { long } else { short }
}

/// How long a test goes on that may take any time: so many seconds, or with `RELATA_LONG=1`
/// ten minutes, or as many seconds as `RELATA_LONG_SECONDS` says.
pub(crate) fn run_time(short: u32) -> std::time::Duration {
    let told = std::env::var_os("RELATA_LONG_SECONDS");
    let told = told.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(600);
    std::time::Duration::from_secs(rounds(short, told).into())
}

/// Tells a figure of this run, to be seen with `-- --nocapture`.
pub(crate) fn tell(what: &str, figure: impl std::fmt::Display) {
    eprintln!("figure: {what}: {figure}");
}
