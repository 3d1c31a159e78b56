//! What is answered, errors in the words of the sender.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

use super::settings::Fault;

/// An answer, before anything goes wrong with it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// What happens to it on its way.
    pub(crate) fault: Option<Fault>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes(), fault: None }
    }

    /// Makes an answer of an object, to which it adds a trace id.
    pub(crate) fn traced(status: u16, mut body: Value) -> Self {
        if let Some(members) = body.as_object_mut() {
            members.insert("traceId".to_owned(), json!("0b0c1c1e-5b1d-4f6e-9a43-2f4f4f6f7a10"));
        }
        Self::new(status, &body)
    }

    pub(crate) fn text(status: u16, content_type: &str, body: &str) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.as_bytes().to_vec(), fault: None }
    }

    /// Makes an error with one message.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        let mut body = Map::new();
        body.insert("statusCode".to_owned(), status.into());
        body.insert("message".to_owned(), message.into());
        body.insert("error".to_owned(), reason(status).into());
        Self::traced(status, body.into())
    }

    /// Makes the error that lists what is wrong with parameters or members.
    pub(crate) fn unprocessable(messages: &[String]) -> Self {
        let body = json!({"statusCode": 422, "message": messages, "error": reason(422)});
        Self::traced(422, body)
    }

    /// Packs the body, and the spaces before it.
    pub(crate) fn packed(mut self) -> Self {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        if let Some(Fault::Padded(spaces)) = self.fault {
            std::io::copy(&mut std::io::repeat(b' ').take(spaces as u64), &mut packer).unwrap();
            self.fault = None;
        }
        packer.write_all(&self.body).unwrap();
        self.body = packer.finish().unwrap();
        self.with("content-encoding", "gzip")
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
