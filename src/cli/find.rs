//! `relata find`.

use std::process::ExitCode;

use relata::api::SearchResponse;
use relata::journal::Database;
use relata::query::FoundRecord;

use crate::cli::database::open_location;
use crate::cli::output::{print_json, print_line, print_more, print_table};
use crate::config::{FOUND_MAX, FindArgs};

pub(super) fn run(db: &Database, find: &FindArgs) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &find.place)?;
    let limit = find.limit as usize;
    let text = find.text();
    // One more than is shown, to know whether there are more.
    let mut search = location.search(&text).limit(limit + usize::from(!find.json));
    if let Some(object) = &find.object {
        search = search.object(object);
    }
    let head = store.head();
    let page = search.page();
    if find.json {
        print_json(&SearchResponse::new(&page, head))?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = page.results.iter().take(limit).map(row).collect();
    print_table(&["OBJECT", "NAME", "ID", "LINKS"], &rows)?;
    let is_more = page.results.len() > limit;
    if is_more && find.limit == FOUND_MAX {
        print_line(format_args!("the first {limit} records; a longer TEXT finds fewer"))?;
    } else {
        print_more(rows.len(), is_more, None, "records")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(found: &FoundRecord<String>) -> Vec<String> {
    vec![
        found.object.clone(),
        found.name.clone().unwrap_or_default(),
        found.record.clone(),
        found.links.to_string(),
    ]
}
