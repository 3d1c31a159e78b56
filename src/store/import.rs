//! Bulk reading of NDJSON: one transaction for thousands of lines, and a second
//! reading of the same lines adds nothing.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::iter::repeat;
use std::sync::mpsc::{Receiver, sync_channel};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::journal::ImportMark;
use crate::model::Seq;
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::name_limits::LimitReached;
use crate::store::store::Store;
use crate::store::writer::command::Command;
use crate::store::writer::import_marks::{Answer, ImportChunk};
use crate::webhook::{Decoded, strip_bom};

/// The longest line, in bytes: that of a webhook's body and a little envelope.
const LINE_BYTES: u64 = (256 << 10) + 1024;

/// Lines handed to the writer at once. Must never be made smaller, nor may the bytes
/// below: an import that an earlier version began would not be recognised.
const CHUNK_LINES: usize = 4_096;

/// Bytes of those lines, but for one more line.
const CHUNK_BYTES: usize = 4 << 20;

const BUFFER_BYTES: usize = 64 << 10;

/// Whether lines of a location are taken.
type Admits<'s> = Box<dyn Fn(Option<&str>) -> bool + 's>;

/// An import that has not begun; see [`Store::import`].
pub struct Import<'s> {
    store: &'s Store,
    admits: Admits<'s>,
    unpacked_bytes: u64,
}

impl std::fmt::Debug for Import<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import")
            .field("unpacked_bytes", &self.unpacked_bytes)
            .finish_non_exhaustive()
    }
}

/// How many lines came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Lines in all, blank ones left out.
    pub lines: u64,
    /// The thing that the event speaks of is as it says from now on.
    pub applied: u64,
    /// The thing was that way already.
    pub unchanged: u64,
    /// Something newer is known of the thing.
    pub stale: u64,
    /// The event was accepted before: as a delivery of the same id, or by an
    /// import of the same lines.
    pub duplicate: u64,
    /// No part of the graph depends on events of its type.
    pub ignored: u64,
    /// The line cannot be used.
    pub refused: u64,
}

/// What became of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedLine<'l> {
    /// Its number; the first line is 1, and blank ones count.
    pub number: u64,
    /// What became of it.
    pub fate: LineOutcome<'l>,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOutcome<'l> {
    /// It is on disk, or need not be.
    Accepted {
        /// What became of the event.
        status: Status,
        /// Its position in the journal; a duplicate's is that of the first, where
        /// that one's id is known; an ignored one has none unless it was kept.
        seq: Option<Seq>,
    },
    /// It cannot be used.
    Refused(&'l LineRefusal),
}

/// Why a line cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRefusal {
    /// `malformed_json`, `invalid_event` or that of a [limit](LimitReached::code), as of
    /// a webhook; `body_too_large` of a line longer than 257 KiB; `forbidden` of a location
    /// that is not admitted.
    pub code: &'static str,
    /// The member to blame, if it is one.
    pub field: Option<&'static str>,
    /// What is wrong with it.
    pub detail: String,
    /// The line, or its beginning if it is too long.
    pub line: Vec<u8>,
}

impl LineRefusal {
    fn limit_reached(reached: &LimitReached, delivery: Option<&Delivery>) -> Self {
        let line = delivery.map_or_else(Vec::new, |delivery| delivery.body.as_bytes().to_vec());
        Self { code: reached.code(), field: reached.field, detail: reached.to_string(), line }
    }
}

/// Why an import ended early. Every line that was told of before is on disk; the
/// same import, begun anew, goes on behind them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The input cannot be read, or not be unpacked.
    #[error("cannot read the lines: {0}")]
    Read(#[source] io::Error),
    /// What was told of a line cannot be taken down.
    #[error("cannot write what became of a line: {0}")]
    Tell(#[source] io::Error),
    /// There is more than was asked for at most.
    #[error("unpacked there are more than {limit} bytes")]
    TooLarge {
        /// How many were asked for, in bytes.
        limit: u64,
    },
    /// The store cannot write.
    #[error(transparent)]
    Ingest(#[from] IngestError),
}

impl Store {
    /// Reads many events, one a line.
    ///
    /// A transaction holds up to 4,096 lines, 256 while other deliveries come, and notes in the
    /// journal how far the import has come. So one that was broken off, by a crash
    /// or an error, is begun anew with the same input: the lines that it had
    /// brought are duplicates then, also those of events that carry no id of their
    /// own; as they are when a file is imported twice, or again after it has grown.
    /// The last 65,536 transactions of imports are remembered. To say the same
    /// again on purpose, [`ingest`](Self::ingest) it. Behind a line that was refused for a
    /// [limit](crate::store::name_limits::NameLimits) nothing is noted, so that the same input brings it in
    /// once the limit is raised; what carries no id of its own comes in again with it.
    ///
    /// ```
    /// use relata::{LineOutcome, Status, Store};
    ///
    /// let store = Store::in_memory()?;
    /// let file = br#"{"type":"ContactDelete","id":"amara","locationId":"eHy2"}
    /// {"type":"ContactDelete","locationId":"eHy2"}"#;
    /// let counts = store.import().read(&file[..], |line| {
    ///     if let LineOutcome::Refused(why) = line.fate {
    ///         assert_eq!((line.number, why.field), (2, Some("id")));
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!((counts.lines, counts.applied, counts.refused), (2, 1, 1));
    /// let again = store.import().read(&file[..], |_| Ok(()))?;
    /// assert_eq!((again.duplicate, store.head()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import(&self) -> Import<'_> {
        Import { store: self, admits: Box::new(|_| true), unpacked_bytes: u64::MAX - 1 }
    }
}

impl<'s> Import<'s> {
    /// Refuses lines of locations that this does not admit; it is asked about
    /// nothing where an event of an ignored type tells no location.
    #[must_use]
    pub fn of_locations(self, admits: impl Fn(Option<&str>) -> bool + 's) -> Self {
        Self { admits: Box::new(admits), ..self }
    }

    /// Ends with [`ImportError::TooLarge`] at more than this many bytes, counted
    /// after unpacking.
    #[must_use]
    pub fn at_most(self, bytes: u64) -> Self {
        Self { unpacked_bytes: bytes.min(u64::MAX - 1), ..self }
    }

    /// Reads lines, plain or gzip, to the end, and has `each` called with what
    /// became of each, in order, once it is on disk and every question sees it.
    ///
    /// Lines are read and decoded while those before them are written. Memory: two
    /// transactions, about 25 MB. Other deliveries are taken between two of them.
    pub fn read(
        self,
        input: impl Read,
        each: impl FnMut(ImportedLine<'_>) -> io::Result<()>,
    ) -> Result<ImportCounts, ImportError> {
        let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
        let mut magic = Vec::with_capacity(2);
        (&mut input).take(2).read_to_end(&mut magic).map_err(ImportError::Read)?;
        let is_gzip = magic == [0x1f, 0x8b];
        let input = Cursor::new(magic).chain(input);
        let reading = Reading {
            mark: Sha256::digest(b"relata import").into(),
            chunk: Chunk::default(),
            written: None,
            counts: ImportCounts::default(),
            is_whole: true,
            import: self,
            each,
        };
        if is_gzip {
            reading.lines(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(input)))
        } else {
            reading.lines(input)
        }
    }
}

/// Lines that are written as one transaction.
#[derive(Default)]
struct Chunk {
    lines: Vec<Line>,
    bytes: usize,
    /// Of the lines that go into the journal, in order, and the mark each comes to.
    deliveries: Vec<Delivery>,
    marks: Vec<ImportMark>,
}

struct Line {
    number: u64,
    found: ParsedLine,
}

enum ParsedLine {
    Kept,
    Ignored,
    Refused(Box<LineRefusal>),
}

/// What became of the lines that the writer had, and, where some were refused, all of
/// them.
struct Reading<'s, E> {
    import: Import<'s>,
    each: E,
    /// A hash of every line so far that goes into the journal: so one that is
    /// refused now and accepted another time is not taken for known.
    mark: ImportMark,
    chunk: Chunk,
    /// Lines that the writer has now.
    written: Option<(Vec<Line>, Receiver<Answer>)>,
    counts: ImportCounts,
    /// Whether no line was refused of which the mark says that it was taken.
    is_whole: bool,
}

impl<E: FnMut(ImportedLine<'_>) -> io::Result<()>> Reading<'_, E> {
    fn lines(mut self, input: impl BufRead) -> Result<ImportCounts, ImportError> {
        let limit = self.import.unpacked_bytes;
        let mut input = input.take(limit + 1);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = (&mut input).take(LINE_BYTES + 1).read_until(b'\n', &mut line);
            let read = read.map_err(ImportError::Read)? as u64;
            let is_too_long = read > LINE_BYTES && line.last() != Some(&b'\n');
            if is_too_long {
                input.skip_until(b'\n').map_err(ImportError::Read)?;
            }
            if input.limit() == 0 {
                return Err(ImportError::TooLarge { limit });
            }
            if read == 0 {
                break;
            }
            // Also where files that begin with a mark were joined.
            let text = strip_bom(&line).trim_ascii();
            if is_too_long {
                let detail = format!("the line is longer than {LINE_BYTES} bytes");
                self.refuse(number, "body_too_large", None, detail, &line);
            } else if !text.is_empty() {
                self.line(number, text);
            }
            if self.chunk.lines.len() >= CHUNK_LINES || self.chunk.bytes >= CHUNK_BYTES {
                self.write()?;
            }
        }
        self.write()?;
        self.tell()?;
        Ok(self.counts)
    }

    fn line(&mut self, number: u64, line: &[u8]) {
        let delivery = match Delivery::read(line, None, None) {
            Ok(delivery) => delivery,
            Err(error) => {
                return self.refuse(number, error.code(), error.field(), error.to_string(), line);
            }
        };
        let location = match delivery.decoded() {
            Decoded::Event(event) => Some(&event.location),
            Decoded::Ignored { location, .. } => location.as_ref(),
        };
        if !(self.import.admits)(location.map(AsRef::as_ref)) {
            let detail = "lines of this location are not admitted".to_owned();
            return self.refuse(number, "forbidden", Some("locationId"), detail, line);
        }
        self.chunk.bytes += line.len();
        if !self.import.store.is_stored(&delivery) {
            return self.chunk.lines.push(Line { number, found: ParsedLine::Ignored });
        }
        self.mark = Sha256::new().chain_update(self.mark).chain_update(line).finalize().into();
        self.chunk.lines.push(Line { number, found: ParsedLine::Kept });
        self.chunk.deliveries.push(delivery);
        self.chunk.marks.push(self.mark);
    }

    fn refuse(
        &mut self,
        number: u64,
        code: &'static str,
        field: Option<&'static str>,
        detail: String,
        line: &[u8],
    ) {
        self.chunk.bytes += line.len();
        let refusal = LineRefusal { code, field, detail, line: line.to_vec() };
        self.chunk.lines.push(Line { number, found: ParsedLine::Refused(Box::new(refusal)) });
    }

    /// Hands the lines read to the writer, once it is done with those before.
    fn write(&mut self) -> Result<(), ImportError> {
        self.tell()?;
        let Chunk { lines, deliveries, marks, .. } = std::mem::take(&mut self.chunk);
        let (reply, taken) = sync_channel(1);
        let chunk = ImportChunk::new(deliveries, marks, self.is_whole, reply);
        self.import.store.send(Command::Import(Box::new(chunk)))?;
        self.written = Some((lines, taken));
        Ok(())
    }

    /// Waits for the writer and tells what became of the lines that it had.
    fn tell(&mut self) -> Result<(), ImportError> {
        let Some((lines, taken)) = self.written.take() else { return Ok(()) };
        let (taken, deliveries) = taken.recv().map_err(|_| self.import.store.unavailable())??;
        let mut taken = taken.into_iter().zip(deliveries.iter().map(Some).chain(repeat(None)));
        for Line { number, found } in &lines {
            let limited;
            let fate = match found {
                ParsedLine::Refused(refusal) => LineOutcome::Refused(refusal),
                ParsedLine::Ignored => LineOutcome::Accepted { status: Status::Ignored, seq: None },
                ParsedLine::Kept => {
                    match taken.next().ok_or_else(|| self.import.store.unavailable())? {
                        (Ok((status, seq)), _) => LineOutcome::Accepted { status, seq },
                        (Err(reached), delivery) => {
                            self.is_whole = false;
                            limited = LineRefusal::limit_reached(&reached, delivery);
                            LineOutcome::Refused(&limited)
                        }
                    }
                }
            };
            self.counts.add(fate);
            (self.each)(ImportedLine { number: *number, fate }).map_err(ImportError::Tell)?;
        }
        Ok(())
    }
}

impl std::ops::AddAssign for ImportCounts {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.applied += other.applied;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
        self.duplicate += other.duplicate;
        self.ignored += other.ignored;
        self.refused += other.refused;
    }
}

impl ImportCounts {
    /// The counts by the names of their statuses.
    pub fn named(&self) -> [(&'static str, u64); 6] {
        let &Self { applied, unchanged, stale, duplicate, ignored, refused, .. } = self;
        [
            (Status::Applied.as_str(), applied),
            (Status::Unchanged.as_str(), unchanged),
            (Status::Stale.as_str(), stale),
            (Status::Duplicate.as_str(), duplicate),
            (Status::Ignored.as_str(), ignored),
            ("refused", refused),
        ]
    }

    fn add(&mut self, fate: LineOutcome<'_>) {
        self.lines += 1;
        *match fate {
            LineOutcome::Refused(_) => &mut self.refused,
            LineOutcome::Accepted { status: Status::Applied, .. } => &mut self.applied,
            LineOutcome::Accepted { status: Status::Unchanged, .. } => &mut self.unchanged,
            LineOutcome::Accepted { status: Status::Stale, .. } => &mut self.stale,
            LineOutcome::Accepted { status: Status::Duplicate, .. } => &mut self.duplicate,
            LineOutcome::Accepted { status: Status::Ignored, .. } => &mut self.ignored,
        } += 1;
    }
}
