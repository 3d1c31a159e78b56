//! What a test can set, to have the stand-in behave as the sender may.

/// How many rows a page has at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageCap {
    pub(crate) rows: usize,
    /// Whether asking for more is refused with 422; otherwise fewer are given.
    pub(crate) refuses: bool,
}

impl PageCap {
    pub(crate) const fn clamped(rows: usize) -> Self {
        Self { rows, refuses: false }
    }

    pub(crate) const fn refused(rows: usize) -> Self {
        Self { rows, refuses: true }
    }
}

/// The caps of the calls that give pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageCaps {
    pub(crate) associations: PageCap,
    pub(crate) relations: PageCap,
    pub(crate) businesses: PageCap,
    pub(crate) records: PageCap,
    pub(crate) contacts: PageCap,
    pub(crate) opportunities: PageCap,
}

impl PageCaps {
    pub(crate) const fn all(cap: PageCap) -> Self {
        Self {
            associations: cap,
            relations: cap,
            businesses: cap,
            records: cap,
            contacts: cap,
            opportunities: cap,
        }
    }
}

/// The order of lists and searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Oldest,
    Newest,
}

/// What lists and searches say of how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Total {
    Exact,
    Absent,
    Null,
    Low,
    High,
    /// The number of rows of the page.
    Page,
    Zero,
    Random,
}

/// The shape of the associations of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Array,
    /// The first one alone.
    Object,
    Wrapped,
}

/// How searches end, and what they give to go on from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Searches {
    /// How far page numbers reach, in rows.
    pub(crate) window: usize,
    /// Whether rows carry a cursor.
    pub(crate) has_cursors: bool,
    /// Whether the last cursor gives the last page again, instead of an empty one.
    pub(crate) repeats_last: bool,
    /// Whether companies can be searched as records; otherwise they are listed alone.
    pub(crate) has_businesses: bool,
    /// The status of a search of records: 200 as documented, 201 as seen.
    pub(crate) status: u16,
}

/// All that can be set. The default is a sender that behaves.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) caps: PageCaps,
    pub(crate) order: Order,
    pub(crate) total: Total,
    pub(crate) shape: Shape,
    pub(crate) searches: Searches,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            caps: PageCaps {
                contacts: PageCap::refused(500),
                records: PageCap::refused(500),
                ..PageCaps::all(PageCap::refused(100))
            },
            order: Order::Oldest,
            total: Total::Exact,
            shape: Shape::Array,
            searches: Searches {
                window: 10_000,
                has_cursors: true,
                repeats_last: false,
                has_businesses: true,
                status: 201,
            },
        }
    }
}
