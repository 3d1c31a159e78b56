//! A reader of server-sent events that does what it is told, and what it is told of.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use relata::Seq;
use serde_json::{Value, json};

use crate::support::server::{Answer, Error, Server};

/// How long to wait for what must come, although there are signs of life.
const PATIENCE: Duration = Duration::from_secs(30);

/// The location of what is posted here.
pub(crate) const HERE: &str = "here";

/// A relation between two records of its own.
pub(crate) fn relation(number: u64) -> Value {
    json!({
        "type": "RelationCreate", "id": format!("r{number}"), "associationId": "A",
        "locationId": HERE, "firstObjectKey": "contact", "firstRecordId": format!("c{number}"),
        "secondObjectKey": "house", "secondRecordId": format!("h{number}"),
    })
}

/// Posts a delivery and answers with its status and seq.
pub(crate) fn post(server: &Server, body: &Value) -> Result<(String, Seq), Error> {
    let answer = server.post("/webhooks", body.to_string().as_bytes())?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    Ok((told["status"].as_str().unwrap().to_owned(), told["seq"].as_u64().unwrap()))
}

/// Two deliveries, of which the second says nothing new.
pub(crate) fn post_twice(server: &Server, number: u64) -> Result<Seq, Error> {
    let (status, seq) = post(server, &relation(number))?;
    assert_eq!(status, "applied");
    assert_eq!(post(server, &relation(number))?, ("unchanged".to_owned(), seq + 1));
    Ok(seq)
}

/// One block of lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// The event of its id.
    pub(crate) id: Option<u64>,
    /// The whole id, with the epoch that it may carry.
    pub(crate) id_text: String,
    pub(crate) event: Option<String>,
    pub(crate) data: Option<String>,
    /// It has a line that is a comment.
    pub(crate) comment: bool,
    pub(crate) retry: Option<u64>,
}

impl Block {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.data.as_deref().unwrap_or_default()).unwrap_or_default()
    }
}

/// An open answer of `…/changes`.
pub(crate) struct Reader {
    pub(crate) head: Answer,
    stream: BufReader<TcpStream>,
    /// What came and was not read yet.
    text: Vec<u8>,
    ended: bool,
    /// As an `EventSource` keeps it.
    pub(crate) last_id: u64,
}

impl Reader {
    /// Opens the changes of a location, `query` with its question mark.
    pub(crate) fn open(server: &Server, location: &str, query: &str) -> Result<Self, Error> {
        Self::with(server, location, query, &[])
    }

    pub(crate) fn with(
        server: &Server,
        location: &str,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Error> {
        Self::over(server.connect()?, location, query, headers)
    }

    pub(crate) fn over(
        mut stream: TcpStream,
        location: &str,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let path = format!("/v1/locations/{location}/changes{query}");
        let mut head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        let mut stream = BufReader::new(stream);
        let head = Answer::read_head_from(&mut stream)?;
        if head.status != 200 {
            return Err(format!("{}: {}", head.status, head.text()).into());
        }
        Ok(Self { head, stream, text: Vec::new(), ended: false, last_id: 0 })
    }

    /// Reads one piece of the body.
    fn read_chunk(&mut self) -> Result<(), Error> {
        let mut size = String::new();
        self.stream.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16)?;
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk)?;
        if chunk.split_off(size) != b"\r\n" {
            return Err("no end of a chunk".into());
        }
        self.ended = size == 0;
        self.text.append(&mut chunk);
        Ok(())
    }

    /// The next block; nothing once the answer is over.
    pub(crate) fn block(&mut self) -> Result<Option<Block>, Error> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(end) = self.text.windows(2).position(|window| window == b"\n\n") {
                let rest = self.text.split_off(end + 2);
                let text = String::from_utf8(std::mem::replace(&mut self.text, rest))?;
                let block = parse(text.trim_end_matches('\n'))?;
                self.last_id = block.id.unwrap_or(self.last_id);
                return Ok(Some(block));
            }
            if self.ended {
                let left = String::from_utf8_lossy(&self.text).into_owned();
                return if left.is_empty() { Ok(None) } else { Err(left.into()) };
            }
            self.read_chunk()?;
        }
        Err("it takes too long".into())
    }

    /// The next block with data; nothing once the answer is over.
    pub(crate) fn event(&mut self) -> Result<Option<Block>, Error> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.block()? {
                Some(block) if block.data.is_none() => {}
                other => return Ok(other),
            }
        }
        Err("nothing happens".into())
    }

    /// The ids of the next changes.
    pub(crate) fn ids(&mut self, count: usize) -> Result<Vec<u64>, Error> {
        let mut ids = Vec::new();
        while ids.len() < count {
            let block = self.event()?.ok_or("the answer is over")?;
            ids.push(block.id.ok_or_else(|| format!("an event without id: {block:?}"))?);
        }
        Ok(ids)
    }

    /// Every event up to the last, which is `end`.
    pub(crate) fn rest(&mut self) -> Result<(Vec<u64>, Value), Error> {
        let mut ids = Vec::new();
        loop {
            let block = self.event()?.ok_or("no last event")?;
            if block.event.as_deref() == Some("end") {
                return match self.block()? {
                    None => Ok((ids, block.json())),
                    Some(more) => Err(format!("more after the end: {more:?}").into()),
                };
            }
            ids.push(block.id.ok_or("an event without id")?);
        }
    }
}

fn parse(text: &str) -> Result<Block, Error> {
    let mut block = Block::default();
    for line in text.split('\n') {
        match line.split_once(':').ok_or_else(|| format!("no field: {line:?}"))? {
            ("", _) => block.comment = true,
            ("id", id) => {
                id.trim_start().clone_into(&mut block.id_text);
                block.id = Some(block.id_text.split('-').next().unwrap_or_default().parse()?);
            }
            ("event", name) => block.event = Some(name.trim_start().to_owned()),
            ("data", data) if block.data.is_none() => {
                block.data = Some(data.trim_start().to_owned());
            }
            ("retry", time) => block.retry = Some(time.trim_start().parse()?),
            _ => return Err(format!("no field: {line:?}").into()),
        }
    }
    Ok(block)
}
