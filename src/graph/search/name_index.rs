//! The index of one location's records by name and id.

use std::sync::Arc;

use crate::graph::search::fold::Folded;
use crate::graph::search::records::Records;
use crate::graph::search::segment::Segment;

/// The records of one location by name, by the words of their names and by id.
///
/// Records are in segments, which are sorted and never change. Those that changed become a
/// segment of their own. One that is shorter than those after it together is merged with
/// them, so that there are few, and a record is moved no more often than their number. A
/// record counts in the segment that it came to last.
///
/// # Performance
///
/// A name costs its folded text and 8 bytes for each of its words; each record, 17 bytes.
#[derive(Debug, Default, Clone)]
pub(crate) struct NameIndex {
    segments: Vec<Arc<Segment>>,
    /// The segment of each record, by the record's number.
    latest: Vec<u8>,
    /// Number of segments that are part of a merge that was begun, or come before it.
    merging: usize,
}

/// Marks a record that is in no segment.
const NO_SEGMENT: u8 = u8::MAX;

/// Maximum number of segments while large merges wait to be done.
pub(super) const SEGMENTS_MAX: usize = 64;

/// Maximum number of records that an update merges: some milliseconds.
const SMALL_MERGE: usize = 1_024;

/// Segments that become one. See [`NameIndex::begin_merge`].
#[derive(Debug)]
pub(crate) struct Merge {
    first: usize,
    parts: Vec<Arc<Segment>>,
    latest: Vec<u8>,
}

/// What a [`Merge`] results in.
#[derive(Debug)]
pub(crate) struct Merged {
    first: usize,
    parts: Vec<Arc<Segment>>,
    segment: Arc<Segment>,
}

impl Merge {
    /// Merges the segments. Costs about two microseconds for each of their records.
    pub(crate) fn run(self, source: &impl Records) -> Merged {
        merge(self.first, self.parts, &self.latest, source)
    }
}

/// Merges segments, of which the first has this number.
fn merge(first: usize, parts: Vec<Arc<Segment>>, latest: &[u8], source: &impl Records) -> Merged {
    let is_live = |part: usize, record: u32| {
        latest.get(record as usize) == Some(&segment_number(first + part))
    };
    let segment = Arc::new(Segment::merge(&parts, is_live, source));
    Merged { first, parts, segment }
}

impl NameIndex {
    /// Returns the bytes of memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.latest.capacity() + self.segments.iter().map(|it| it.bytes()).sum::<usize>()
    }

    /// Takes the names that records have now: those of new records, and those that changed.
    /// Each record is named once.
    ///
    /// # Performance
    ///
    /// Costs about ten microseconds for each record that is given, and some milliseconds at
    /// most for what it merges. A longer merge is left to [`begin_merge`](Self::begin_merge)
    /// until there are too many segments; then it costs the whole index once.
    pub(crate) fn update<'n>(
        &mut self,
        names: impl IntoIterator<Item = (u32, Option<&'n str>)>,
        source: &impl Records,
    ) {
        let folded = |(record, name): (u32, Option<&str>)| {
            (name.map(Folded::new).unwrap_or_default(), record)
        };
        let rows: Vec<(Folded, u32)> = names.into_iter().map(folded).collect();
        if rows.is_empty() {
            return;
        }
        self.segments.push(Arc::new(Segment::build(&rows, source)));
        self.number_from(self.segments.len() - 1);
        let records_max = if self.segments.len() < SEGMENTS_MAX {
            SMALL_MERGE
        } else {
            // Whoever began one has not ended it.
            self.merging = 0;
            usize::MAX
        };
        let first = self.first_to_merge(self.merging, records_max);
        if let Some((first, parts)) = first.and_then(|at| Some((at, self.segments.get(at..)?))) {
            self.finish_merge(merge(first, parts.to_vec(), &self.latest, source));
        }
    }

    /// Returns a merge that is due, if there is one and none was begun before. Whoever takes
    /// it runs it, without keeping anyone waiting, and gives the result to
    /// [`finish_merge`](Self::finish_merge).
    pub(crate) fn begin_merge(&mut self) -> Option<Merge> {
        if self.merging > 0 {
            return None;
        }
        let first = self.first_to_merge(0, usize::MAX)?;
        self.merging = self.segments.len();
        let parts = self.segments.get(first..)?.to_vec();
        Some(Merge { first, parts, latest: self.latest.clone() })
    }

    /// Puts one segment in place of those that it was merged from. Costs a few nanoseconds
    /// for each of its records.
    pub(crate) fn finish_merge(&mut self, Merged { first, parts, segment }: Merged) {
        let range = first..first + parts.len();
        let these = self.segments.get(range.clone()).unwrap_or_default();
        if range.end == self.merging {
            self.merging = 0;
        }
        // They are others if the merge was overtaken by one of all segments.
        if these.len() == parts.len() && these.iter().zip(&parts).all(|(a, b)| Arc::ptr_eq(a, b)) {
            self.segments.splice(range, [segment]);
            self.number_from(first);
        }
    }

    pub(super) fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// Returns the number of the segment of each record.
    pub(super) fn latest(&self) -> &[u8] {
        &self.latest
    }

    /// Notes which records are in the segments from this one on.
    fn number_from(&mut self, first: usize) {
        for (number, segment) in self.segments.iter().enumerate().skip(first) {
            for &record in segment.records() {
                let at = record as usize;
                if self.latest.len() <= at {
                    self.latest.resize(at + 1, NO_SEGMENT);
                }
                if let Some(latest) = self.latest.get_mut(at) {
                    *latest = segment_number(number);
                }
            }
        }
    }

    /// Returns the first segment, but none of the first `after`, that is to be merged with
    /// all that follow, because they are longer together; they have no more records than
    /// this.
    fn first_to_merge(&self, after: usize, records_max: usize) -> Option<usize> {
        let (mut first, mut behind) = (None, 0);
        for (at, segment) in self.segments.iter().enumerate().skip(after).rev() {
            if behind + segment.len() > records_max {
                break;
            }
            if segment.len() < behind {
                first = Some(at);
            }
            behind += segment.len();
        }
        first
    }
}

/// Returns a segment's number, of which there are no more than bits in that of a record.
fn segment_number(at: usize) -> u8 {
    u8::try_from(at).unwrap_or(NO_SEGMENT)
}
