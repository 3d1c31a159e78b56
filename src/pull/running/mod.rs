//! A reading on its way: threads that ask, one that decides, and the log of how far it came.

mod coordinator;
mod jobs;
mod key_run;
mod progress;
mod reader;
mod report;
mod results;
mod resume_log;
mod row_sink;
mod sample;

pub use progress::{Part, Phase, Progress};
pub use reader::{Reader, ResumeFile};
pub use report::Report;
pub use row_sink::RowSink;
pub(crate) use sample::{Sample, Sampled};
