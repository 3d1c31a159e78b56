//! A client that asks the stand-in one thing at a time.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::server::{Answer, Error};
use crate::support::upstream::{Location, Settings, StandIn};

/// Asks with the token of one location.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) location: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// Starts a stand-in of a location, and a client of it.
pub(crate) fn started(location: Location, settings: Settings) -> (StandIn, Client, Location) {
    let stand_in = StandIn::start(location.clone(), settings);
    let client = Client::new(&stand_in, &location);
    (stand_in, client, location)
}

impl Client {
    pub(crate) fn new(stand_in: &StandIn, location: &Location) -> Self {
        Self {
            address: stand_in.address(),
            token: location.token.clone(),
            location: location.id.clone(),
            headers: vec![("version", "2021-07-28".to_owned())],
        }
    }

    /// Asks for a path, in which `{L}` is the id of the location.
    pub(crate) fn get(&self, path: &str) -> Result<Answer, Error> {
        self.ask("GET", path, b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Answer, Error> {
        self.ask("POST", path, body.to_string().as_bytes())
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer, Error> {
        Answer::read(&mut self.begin(method, path, body)?)
    }

    /// Sends a request, of which the answer is yet to be read.
    pub(crate) fn begin(&self, method: &str, path: &str, body: &[u8]) -> Result<TcpStream, Error> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let path = path.replace("{L}", &self.location);
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        head.extend(["authorization: Bearer ", &self.token, "\r\nconnection: close\r\n"]);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.extend(["content-length: ", &body.len().to_string(), "\r\n\r\n"]);
        stream.write_all(&[head.as_bytes(), body].concat())?;
        Ok(stream)
    }
}
