//! What a test can set, to have the stand-in behave as the sender may.

use std::time::Duration;

use super::location::Millis;

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

/// The relations in the rows of searches of records and opportunities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Embedded {
    Full,
    /// Some are missing.
    Short,
    /// None has the id of a relation.
    WithoutIds,
    /// Each has the id of the record in place of that of the relation.
    WithWrongIds,
    /// The list is empty.
    Empty,
    /// There is no list.
    Absent,
    /// They are as of a moment.
    AsOf(Millis),
}

/// What happens to a list with `skip` before a page that is not its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    /// Rows go from its front to its end.
    Turn,
    /// The relations at its front are deleted.
    Go,
    /// Relations like the first one are made.
    Come,
}

/// Lists that slip while they are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slips {
    pub(crate) kind: Slip,
    pub(crate) rows: usize,
    /// How often one list does it.
    pub(crate) times: usize,
}

/// How webhooks reach the receiver, or do not.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// Where to; they wait until it is set.
    pub(crate) url: Option<String>,
    pub(crate) dated: bool,
    /// How late they are at most.
    pub(crate) delay: Duration,
    pub(crate) lost_percent: u64,
    /// Whether links between companies and contacts have any.
    pub(crate) of_companies: bool,
    /// Whether the relations that go with a record or an association have their own.
    pub(crate) cascades: bool,
}

/// All that can be set. The default is a sender that behaves.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) caps: PageCaps,
    pub(crate) order: Order,
    pub(crate) total: Total,
    pub(crate) shape: Shape,
    pub(crate) searches: Searches,
    /// What is left to chance follows from it.
    pub(crate) seed: u64,
    /// How old lists and searches are, and how old reads by id.
    pub(crate) lag: Duration,
    pub(crate) direct_lag: Duration,
    /// Of how many records of a hundred the lists of several associations lose rows.
    pub(crate) mixed_loss_percent: u64,
    pub(crate) embedded: Embedded,
    pub(crate) slips: Slips,
    pub(crate) webhooks: Delivery,
    /// After how many requests the first location changes at random; 0 for never.
    pub(crate) churn_every: usize,
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
            seed: 1,
            lag: Duration::ZERO,
            direct_lag: Duration::ZERO,
            mixed_loss_percent: 0,
            embedded: Embedded::Full,
            slips: Slips { kind: Slip::Turn, rows: 1, times: 0 },
            webhooks: Delivery {
                url: None,
                dated: true,
                delay: Duration::ZERO,
                lost_percent: 0,
                of_companies: false,
                cascades: false,
            },
            churn_every: 0,
        }
    }
}
