//! What a test can set, to have the stand-in behave as the sender may.

use std::time::Duration;

use super::location::Millis;
use super::routes::Route;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// Counts begin again at the end of each window.
    Fixed,
    /// Each request counts for the length of a window.
    Sliding,
}

/// How a refusal says when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Absent,
    Seconds,
    Date,
}

/// Limits that are enforced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) requests: usize,
    pub(crate) window: Duration,
    pub(crate) kind: Window,
    /// How many requests of each window other programs use.
    pub(crate) others: usize,
    pub(crate) daily: usize,
    /// When the day is said to end, if it is said.
    pub(crate) day_ends: Option<Duration>,
    pub(crate) has_headers: bool,
    pub(crate) retry_after: RetryAfter,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 100,
            window: Duration::from_secs(10),
            kind: Window::Fixed,
            others: 0,
            daily: 200_000,
            day_ends: None,
            has_headers: true,
            retry_after: RetryAfter::Absent,
        }
    }
}

/// What goes wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is another one, with this status.
    Status(u16),
    /// The connection ends without one.
    Closed,
    /// It ends in the middle, before the length that it says.
    Cut,
    /// It stops in the middle, and the connection stays.
    Stalled,
    /// It is no JSON.
    Garbage,
    /// It never ends.
    Endless,
    /// So many spaces come before it.
    Padded(usize),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// Each with the percentage of the requests that it happens to.
    pub(crate) percent: Vec<(Fault, u64)>,
    /// The call that it happens to; any, if none is set.
    pub(crate) only: Option<Route>,
    /// What another status says of when to come again.
    pub(crate) retry_after: Option<Duration>,
}

/// What is wrong with the last row of each list of relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoiled {
    Nothing,
    /// It has no id.
    NoId,
    /// It is of another location.
    OtherLocation,
}

/// The proxy before the sender, which judges by the `User-Agent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    Open,
    ClosedToPython,
    Closed,
}

#[derive(Debug, Clone)]
pub(crate) struct Refusals {
    pub(crate) edge: Edge,
    /// The base URL that all requests are sent on to.
    pub(crate) redirect: Option<String>,
    /// Scopes that the token lacks.
    pub(crate) denied: Vec<&'static str>,
    /// Scopes by which nothing is found, as if there were nothing.
    pub(crate) blind: Vec<&'static str>,
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
    /// Enforced limits; without any, nothing is refused, and what would be is counted.
    pub(crate) limits: Option<Limits>,
    pub(crate) faults: Faults,
    pub(crate) refusals: Refusals,
    pub(crate) spoiled: Spoiled,
    /// The status of a thing that is not there, where it is read by its id.
    pub(crate) missing: u16,
    /// Whether answers are packed for clients that take it.
    pub(crate) packs: bool,
    /// Whether answers have a date.
    pub(crate) has_date: bool,
    /// How long each answer takes.
    pub(crate) latency: Duration,
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
            limits: None,
            faults: Faults::default(),
            refusals: Refusals {
                edge: Edge::ClosedToPython,
                redirect: None,
                denied: Vec::new(),
                blind: Vec::new(),
            },
            spoiled: Spoiled::Nothing,
            missing: 404,
            packs: false,
            has_date: true,
            latency: Duration::ZERO,
        }
    }
}
