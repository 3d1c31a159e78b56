//! What `relata pull --dry-run` prints.

use indicatif::HumanCount;
use relata::pull::{Count, Estimate, KeyEstimate, Method, UpstreamSettings};
use serde_json::{Value, json};

use crate::cli::output::{print_json, print_line, print_table};
use crate::config::PullArgs;

/// Requests that the sender allows in a day.
const DAY: u64 = 200_000;

/// Prints what a pull will cost.
pub(super) fn print_estimate(
    pull: &PullArgs,
    location: &str,
    upstream: &UpstreamSettings,
    estimate: &Estimate,
    left_today: Option<u64>,
) -> anyhow::Result<()> {
    if pull.json {
        return print_json(&estimate_json(location, estimate, pull.upstream.rate, left_today));
    }
    print_line(format_args!("location {location} at {}", upstream.base_url.host()))?;
    let rows: Vec<Vec<String>> = estimate.keys.iter().map(row).collect();
    print_table(&["OBJECT", "RECORDS", "PAGES", "LINKS"], &rows)?;
    for key in &estimate.unreachable {
        print_line(format_args!("{key} cannot be read: neither of its ends can be listed"))?;
    }
    for why in estimate.keys.iter().filter_map(|key| key.refused.as_ref()) {
        print_line(why)?;
    }
    let (requests, proof) = (HumanCount(estimate.requests), HumanCount(estimate.proof_requests));
    let minutes = estimate.time(pull.upstream.rate).as_secs().div_ceil(60);
    let percent = (estimate.requests * 100).div_ceil(DAY);
    let left = left_today.map(|left| format!(" ({} left today)", HumanCount(left)));
    print_line(format_args!(
        "{} associations. About {requests} requests ({proof} to prove the method): {minutes} min \
         at {}/s, {percent} % of a day's {}{}",
        estimate.associations,
        pull.upstream.rate,
        HumanCount(DAY),
        left.unwrap_or_default()
    ))?;
    Ok(())
}

fn row(key: &KeyEstimate) -> Vec<String> {
    let records = match key.records {
        Some(Count::Exactly(number)) => HumanCount(number).to_string(),
        Some(Count::About(number)) => format!("≈ {}", HumanCount(number)),
        Some(Count::AtLeast(number)) => format!("≥ {}", HumanCount(number)),
        None if key.refused.is_some() => "refused".to_owned(),
        None => "cannot be listed".to_owned(),
    };
    let links = match key.method {
        None => "read from the other ends".to_owned(),
        Some(Method::Embedded) => "in the pages".to_owned(),
        Some(_) => format!("{} lists", HumanCount(key.lists)),
    };
    vec![key.object.as_str().to_owned(), records, HumanCount(key.pages).to_string(), links]
}

fn estimate_json(location: &str, estimate: &Estimate, rate: f64, left_today: Option<u64>) -> Value {
    let keys = estimate.keys.iter().map(|key| {
        json!({
            "object": key.object.as_str(),
            "records": key.records.map(Count::number),
            "exact": matches!(key.records, Some(Count::Exactly(_))),
            "pages": key.pages,
            "lists": key.lists,
            "method": key.method.map(Method::as_str),
            "refused": key.refused,
        })
    });
    json!({
        "location": location,
        "objects": keys.collect::<Vec<_>>(),
        "associations": estimate.associations,
        "unreachable": estimate.unreachable,
        "requests": estimate.requests,
        "proofRequests": estimate.proof_requests,
        "seconds": estimate.time(rate).as_secs(),
        "leftToday": left_today,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(HumanCount(number).to_string(), text);
        }
    }
}
