//! Pages of lists whose places only grow.

use crate::graph::query::budget::Budget;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the order the store first heard of them.
    pub items: Vec<T>,
    /// The place after which the next page continues, if there is one.
    pub next: Option<u32>,
}

impl<T> Page<T> {
    /// Takes up to `limit` items off a list of rows, each with its place, of which some are
    /// no items. `write` counts an item as a row of the answer and returns whether there was
    /// room for it. Charges each row that it looks at: those of the page, and those up to the
    /// next item. If the budget ends it, the next page continues after the last row looked
    /// at, so that every page gets somewhere.
    pub(crate) fn take<R>(
        rows: impl Iterator<Item = (u32, R)>,
        after: Option<u32>,
        limit: usize,
        budget: &mut Budget<'_>,
        item: impl Fn(R) -> Option<T>,
        write: impl Fn(&T, &mut Budget<'_>) -> bool,
    ) -> Self {
        let (mut items, mut last) = (Vec::new(), after);
        for (place, row) in rows {
            if !budget.charge(1) {
                return Self { items, next: last };
            }
            if let Some(item) = item(row) {
                if items.len() == limit || !write(&item, budget) {
                    return Self { items, next: last };
                }
                items.push(item);
            }
            last = Some(place);
        }
        Self { items, next: None }
    }
}
