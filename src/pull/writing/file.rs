//! A file as the destination, plain or gzip, or standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::pull::error::PullError;
use crate::pull::writing::destination::{Destination, EventCounts, Known};

/// A file that is put in place once it is complete. Until then it lies beside it, so that
/// another run continues it.
#[derive(Debug)]
pub struct FileDestination {
    file: File,
    partial: PathBuf,
    path: PathBuf,
    is_gzip: bool,
    bytes: u64,
}

impl FileDestination {
    /// Opens the file beside `path`; gzip if that ends in `.gz`. What it holds is dropped
    /// unless the pull is resumed.
    ///
    /// # Errors
    ///
    /// [`PullError::Setting`] if there is something else than a file, such as a folder, a
    /// device or a pipe, at `path` or beside it.
    pub fn create(path: &Path) -> Result<Self, PullError> {
        let is_gzip = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz"));
        let partial = Self::partial_path(path);
        for path in [path, &partial] {
            if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
                return Err(PullError::Setting(format!("{} is no file", path.display())));
            }
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&partial).map_err(|error| failed(&partial, &error))?;
        Ok(Self { file, partial, path: path.to_owned(), is_gzip, bytes: 0 })
    }

    /// Returns the file beside `path` that is written until it is complete.
    pub fn partial_path(path: &Path) -> PathBuf {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        path.with_file_name(name)
    }

    fn written(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.bytes == 0 {
            self.file.set_len(0)?;
        }
        // Each batch is a member of its own, so that the file can be cut between two.
        let packed = if self.is_gzip {
            let mut packer = GzEncoder::new(Vec::new(), Compression::default());
            packer.write_all(lines)?;
            packer.finish()?
        } else {
            lines.to_vec()
        };
        self.file.write_all(&packed)?;
        self.bytes += packed.len() as u64;
        Ok(())
    }
}

fn failed(path: &Path, error: &io::Error) -> PullError {
    PullError::Destination(format!("{}: {error}", path.display()))
}

/// Counts lines as applied.
fn counted(lines: &[u8]) -> EventCounts {
    #[expect(clippy::naive_bytecount, reason = "a megabyte at most")]
    let applied = lines.iter().filter(|byte| **byte == b'\n').count() as u64;
    EventCounts { applied, ..EventCounts::default() }
}

impl Destination for FileDestination {
    fn known(&mut self, _: &str) -> Result<Known, PullError> {
        Ok(Known::default())
    }

    fn write(&mut self, lines: &[u8]) -> Result<EventCounts, PullError> {
        self.written(lines).map_err(|error| failed(&self.partial, &error))?;
        Ok(counted(lines))
    }

    fn commit(&mut self) -> Result<Option<u64>, PullError> {
        self.file.sync_data().map_err(|error| failed(&self.partial, &error))?;
        Ok(Some(self.bytes))
    }

    fn resume(&mut self, bytes: u64) -> Result<(), PullError> {
        let found = self.file.metadata().map_or(0, |found| found.len());
        if found < bytes {
            return Err(PullError::Setting(format!(
                "{} is shorter than the resume log says: use --fresh",
                self.partial.display()
            )));
        }
        self.bytes = bytes;
        self.file.set_len(bytes).map_err(|error| failed(&self.partial, &error))
    }

    fn finish(&mut self) -> Result<(), PullError> {
        if self.bytes == 0 {
            self.file.set_len(0).map_err(|error| failed(&self.partial, &error))?;
        }
        self.commit()?;
        std::fs::rename(&self.partial, &self.path).map_err(|error| failed(&self.path, &error))
    }
}

/// Anything that is written once, such as standard output: it cannot be continued.
#[derive(Debug)]
pub struct StreamDestination<W: Write>(BufWriter<W>);

impl<W: Write> StreamDestination<W> {
    /// Writes to a stream.
    pub fn new(stream: W) -> Self {
        Self(BufWriter::new(stream))
    }
}

impl<W: Write> Destination for StreamDestination<W> {
    fn known(&mut self, _: &str) -> Result<Known, PullError> {
        Ok(Known::default())
    }

    fn write(&mut self, lines: &[u8]) -> Result<EventCounts, PullError> {
        let written = self.0.write_all(lines);
        written.map_err(|error| failed(Path::new("standard output"), &error))?;
        Ok(counted(lines))
    }

    fn commit(&mut self) -> Result<Option<u64>, PullError> {
        let flushed = self.0.flush();
        flushed.map_err(|error| failed(Path::new("standard output"), &error))?;
        Ok(None)
    }

    fn resume(&mut self, _: u64) -> Result<(), PullError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), PullError> {
        self.commit().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::MultiGzDecoder;

    use super::*;

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.ndjson");
        for taken in [path.clone(), folder.path().join("events.ndjson.partial")] {
            std::fs::create_dir(&taken).unwrap();
            let error = FileDestination::create(&path).unwrap_err().to_string();
            assert!(error.ends_with("is no file"), "{error}");
            std::fs::remove_dir(&taken).unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_continued_behind_what_was_committed_and_put_in_place_at_the_end() {
        for name in ["events.ndjson", "events.ndjson.gz"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, "the one before").unwrap();
            let mut file = FileDestination::create(&path).unwrap();
            file.write(b"a\nb\n").unwrap();
            let bytes = file.commit().unwrap().unwrap();
            file.write(b"lost\n").unwrap();
            drop(file);
            let mut file = FileDestination::create(&path).unwrap();
            file.resume(bytes).unwrap();
            assert_eq!(file.write(b"c\n").unwrap().applied, 1);
            assert_eq!(std::fs::read(&path).unwrap(), b"the one before");
            file.finish().unwrap();
            let read = std::fs::read(&path).unwrap();
            let mut text = String::new();
            if name.ends_with("gz") {
                MultiGzDecoder::new(&*read).read_to_string(&mut text).unwrap();
            } else {
                text = String::from_utf8(read).unwrap();
            }
            assert_eq!(text, "a\nb\nc\n");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
            let mut gone = FileDestination::create(&path).unwrap();
            assert!(gone.resume(bytes).unwrap_err().to_string().contains("--fresh"));
            // What another pull left is not taken for this one's.
            gone.write(b"x\n").unwrap();
            gone.finish().unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() < bytes + 20);
        }
    }
}
