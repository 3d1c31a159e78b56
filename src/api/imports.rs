//! What is said of imports.

use serde::Serialize;

use crate::model::Seq;
use crate::store::{ImportCounts, ImportedLine, LineOutcome};

/// What came of an import, without the lines.
#[derive(Serialize)]
pub struct ImportResponse {
    pub lines: u64,
    pub applied: u64,
    pub unchanged: u64,
    pub stale: u64,
    pub duplicate: u64,
    pub ignored: u64,
    pub refused: u64,
}

impl ImportResponse {
    pub fn new(counts: &ImportCounts) -> Self {
        let &ImportCounts { lines, applied, unchanged, stale, duplicate, ignored, refused } =
            counts;
        Self { lines, applied, unchanged, stale, duplicate, ignored, refused }
    }
}

/// What became of one line.
#[derive(Serialize)]
pub struct ImportedLineBody<'a> {
    pub line: u64,
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'a str>,
}

impl<'a> ImportedLineBody<'a> {
    pub fn new(line: &ImportedLine<'a>) -> Self {
        let number = line.number;
        match line.fate {
            LineOutcome::Accepted { status, seq } => {
                let status = status.as_str();
                Self { line: number, status, seq, code: None, field: None, detail: None }
            }
            LineOutcome::Refused(why) => Self {
                line: number,
                status: "refused",
                seq: None,
                code: Some(why.code),
                field: why.field,
                detail: Some(&why.detail),
            },
        }
    }
}
