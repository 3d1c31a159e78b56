//! How long pages are, and whether another one follows: neither the total that the sender
//! gives nor a short page is trusted.

use std::sync::{Mutex, MutexGuard};

use crate::sync::IgnorePoison;

/// Sizes that are tried one after another where the sender refuses a longer page.
const SIZES: [usize; 5] = [500, 100, 50, 25, 20];

/// Shortest page that may be one that the sender has cut.
const CUT_MIN: usize = 10;

/// How often a suspicion may prove wrong before it is dropped.
const WRONG_MAX: u32 = 3;

/// What is known about the pages of one kind of list. Threads share it.
#[derive(Debug)]
pub(crate) struct PageSizes(Mutex<Sizes>);

#[derive(Debug)]
struct Sizes {
    asked: usize,
    longest: usize,
    /// The page size of the sender, which is shorter than what is asked for.
    cut: Option<usize>,
    /// Pages of `longest` rows behind which there was nothing.
    nothing_behind: u32,
    /// How often a total announced more than there was.
    wrong_totals: u32,
}

/// Whether a page follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Following {
    /// The page was full.
    Full,
    /// The total announces more.
    Announced,
    /// The sender may have cut a page that is as long as this.
    PerhapsCut(usize),
    /// It was the last page.
    Nothing,
}

impl PageSizes {
    /// Asks for pages of this size, as long as the sender takes it.
    pub(crate) fn new(asked: usize) -> Self {
        let sizes = Sizes { asked, longest: 0, cut: None, nothing_behind: 0, wrong_totals: 0 };
        Self(Mutex::new(sizes))
    }

    /// Returns the size to ask for.
    pub(crate) fn asked(&self) -> usize {
        self.lock().asked
    }

    /// Asks for shorter pages from now on, since this size was refused. Returns whether there
    /// is a shorter one.
    pub(crate) fn shorten(&self, refused: usize) -> bool {
        let mut sizes = self.lock();
        if sizes.asked < refused {
            return true; // Another thread has done it.
        }
        let shorter = SIZES.into_iter().find(|size| *size < refused);
        shorter.inspect(|size| sizes.asked = *size).is_some()
    }

    /// Asks for pages of this size at most from now on.
    pub(crate) fn limit_to(&self, most: usize) {
        let mut sizes = self.lock();
        sizes.asked = sizes.asked.min(most.max(1));
    }

    /// Decides whether to ask for another page after one of `rows` rows, of `limit` asked for,
    /// with which `held` rows of the list are known.
    pub(crate) fn after(
        &self,
        rows: usize,
        limit: usize,
        held: usize,
        total: Option<u64>,
    ) -> Following {
        let mut sizes = self.lock();
        let longest_before = sizes.longest;
        if rows > sizes.longest {
            sizes.longest = rows;
            sizes.nothing_behind = 0;
        }
        let is_full = rows >= limit || sizes.cut.is_some_and(|cut| rows >= cut);
        let announces = total.is_some_and(|total| total > held as u64);
        if is_full {
            Following::Full
        } else if rows > 0 && announces && sizes.wrong_totals < WRONG_MAX {
            Following::Announced
        } else if rows >= CUT_MIN && rows >= longest_before && sizes.nothing_behind < WRONG_MAX {
            Following::PerhapsCut(rows)
        } else {
            Following::Nothing
        }
    }

    /// Notes whether there were rows behind a page.
    pub(crate) fn note(&self, why: Following, found: bool) {
        let mut sizes = self.lock();
        match why {
            Following::Announced if !found => sizes.wrong_totals += 1,
            Following::PerhapsCut(rows) if found => sizes.cut = Some(rows),
            Following::PerhapsCut(rows) if rows == sizes.longest => sizes.nothing_behind += 1,
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sizes> {
        self.0.lock().ignore_poison()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_is_followed_and_a_short_one_ends() {
        let sizes = PageSizes::new(100);
        assert_eq!(sizes.after(100, 100, 100, Some(100)), Following::Full);
        assert_eq!(sizes.after(40, 100, 140, None), Following::Nothing);
        assert_eq!(sizes.after(0, 100, 140, Some(900)), Following::Nothing);
        assert_eq!(sizes.after(9, 100, 9, Some(9)), Following::Nothing);
    }

    #[test]
    fn a_total_that_was_wrong_three_times_announces_nothing() {
        let sizes = PageSizes::new(100);
        for _ in 0..3 {
            assert_eq!(sizes.after(3, 100, 3, Some(7)), Following::Announced);
            sizes.note(Following::Announced, false);
        }
        assert_eq!(sizes.after(3, 100, 3, Some(7)), Following::Nothing);
    }

    #[test]
    fn a_page_that_is_cut_short_becomes_the_size_of_pages() {
        let sizes = PageSizes::new(100);
        assert_eq!(sizes.after(25, 100, 25, Some(25)), Following::PerhapsCut(25));
        sizes.note(Following::PerhapsCut(25), true);
        assert_eq!(sizes.after(25, 100, 50, Some(25)), Following::Full);
        assert_eq!(sizes.after(24, 100, 74, None), Following::Nothing);
        // What is known stays known.
        sizes.note(Following::Full, false);
        assert_eq!(sizes.after(25, 100, 25, None), Following::Full);
    }

    #[test]
    fn a_page_that_only_looks_cut_is_no_size() {
        let sizes = PageSizes::new(100);
        for _ in 0..3 {
            assert_eq!(sizes.after(12, 100, 12, None), Following::PerhapsCut(12));
            sizes.note(Following::PerhapsCut(12), false);
        }
        assert_eq!(sizes.after(12, 100, 12, None), Following::Nothing);
        assert_eq!(sizes.after(11, 100, 11, None), Following::Nothing);
        // A longer one raises the question again.
        assert_eq!(sizes.after(30, 100, 30, None), Following::PerhapsCut(30));
    }

    #[test]
    fn sizes_that_are_refused_shrink_to_the_smallest() {
        let sizes = PageSizes::new(500);
        let mut asked = vec![sizes.asked()];
        while sizes.shorten(sizes.asked()) {
            asked.push(sizes.asked());
        }
        assert_eq!(asked, [500, 100, 50, 25, 20]);
        // A thread that asked before another shortened them.
        assert!(sizes.shorten(100));
        assert_eq!(sizes.asked(), 20);
    }
}
