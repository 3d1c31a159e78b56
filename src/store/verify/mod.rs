//! Verifying that the journal, the checkpoint and the graphs agree, some locations at a time.

mod entries;
mod findings;
mod loading;
mod pair;
mod progress;
mod rebuild;
mod round;
mod summaries;
mod summary;
mod survey;
mod verification;

pub use progress::VerifyProgress;
pub use verification::{
    Verification, VerifyOptions, repair, repair_with, verify, verify_location, verify_with,
};
