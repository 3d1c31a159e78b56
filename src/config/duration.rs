//! Durations on the command line: a number with a unit.

use std::time::Duration;

/// Units, the longer ones first where one ends like another.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Parses a duration such as `30s`, `500ms`, `2m` or `1h`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let fault = || "write a whole number and a unit, such as 30s, 500ms, 2m or 1h".to_owned();
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit)).ok_or_else(fault)?;
    let number: u64 = text.strip_suffix(unit.0).and_then(|it| it.parse().ok()).ok_or_else(fault)?;
    let millis = number.checked_mul(unit.1).filter(|it| *it <= 7 * 24 * 3_600_000);
    millis.map(Duration::from_millis).ok_or_else(|| "at most a week".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        for (text, millis) in
            [("30s", 30_000), ("500ms", 500), ("2m", 120_000), ("1h", 3_600_000), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in ["", "30", "s", "-1s", "1.5s", "1d", "99999999999999999999s", "200h", "1 s"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
