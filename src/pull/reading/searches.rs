//! The records of an object key, page by page.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::model::{ObjectKey, Timestamp};
use crate::pull::error::PullError;
use crate::pull::reading::definitions::{rows_of, too_long_or_else};
use crate::pull::reading::page_sizes::{Following, PageSizes};
use crate::pull::reading::paging::{PageAnswer, read_list};
use crate::pull::reading::rows::{RecordRow, checked_id};
use crate::pull::upstream::{Answer, Call, Client, SearchPlace};

/// Records that pages by number can reach.
const WINDOW: usize = 10_000;

/// How the records of an object key are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchKind {
    Records,
    Contacts,
    Opportunities,
}

impl SearchKind {
    /// Returns how records of an object key are found, or `None` if they cannot be listed.
    pub(crate) fn of(object: &str) -> Option<Self> {
        match object {
            "contact" => Some(Self::Contacts),
            "opportunity" => Some(Self::Opportunities),
            "business" => Some(Self::Records),
            _ => object.starts_with("custom_objects.").then_some(Self::Records),
        }
    }

    /// Returns the longest page to ask for.
    pub(crate) fn page_size(self) -> usize {
        match self {
            Self::Records | Self::Contacts => 500,
            Self::Opportunities => 100,
        }
    }
}

/// One page of a search, or all records at once.
#[derive(Debug)]
pub(crate) struct SearchPage {
    pub(crate) rows: Vec<RecordRow>,
    /// Number of rows, with those that are listed twice.
    got: usize,
    limit: usize,
    cursor: Option<Value>,
    pub(crate) total: Option<u64>,
    /// When it was read, by the sender's clock.
    pub(crate) at: Timestamp,
    /// Whether it has all records: companies that cannot be searched are listed instead.
    pub(crate) is_whole: bool,
}

/// Reads one page.
pub(crate) fn search_page(
    client: &Client,
    location: &str,
    object: &ObjectKey,
    sizes: &PageSizes,
    place: &SearchPlace,
) -> Result<SearchPage, PullError> {
    let key = object.as_str();
    loop {
        let limit = sizes.asked();
        let call = match SearchKind::of(key) {
            Some(SearchKind::Contacts) => Call::contact_search(location, limit, place),
            Some(SearchKind::Opportunities) => Call::opportunity_search(location, limit, place),
            _ => Call::record_search(location, key, limit, place),
        };
        let why = match client.fetch(&call)? {
            Answer::Found(json, at) => return page(&json, location, object, limit, at),
            Answer::Missing(_) => None,
            Answer::NotTaken(why) => Some(why),
        };
        match why.as_deref().map(|why| too_long_or_else::<()>(&call, why)) {
            Some(Ok(PageAnswer::TooLong(_))) if sizes.shorten(limit) => {}
            _ if key == "business" => return all_businesses(client, location, object),
            Some(Ok(PageAnswer::TooLong(error)) | Err(error)) => return Err(error),
            _ => return Err(missing(&call)),
        }
    }
}

fn missing(call: &Call) -> PullError {
    PullError::Missing(format!(
        "{} {} was answered with 404: the sender has no such list",
        call.method(),
        call.path
    ))
}

fn page(
    json: &Value,
    location: &str,
    object: &ObjectKey,
    limit: usize,
    at: Timestamp,
) -> Result<SearchPage, PullError> {
    let kind = SearchKind::of(object.as_str());
    let (member, meta) = match kind {
        Some(SearchKind::Contacts) => ("contacts", json),
        Some(SearchKind::Opportunities) => {
            ("opportunities", json.get("meta").unwrap_or(&Value::Null))
        }
        _ => ("records", json),
    };
    let rows = rows_of(json, member);
    let cursor = match kind {
        Some(SearchKind::Opportunities) => {
            let [after, id] = ["startAfter", "startAfterId"].map(|it| meta.get(it));
            let given = |it: &&Value| !it.is_null() && it.as_str() != Some("");
            after.filter(given).zip(id.filter(given)).map(|(after, id)| json!([after, id]))
        }
        _ => rows.last().and_then(|row| row.get("searchAfter")).cloned(),
    };
    let cursor = cursor.filter(|it| it.as_array().is_some_and(|parts| !parts.is_empty()));
    Ok(SearchPage {
        rows: rows.iter().map(|row| record(row, location, object)).collect::<Result<_, _>>()?,
        got: rows.len(),
        limit,
        cursor,
        total: meta.get("total").and_then(Value::as_u64),
        at,
        is_whole: false,
    })
}

fn record(row: &Value, location: &str, object: &ObjectKey) -> Result<RecordRow, PullError> {
    let id = checked_id(row, location)?.into();
    Ok(RecordRow { object: object.clone(), id, row: row.clone() })
}

/// Reads all companies, where they cannot be searched as records.
fn all_businesses(
    client: &Client,
    location: &str,
    object: &ObjectKey,
) -> Result<SearchPage, PullError> {
    let mut read_at = None;
    let sizes = PageSizes::new(100);
    let listing = read_list(&sizes, |skip, limit| {
        let call = Call::businesses(location, skip, limit);
        match client.fetch(&call)? {
            Answer::Found(json, at) => {
                read_at.get_or_insert(at);
                let rows = rows_of(&json, "businesses").iter();
                let rows = rows.map(|row| record(row, location, object));
                Ok(PageAnswer::Page { rows: rows.collect::<Result<_, _>>()?, total: None })
            }
            Answer::Missing(_) => Err(missing(&call)),
            Answer::NotTaken(why) => too_long_or_else(&call, &why),
        }
    })?;
    let got = listing.rows.len();
    Ok(SearchPage {
        rows: listing.rows,
        got,
        limit: got,
        cursor: None,
        total: Some(got as u64),
        at: read_at.unwrap_or_else(Timestamp::now),
        is_whole: true,
    })
}

/// How far a search has come.
#[derive(Debug)]
pub(crate) struct SearchProgress {
    /// Where the next page begins; `None` at the end.
    pub(crate) place: Option<SearchPlace>,
    /// Number of records found.
    pub(crate) found: usize,
    /// Why the rest cannot be read, if there is one.
    pub(crate) cut: Option<PullError>,
    seen: HashSet<Box<str>>,
    why: Following,
    pages: usize,
}

impl SearchProgress {
    /// Begins at the beginning.
    pub(crate) fn new() -> Self {
        Self::behind(SearchPlace::Page(1), 0)
    }

    /// Continues behind so many records.
    pub(crate) fn behind(place: SearchPlace, found: usize) -> Self {
        let place = Some(place);
        Self { place, found, cut: None, seen: HashSet::new(), why: Following::Full, pages: 0 }
    }

    /// Takes a page: returns the records that are new, and moves to where the next begins.
    /// If the sender gives no way to it, `cut` says so.
    pub(crate) fn take(
        &mut self,
        object: &ObjectKey,
        page: SearchPage,
        sizes: &PageSizes,
    ) -> Vec<RecordRow> {
        let SearchPage { mut rows, got, limit, cursor, total, is_whole, .. } = page;
        rows.retain(|row| self.seen.insert(row.id.as_str().into()));
        self.found += rows.len();
        let place = self.place.take();
        if self.pages > 0 {
            sizes.note(self.why, !rows.is_empty());
        }
        self.pages += 1;
        // A last page may carry a cursor, and be repeated behind it.
        if is_whole || rows.is_empty() {
            return rows;
        }
        self.why = sizes.after(got, limit, self.found, total);
        if self.why == Following::Nothing {
            return rows;
        }
        let is_full = self.why == Following::Full;
        // Opportunities say by the lack of a cursor that there are no more.
        let ends_so = SearchKind::of(object.as_str()) == Some(SearchKind::Opportunities);
        let is_shortened = !is_full && !ends_so && place == Some(SearchPlace::Page(1));
        let limit = if is_shortened && cursor.is_none() { got } else { limit };
        self.place = match (cursor, place) {
            (Some(cursor), Some(SearchPlace::After(last))) if cursor == last => None,
            (Some(cursor), _) => Some(SearchPlace::After(cursor)),
            (None, Some(SearchPlace::Page(_))) if ends_so && !is_full => None,
            (None, Some(SearchPlace::After(_)) | None) if ends_so || !is_full => None,
            (None, Some(SearchPlace::Page(page))) if (page + 1) * limit <= WINDOW => {
                // Where a second page begins depends on who shortened the first: it is asked
                // for by the length that the first one had.
                sizes.limit_to(limit);
                Some(SearchPlace::Page(page + 1))
            }
            (None, _) => {
                self.cut = Some(no_cursor(object));
                None
            }
        };
        rows
    }
}

fn no_cursor(object: &ObjectKey) -> PullError {
    PullError::Rejected(format!(
        "cannot read past {WINDOW} records of {object}: the sender gives no cursor"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pages {
        limit: usize,
        total: Option<u64>,
        repeats_last: bool,
        cursors: bool,
    }

    /// Searches so many records in pages of a server. Returns the records and the requests.
    fn search(records: usize, pages: &Pages) -> Result<(usize, usize), PullError> {
        let object = ObjectKey::from("custom_objects.pet");
        let sizes = PageSizes::new(500);
        let (mut progress, mut requests) = (SearchProgress::new(), 0);
        let mut found = 0;
        while let Some(place) = &progress.place {
            requests += 1;
            let start = match place {
                SearchPlace::Page(page) => (page - 1) * 500,
                SearchPlace::After(cursor) => cursor[1].to_string().parse::<usize>().unwrap() + 1,
            };
            let start =
                if pages.repeats_last { start.min(records.saturating_sub(1)) } else { start };
            let end = records.min(start + pages.limit);
            let rows: Vec<Value> = (start..end)
                .map(|row| {
                    let cursor = if pages.cursors { json!([7, row]) } else { Value::Null };
                    json!({"id": row.to_string(), "searchAfter": cursor})
                })
                .collect();
            let json = json!({"records": rows, "total": pages.total});
            let page = page(&json, "L", &object, 500, Timestamp::from_millis(0))?;
            found += progress.take(&object, page, &sizes).len();
            assert!(requests < 10_000, "it does not end");
        }
        assert_eq!(progress.found, found);
        progress.cut.map_or(Ok((found, requests)), Err)
    }

    #[test]
    fn all_records_are_found_once() {
        for records in [0, 1, 9, 30, 499, 500, 501, 1_000, 12_345] {
            for limit in [500, 100, 25] {
                for total in [None, Some(0), Some(records as u64), Some(99_999)] {
                    for repeats_last in [false, true] {
                        let pages = Pages { limit, total, repeats_last, cursors: true };
                        let (found, _) = search(records, &pages).unwrap();
                        assert_eq!(found, records, "{limit} {total:?} {repeats_last}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_search_takes_one_request_for_each_page_that_may_have_more() {
        for (records, requests) in [(0, 1), (5, 1), (499, 2), (500, 2), (501, 2), (1_000, 3)] {
            let total = Some(records as u64);
            let pages = Pages { limit: 500, total, repeats_last: false, cursors: true };
            assert_eq!(search(records, &pages).unwrap(), (records, requests));
        }
    }

    #[test]
    fn without_cursors_pages_are_numbered_as_far_as_that_goes() {
        let pages = Pages { limit: 500, total: None, repeats_last: false, cursors: false };
        assert_eq!(search(9_999, &pages).unwrap().0, 9_999);
        let error = search(10_001, &pages).unwrap_err().to_string();
        assert!(error.contains("cannot read past 10000 records of custom_objects.pet"), "{error}");
    }

    /// A sender that shortens pages, and counts them by its own length or by what is asked.
    #[test]
    fn shortened_pages_without_cursors_are_followed() {
        let object = ObjectKey::from("custom_objects.pet");
        for (records, cap, by_own) in [(0, 100, true), (9, 100, true), (37, 100, true)]
            .into_iter()
            .chain([100, 101, 1_234].into_iter().flat_map(|records| {
                [(records, 100, true), (records, 100, false), (records, 30, false)]
            }))
        {
            for total in [None, Some(records as u64), Some(99_999)] {
                let sizes = PageSizes::new(500);
                let mut progress = SearchProgress::new();
                while let Some(SearchPlace::Page(number)) = progress.place {
                    let limit = sizes.asked();
                    let size = if by_own { limit.min(cap) } else { limit };
                    let start = ((number - 1) * size).min(records);
                    let end = records.min(start + limit.min(cap));
                    let rows: Vec<Value> =
                        (start..end).map(|row| json!({"id": row.to_string()})).collect();
                    let json = json!({"records": rows, "total": total});
                    let page = page(&json, "L", &object, limit, Timestamp::from_millis(0));
                    progress.take(&object, page.unwrap(), &sizes);
                }
                assert_eq!(progress.found, records, "{cap} {by_own} {total:?}");
                assert!(progress.cut.is_none());
            }
        }
    }

    #[test]
    fn opportunities_end_where_no_cursor_is_given() {
        let object = ObjectKey::from("opportunity");
        let sizes = PageSizes::new(100);
        let mut progress = SearchProgress::new();
        let rows: Vec<Value> = (0..100).map(|row| json!({"id": row.to_string()})).collect();
        let meta = json!({"total": null, "startAfter": 7, "startAfterId": "99"});
        let read = |meta: &Value, rows: &[Value]| {
            let json = json!({"opportunities": rows, "meta": meta});
            page(&json, "L", &object, 100, Timestamp::from_millis(0)).unwrap()
        };
        progress.take(&object, read(&meta, &rows), &sizes);
        assert_eq!(progress.place, Some(SearchPlace::After(json!([7, "99"]))));
        // The last page carries a cursor, and is repeated behind it.
        progress.take(&object, read(&meta, &rows), &sizes);
        assert_eq!(progress.place, None);
    }
}
