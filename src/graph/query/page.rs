//! Pages of lists whose places only grow.

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the order the store first heard of them.
    pub items: Vec<T>,
    /// The place after which the next page continues, if there is one.
    pub next: Option<u32>,
}

impl<T> Page<T> {
    /// Takes up to `limit` items off a list, as long as there is room for each. Costs the
    /// page and a look at the item after it.
    pub(crate) fn take(
        list: impl Iterator<Item = T>,
        limit: usize,
        place: impl Fn(&T) -> u32,
        mut has_room: impl FnMut(&T) -> bool,
    ) -> Self {
        let mut items = Vec::new();
        for item in list {
            if items.len() == limit || !has_room(&item) {
                return Self { next: items.last().map(place), items };
            }
            items.push(item);
        }
        Self { items, next: None }
    }

    /// Converts each item.
    pub(super) fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next: self.next }
    }
}
