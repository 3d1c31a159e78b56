//! `relata ingest`: bulk reading of NDJSON.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use relata::{Delivery, Options, Status, Store, Timestamp};
use serde_json::json;

use super::output::{print_json, say};
use crate::config::Ingest;

/// The longest line, in bytes: that of a webhook's body and a little envelope.
const LINE_BYTES: usize = (256 << 10) + 1024;

/// How many lines came to each status.
type Accepted = Arc<[AtomicU64; Status::ALL.len()]>;

pub(super) fn run(db: &Path, ingest: &Ingest) -> anyhow::Result<ExitCode> {
    let store =
        Store::open_with(db, Options::default()).with_context(|| db.display().to_string())?;
    let mut rejects = match &ingest.rejects {
        Some(path) => {
            let file = File::create(path).with_context(|| path.display().to_string())?;
            Some(BufWriter::new(file))
        }
        None => None,
    };
    let mut reading =
        Reading { store: &store, rejects: &mut rejects, accepted: Arc::default(), refused: 0 };
    for path in &ingest.files {
        reading.file(path).with_context(|| path.display().to_string())?;
    }
    let (accepted, refused) = (reading.accepted, reading.refused);
    // Comes after every delivery, so all of them are answered when it is.
    store.checkpoint()?;
    if let Some(mut rejects) = rejects {
        rejects.flush()?;
    }
    report(&accepted, refused, ingest.json)?;
    store.close()?;
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Reading<'r> {
    store: &'r Store,
    rejects: &'r mut Option<BufWriter<File>>,
    accepted: Accepted,
    refused: u64,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        let (input, bytes): (Box<dyn Read>, u64) = if path.as_os_str() == "-" {
            (Box::new(io::stdin().lock()), 0)
        } else {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            (Box::new(file), bytes)
        };
        let progress = progress(bytes)?;
        let mut input = BufReader::with_capacity(1 << 16, progress.wrap_read(input));
        let gzip = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        if gzip {
            self.lines(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(input)))?;
        } else {
            self.lines(input)?;
        }
        progress.finish_and_clear();
        Ok(())
    }

    fn lines(&mut self, mut input: impl BufRead) -> anyhow::Result<()> {
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = (&mut input).take(LINE_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            if read > LINE_BYTES && line.last() != Some(&b'\n') {
                input.skip_until(b'\n')?;
                self.refuse(number, &line, &format!("longer than {LINE_BYTES} bytes"))?;
            } else if !line.trim_ascii().is_empty() {
                self.line(number, line.trim_ascii())?;
            }
        }
        Ok(())
    }

    fn line(&mut self, number: u64, line: &[u8]) -> anyhow::Result<()> {
        let delivery = match Delivery::read(line, None, Timestamp::now()) {
            Ok(delivery) => delivery,
            Err(error) => return self.refuse(number, line, &error.to_string()),
        };
        let accepted = Arc::clone(&self.accepted);
        self.store.submit_waiting(delivery, move |result| {
            // A failure to write stops the next line and the checkpoint below.
            let Ok(receipt) = result else { return };
            let at = Status::ALL.iter().position(|status| *status == receipt.status);
            if let Some(count) = at.and_then(|at| accepted.get(at)) {
                count.fetch_add(1, Ordering::Release);
            }
        })?;
        Ok(())
    }

    fn refuse(&mut self, number: u64, line: &[u8], reason: &str) -> anyhow::Result<()> {
        self.refused += 1;
        if let Some(rejects) = self.rejects {
            let line = String::from_utf8_lossy(line);
            let entry = json!({ "line": number, "reason": reason, "body": line });
            writeln!(rejects, "{entry}")?;
        } else {
            tracing::warn!(line = number, reason, "line refused");
        }
        Ok(())
    }
}

fn progress(bytes: u64) -> anyhow::Result<ProgressBar> {
    if !io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let style = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    Ok(ProgressBar::new(bytes).with_style(ProgressStyle::with_template(style)?))
}

fn report(accepted: &Accepted, refused: u64, as_json: bool) -> anyhow::Result<()> {
    let accepted = Status::ALL.iter().zip(accepted.iter());
    let accepted: Vec<(&str, u64)> =
        accepted.map(|(status, count)| (status.as_str(), count.load(Ordering::Acquire))).collect();
    let named = accepted.into_iter().chain([("refused", refused)]);
    if as_json {
        let members = named.map(|(name, count)| (name.to_owned(), count.into()));
        return print_json(&members.collect::<serde_json::Map<_, serde_json::Value>>());
    }
    let words: Vec<String> = named.map(|(name, count)| format!("{count} {name}")).collect();
    Ok(say(words.join(", "))?)
}
