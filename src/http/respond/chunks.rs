//! Writes an answer piece by piece from a blocking thread.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendTimeoutError;
use warp::http::HeaderMap;
use warp::http::header::ACCEPT_ENCODING;

use crate::http::limits::background::give_way;

/// Returns whether the client takes an answer that is packed with gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"))
            && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// Hands what is written to the connection, and waits while the client is behind, but not
/// for ever: a few stalled clients would keep all others out.
pub(crate) struct Chunks {
    pub(crate) sender: mpsc::Sender<Vec<u8>>,
    pub(crate) runtime: Handle,
    pub(crate) patience: Duration,
    /// When all of it must have been sent: a few clients that read as slowly as they may
    /// would keep all others out, too.
    pub(crate) end: Instant,
}

impl Write for &Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        give_way();
        let left = self.end.saturating_duration_since(Instant::now());
        let sent = self.sender.send_timeout(bytes.to_vec(), self.patience.min(left));
        match self.runtime.block_on(sent) {
            Ok(()) => Ok(bytes.len()),
            Err(SendTimeoutError::Closed(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(SendTimeoutError::Timeout(_)) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
