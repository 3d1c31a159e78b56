//! Reading a list by `skip` and `limit` while rows come and go: each page repeats the last row
//! of the one before, which shows whether the list has moved.

use std::collections::HashSet;

use crate::pull::error::PullError;
use crate::pull::reading::page_sizes::{Following, PageSizes};

/// How often a list that moves is read again.
const READINGS_AGAIN: u32 = 3;

/// A row of a list.
pub(crate) trait ListRow {
    /// Returns its id.
    fn id(&self) -> &str;
}

/// An answer to a request for a page.
#[derive(Debug)]
pub(crate) enum PageAnswer<T> {
    Page {
        rows: Vec<T>,
        total: Option<u64>,
    },
    /// The sender does not take this page size: the error if there is no smaller one.
    TooLong(PullError),
    /// There is no such list.
    Missing,
}

/// A list as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listing<T> {
    pub(crate) rows: Vec<T>,
    /// False if it moved each time it was read: rows may be missing.
    pub(crate) is_stable: bool,
}

enum Pass<T> {
    Whole(Vec<T>),
    Missing,
    /// It moved: the rows seen until then.
    Moved(Vec<T>),
}

/// Reads a whole list, with `fetch(skip, limit)`.
pub(crate) fn read_list<T: ListRow>(
    sizes: &PageSizes,
    mut fetch: impl FnMut(usize, usize) -> Result<PageAnswer<T>, PullError>,
) -> Result<Listing<T>, PullError> {
    let mut union: Vec<T> = Vec::new();
    for _ in 0..=READINGS_AGAIN {
        match read_once(sizes, &mut fetch)? {
            Pass::Whole(rows) => {
                return Ok(Listing { rows, is_stable: true });
            }
            Pass::Missing => {
                return Ok(Listing { rows: union, is_stable: true });
            }
            Pass::Moved(rows) => union.extend(rows),
        }
    }
    let mut seen = HashSet::new();
    union.retain(|row| seen.insert(row.id().to_owned()));
    Ok(Listing { rows: union, is_stable: false })
}

/// Reads a list to its end. Where it has moved, the pages behind are read all the same: the
/// union of several readings needs them.
fn read_once<T: ListRow>(
    sizes: &PageSizes,
    fetch: &mut impl FnMut(usize, usize) -> Result<PageAnswer<T>, PullError>,
) -> Result<Pass<T>, PullError> {
    let mut held: Vec<T> = Vec::new();
    let mut ids: HashSet<String> = HashSet::new();
    let (mut skip, mut why, mut has_moved) = (0, Following::Full, false);
    loop {
        let limit = sizes.asked();
        let (rows, total) = match fetch(skip, limit)? {
            PageAnswer::Page { rows, total } => (rows, total),
            PageAnswer::TooLong(_) if sizes.shorten(limit) => continue,
            PageAnswer::TooLong(error) => return Err(error),
            PageAnswer::Missing => return Ok(Pass::Missing),
        };
        let (got, before) = (rows.len(), held.len());
        has_moved |= held
            .last()
            .is_some_and(|last| rows.first().is_none_or(|first| first.id() != last.id()));
        held.extend(rows.into_iter().filter(|row| ids.insert(row.id().to_owned())));
        if before > 0 {
            sizes.note(why, got > 1);
        }
        let is_known = before > 0 && got > 1 && held.len() == before;
        has_moved |= is_known;
        why = sizes.after(got, limit, held.len(), total);
        let repeated = usize::from(before > 0);
        if got <= repeated || is_known || why == Following::Nothing {
            return Ok(if has_moved { Pass::Moved(held) } else { Pass::Whole(held) });
        }
        skip += got - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl ListRow for String {
        fn id(&self) -> &str {
            self
        }
    }

    /// A list of a server: what it caps pages at, and how it answers.
    struct Served {
        rows: Vec<String>,
        cap: usize,
        refuses: bool,
        total: fn(usize, usize) -> Option<u64>,
        requests: usize,
    }

    impl Served {
        fn of(rows: usize) -> Self {
            let rows = (0..rows).map(|row| format!("r{row}")).collect();
            Self { rows, cap: 100, refuses: false, total: |_, _| None, requests: 0 }
        }

        fn page(&mut self, skip: usize, limit: usize) -> PageAnswer<String> {
            self.requests += 1;
            if self.refuses && limit > self.cap {
                return PageAnswer::TooLong(PullError::Rejected("limit".to_owned()));
            }
            let rows: Vec<String> =
                self.rows.iter().skip(skip).take(limit.min(self.cap)).cloned().collect();
            let total = (self.total)(self.rows.len(), rows.len());
            PageAnswer::Page { rows, total }
        }

        fn read(&mut self, sizes: &PageSizes) -> Listing<String> {
            read_list(sizes, |skip, limit| Ok(self.page(skip, limit))).unwrap()
        }
    }

    const TOTALS: [fn(usize, usize) -> Option<u64>; 6] = [
        |_, _| None,
        |all, _| Some(all as u64),
        |all, _| Some(all as u64 / 2),
        |all, _| Some(all as u64 * 2 + 1),
        |_, page| Some(page as u64),
        |_, _| Some(0),
    ];

    #[test]
    fn every_row_is_read_whatever_the_cap_and_the_total() {
        for total in TOTALS {
            for cap in [100, 50, 30, 25, 10] {
                let sizes = PageSizes::new(100);
                // The first list is longer than a page, as that of most records is not.
                for rows in [250, 0, 1, 9, 10, 25, 26, 99, 100, 101, 199, 200, 1_000] {
                    let mut served = Served { cap, total, ..Served::of(rows) };
                    let listing = served.read(&sizes);
                    assert_eq!(listing.rows, served.rows, "{rows} rows, cap {cap}");
                    assert!(listing.is_stable);
                }
            }
        }
    }

    #[test]
    fn a_list_of_one_page_takes_one_request() {
        let sizes = PageSizes::new(100);
        for (rows, requests) in [(100, 2), (150, 2), (0, 1), (1, 1), (99, 1)] {
            let mut served = Served { total: |all, _| Some(all as u64), ..Served::of(rows) };
            served.read(&sizes);
            assert_eq!(served.requests, requests, "{rows}");
        }
    }

    #[test]
    fn a_page_size_that_is_refused_is_lowered() {
        let sizes = PageSizes::new(100);
        let mut served = Served { cap: 30, refuses: true, ..Served::of(77) };
        assert_eq!(served.read(&sizes).rows, served.rows);
        assert_eq!(sizes.asked(), 25);
        served.cap = 10;
        let read = read_list(&sizes, |skip, limit| Ok(served.page(skip, limit)));
        assert!(matches!(read, Err(PullError::Rejected(_))));
    }

    #[test]
    fn rows_that_slip_between_two_pages_are_found_by_reading_again() {
        let sizes = PageSizes::new(50);
        let mut served = Served { cap: 50, ..Served::of(300) };
        let whole = served.rows.clone();
        let listing = read_list(&sizes, |skip, limit| {
            if served.requests == 2 {
                served.rows.remove(3);
            }
            Ok(served.page(skip, limit))
        })
        .unwrap();
        assert!(listing.is_stable);
        assert_eq!(listing.rows.len(), 299);
        assert!(listing.rows.iter().all(|row| whole.contains(row)));
    }

    #[test]
    fn a_list_that_always_moves_is_the_union_of_its_readings() {
        let sizes = PageSizes::new(50);
        let mut served = Served { cap: 50, ..Served::of(300) };
        let mut made = 0;
        let listing = read_list(&sizes, |skip, limit| {
            made += 1;
            served.rows.insert(0, format!("new{made}"));
            Ok(served.page(skip, limit))
        })
        .unwrap();
        assert!(!listing.is_stable);
        let mut ids: Vec<_> = listing.rows.iter().collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), listing.rows.len(), "rows are repeated");
        for row in 0..300 {
            assert!(listing.rows.contains(&format!("r{row}")), "{row} was there throughout");
        }
    }

    #[test]
    fn a_server_that_ignores_the_offset_ends() {
        let sizes = PageSizes::new(100);
        let mut served = Served::of(500);
        let listing = read_list(&sizes, |_, limit| Ok(served.page(0, limit))).unwrap();
        assert!(!listing.is_stable && listing.rows.len() == 100);
    }
}
