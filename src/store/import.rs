//! Importing NDJSON: one transaction for thousands of lines, and importing the same lines
//! again adds nothing.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::iter::repeat;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::journal::ImportMark;
use crate::model::Seq;
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::import_outcome::{
    ImportCounts, ImportError, ImportedLine, LineError, LineOutcome, LineRefusal,
};
use crate::store::location::Location;
use crate::store::store::Store;
use crate::store::writer::command::Command;
use crate::store::writer::import_marks::{Answer, ImportChunk, LeftOut};
use crate::webhook::{Decoded, strip_bom};

/// The longest line, in bytes: that of a webhook's body and a little envelope.
const LINE_BYTES: u64 = (256 << 10) + 1024;

/// Lines handed to the writer at once. Must never be made smaller, nor may the bytes
/// below: an import that an earlier version began would not be recognised.
const CHUNK_LINES: usize = 4_096;

/// Bytes of those lines, but for one more line.
const CHUNK_BYTES: usize = 4 << 20;

const BUFFER_BYTES: usize = 64 << 10;

/// Says whether lines of a location are accepted.
type Admits<'s> = Box<dyn Fn(Option<&str>) -> bool + 's>;

/// An import that has not started; see [`Store::import`].
pub struct Import<'s> {
    store: &'s Store,
    admits: Admits<'s>,
    unpacked_bytes: u64,
    left_out: LeftOut,
}

impl std::fmt::Debug for Import<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import")
            .field("unpacked_bytes", &self.unpacked_bytes)
            .field("left_out", &self.left_out)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Imports many events, one per line.
    ///
    /// A transaction holds up to 4,096 lines, 256 while deliveries arrive, and records in the
    /// journal how far the import has come. An import that was interrupted, by a crash or an
    /// error, is therefore run again with the same input: the lines already imported are
    /// duplicates then, including those of events that carry no id of their own; as they
    /// are when a file is imported twice, or again after it has grown. The last 65,536
    /// transactions of imports are remembered. To repeat an event on purpose,
    /// [`ingest`](Self::ingest) it.
    ///
    /// After a line that was refused for a [limit](crate::store::name_limits::NameLimits)
    /// nothing is recorded, so that the same input imports it once the limit is raised;
    /// events without an id of their own are then imported again with it.
    ///
    /// ```
    /// use relata::import::LineOutcome;
    /// use relata::{Status, Store};
    ///
    /// let store = Store::in_memory()?;
    /// let file = br#"{"type":"ContactDelete","id":"amara","locationId":"eHy2"}
    /// {"type":"ContactDelete","locationId":"eHy2"}"#;
    /// let counts = store.import().read(&file[..], |line| {
    ///     if let LineOutcome::Refused(why) = line.outcome {
    ///         assert_eq!((line.number, why.error.field()), (2, Some("id")));
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!((counts.lines, counts.applied, counts.refused), (2, 1, 1));
    /// let again = store.import().read(&file[..], |_| Ok(()))?;
    /// assert_eq!((again.duplicate, store.head()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import(&self) -> Import<'_> {
        let unpacked_bytes = u64::MAX - 1;
        let left_out = LeftOut::default();
        Import { store: self, admits: Box::new(|_| true), unpacked_bytes, left_out }
    }
}

impl<'s> Import<'s> {
    /// Refuses lines of locations that `admits` rejects. It is given `None` where an event
    /// of an ignored type names no location.
    #[must_use]
    pub fn of_locations(self, admits: impl Fn(Option<&str>) -> bool + 's) -> Self {
        Self { admits: Box::new(admits), ..self }
    }

    /// Limits the input to this many bytes, counted after unpacking; a larger one ends with
    /// [`ImportError::TooLarge`].
    #[must_use]
    pub fn at_most(self, bytes: u64) -> Self {
        Self { unpacked_bytes: bytes.min(u64::MAX - 1), ..self }
    }

    /// Leaves out the lines that say nothing new. They are reported as unchanged or stale, and
    /// have no seq.
    ///
    /// A line is left out if the graph is the same without it, whatever other events come:
    /// one that repeats what is known under the same time, or is older than what is known.
    /// One that confirms what is known under a later time is written, since it decides
    /// between other events. Each line is checked in the step that writes it, so that nothing
    /// comes between.
    ///
    /// Such an import does not record how far it has come and does not ask how far others
    /// have: run again, it finds that its lines say nothing new.
    #[must_use]
    pub fn only_changes(self) -> Self {
        Self { left_out: LeftOut { unchanged: true, ..self.left_out }, ..self }
    }

    /// Leaves out the lines about a thing that has changed since this event: whose greatest
    /// event is later than it. They are reported as stale, and have no seq. A thing that no
    /// event has named has not changed.
    ///
    /// So whoever decided from what the store showed at an event writes nothing that another
    /// event has overtaken: each line is checked in the step that writes it. Such an import
    /// records nothing of how far it has come, as that of [`only_changes`](Self::only_changes).
    #[must_use]
    pub fn unchanged_since(self, seq: Seq) -> Self {
        Self { left_out: LeftOut { changed_since: Some(seq), ..self.left_out }, ..self }
    }

    /// Imports lines, plain or gzip, to the end, and calls `each` with each of them, in order,
    /// once it is on disk and every query sees it.
    ///
    /// # Performance
    ///
    /// Lines are read and decoded while those before them are written. Costs the memory of
    /// two transactions, about 25 MB. Deliveries are accepted between two of them.
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
    /// Those of the lines that go into the journal, in order, and the mark after each.
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

/// An import on its way.
struct Reading<'s, E> {
    import: Import<'s>,
    each: E,
    /// A hash of every line so far that goes into the journal, so that one that is refused
    /// now and accepted another time is not taken for known.
    mark: ImportMark,
    chunk: Chunk,
    /// Lines that the writer is writing.
    written: Option<(Vec<Line>, Receiver<Answer>)>,
    counts: ImportCounts,
    /// Whether no line was refused that the mark says was written.
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
                self.refuse(number, LineError::TooLong { limit: LINE_BYTES }, &line);
            } else if !text.is_empty() {
                self.line(number, text);
            }
            if self.chunk.lines.len() >= CHUNK_LINES || self.chunk.bytes >= CHUNK_BYTES {
                self.write()?;
            }
        }
        self.write()?;
        self.report()?;
        Ok(self.counts)
    }

    fn line(&mut self, number: u64, line: &[u8]) {
        let delivery = match Delivery::read(line, None, None) {
            Ok(delivery) => delivery,
            Err(error) => return self.refuse(number, error.into(), line),
        };
        let location = match delivery.decoded() {
            Decoded::Event(event) => Some(&event.location),
            Decoded::Ignored { location, .. } => location.as_ref(),
        };
        if !(self.import.admits)(location.map(AsRef::as_ref)) {
            return self.refuse(number, LineError::NotAdmitted, line);
        }
        self.chunk.bytes += line.len();
        let delivery = delivery.keeping(self.import.store.options.keep);
        if !self.import.store.is_stored(&delivery) {
            return self.chunk.lines.push(Line { number, found: ParsedLine::Ignored });
        }
        self.mark = Sha256::new().chain_update(self.mark).chain_update(line).finalize().into();
        self.chunk.lines.push(Line { number, found: ParsedLine::Kept });
        self.chunk.deliveries.push(delivery);
        self.chunk.marks.push(self.mark);
    }

    fn refuse(&mut self, number: u64, error: LineError, line: &[u8]) {
        self.chunk.bytes += line.len();
        let refusal = LineRefusal { error, line: line.to_vec() };
        self.chunk.lines.push(Line { number, found: ParsedLine::Refused(Box::new(refusal)) });
    }

    /// Hands the lines read to the writer, once it has written those before.
    fn write(&mut self) -> Result<(), ImportError> {
        self.report()?;
        let Chunk { lines, deliveries, marks, .. } = std::mem::take(&mut self.chunk);
        let (reply, taken) = sync_channel(1);
        let held = self.load_locations(&deliveries)?;
        let chunk =
            ImportChunk::new(deliveries, marks, self.is_whole, self.import.left_out, held, reply);
        self.import.store.send(Command::Import(Box::new(chunk)))?;
        self.written = Some((lines, taken));
        Ok(())
    }

    /// Loads the locations of deliveries that are not in memory, before the writer takes them.
    fn load_locations(&self, deliveries: &[Delivery]) -> Result<Vec<Arc<Location>>, IngestError> {
        let mut held: BTreeMap<u32, Arc<Location>> = BTreeMap::new();
        let mut last = None;
        for delivery in deliveries {
            let Decoded::Event(event) = delivery.decoded() else { continue };
            if last.replace(&event.location) == Some(&event.location) {
                continue;
            }
            let loaded = self.import.store.location(event.location.as_str())?;
            held.extend(loaded.map(|location| (location.place(), location)));
        }
        Ok(held.into_values().collect())
    }

    /// Waits for the writer and reports the outcomes of the lines that it had.
    fn report(&mut self) -> Result<(), ImportError> {
        let Some((lines, taken)) = self.written.take() else { return Ok(()) };
        let (taken, deliveries) = taken.recv().map_err(|_| self.import.store.unavailable())??;
        let mut taken = taken.into_iter().zip(deliveries.iter().map(Some).chain(repeat(None)));
        for Line { number, found } in &lines {
            let limited;
            let outcome = match found {
                ParsedLine::Refused(refusal) => LineOutcome::Refused(refusal),
                ParsedLine::Ignored => LineOutcome::Accepted { status: Status::Ignored, seq: None },
                ParsedLine::Kept => {
                    match taken.next().ok_or_else(|| self.import.store.unavailable())? {
                        (Ok((status, seq)), _) => LineOutcome::Accepted { status, seq },
                        (Err(reached), delivery) => {
                            self.is_whole = false;
                            limited = LineRefusal::limit_reached(reached, delivery);
                            LineOutcome::Refused(&limited)
                        }
                    }
                }
            };
            self.counts.add(outcome);
            (self.each)(ImportedLine { number: *number, outcome }).map_err(ImportError::Report)?;
        }
        Ok(())
    }
}
