//! Answers about imports.

use serde::Serialize;

use crate::api::ProblemCode;
use crate::model::Seq;
use crate::store::{ImportCounts, ImportedLine, LineOutcome};

/// The counts of an import.
#[derive(Serialize)]
pub struct ImportResponse {
    /// Number of lines read.
    pub lines: u64,
    /// Number of events that changed the graph.
    pub applied: u64,
    /// Number of events without effect.
    pub unchanged: u64,
    /// Number of events older than what the graph has.
    pub stale: u64,
    /// Number of events that were stored before.
    pub duplicate: u64,
    /// Number of events of types that are not stored.
    pub ignored: u64,
    /// Number of lines that were refused.
    pub refused: u64,
}

impl ImportResponse {
    /// Returns the answer with these counts.
    pub fn new(counts: &ImportCounts) -> Self {
        let &ImportCounts { lines, applied, unchanged, stale, duplicate, ignored, refused } =
            counts;
        Self { lines, applied, unchanged, stale, duplicate, ignored, refused }
    }
}

/// The outcome of one line.
#[derive(Serialize)]
pub struct ImportedLineBody {
    /// Its number, from 1.
    pub line: u64,
    /// What it did, or `refused`.
    pub status: &'static str,
    /// Its sequence number; absent if it was not stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The error code of a refused line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<ProblemCode>,
    /// The member at fault in a refused line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// The error of a refused line in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl ImportedLineBody {
    /// Returns the outcome of this line.
    pub fn new(line: &ImportedLine<'_>) -> Self {
        let number = line.number;
        match line.outcome {
            LineOutcome::Accepted { status, seq } => {
                let status = status.as_str();
                Self { line: number, status, seq, code: None, field: None, detail: None }
            }
            LineOutcome::Refused(why) => Self {
                line: number,
                status: "refused",
                seq: None,
                code: Some((&why.error).into()),
                field: why.error.field(),
                detail: Some(why.error.to_string()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn a_refused_line_has_the_code_that_a_webhook_would_have() {
        let lines = format!("no\n{{\"type\":\"ContactDelete\"}}\n{}\n", "x".repeat(300 << 10));
        let store = Store::in_memory().unwrap();
        let mut codes = Vec::new();
        let add = |line: ImportedLine<'_>| {
            codes.push(ImportedLineBody::new(&line).code.map(ProblemCode::as_str));
            Ok(())
        };
        store.import().read(lines.as_bytes(), add).unwrap();
        assert_eq!(codes, ["malformed_json", "invalid_event", "body_too_large"].map(Some));
    }
}
