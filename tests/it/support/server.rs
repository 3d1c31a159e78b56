//! The real binary, and an HTTP client that does what it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

pub(crate) type Error = Box<dyn std::error::Error>;

/// The command, with nothing of this process's own settings.
pub(crate) fn relata() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relata"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RELATA_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command and answers with what it printed, or what it complained of.
pub(crate) fn run(db: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = relata().arg("--db").arg(db).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// The line it printed when it was ready.
    pub(crate) ready: String,
}

impl Server {
    pub(crate) fn start(db: &Path) -> Result<Self, Error> {
        Self::start_with(db, &[])
    }

    pub(crate) fn start_with(db: &Path, arguments: &[&str]) -> Result<Self, Error> {
        Self::spawn(
            relata()
                .args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--db"])
                .arg(db)
                .args(arguments),
        )
    }

    /// Starts what a command says, and waits until it is ready.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self, Error> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut ready = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut ready)?;
        let (_, after) = ready.split_once("http://").ok_or("no address in the first line")?;
        let address = after.split(' ').next().ok_or("no address")?.parse()?;
        Ok(Self { child, address, ready })
    }

    pub(crate) fn connect(&self) -> Result<TcpStream, Error> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// A connection of which this side takes in next to nothing unread, so that the server
    /// soon sees how slowly it is read.
    pub(crate) fn connect_narrow(&self) -> Result<TcpStream, Error> {
        #[cfg(target_os = "linux")]
        {
            let domain = socket2::Domain::for_address(self.address);
            let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
            socket.set_recv_buffer_size(4_096)?;
            socket.connect(&self.address.into())?;
            let stream = TcpStream::from(socket);
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            Ok(stream)
        }
        #[cfg(not(target_os = "linux"))]
        self.connect()
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer, Error> {
        self.request("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Result<Answer, Error> {
        self.request("POST", path, &[("content-type", "application/json")], body)
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Error> {
        let mut stream = self.connect()?;
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if method != "GET" || !body.is_empty() {
            head.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
        }
        // One write, so that an early answer does not break the request.
        stream.write_all(&[head.as_bytes(), b"\r\n", body].concat())?;
        if method == "HEAD" { Answer::read_head(&mut stream) } else { Answer::read(&mut stream) }
    }

    /// kill -9.
    pub(crate) fn kill(mut self) -> Result<(), Error> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) -> Result<(), Error> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status()?;
        if sent.success() { Ok(()) } else { Err("kill failed".into()) }
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self, at_most: Duration) -> Result<ExitStatus, Error> {
        let start = Instant::now();
        while start.elapsed() < at_most {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("still running".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// One HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read_head(stream: &mut impl Read) -> Result<Self, Error> {
        Self::head(&mut BufReader::new(stream))
    }

    /// Reads the head of an answer whose body follows.
    pub(crate) fn read_head_from(reader: &mut impl BufRead) -> Result<Self, Error> {
        let answer = Self::head(reader)?;
        if answer.header("content-length").is_none() {
            return Ok(answer);
        }
        let mut body = vec![0; answer.header("content-length").unwrap_or_default().parse()?];
        reader.read_exact(&mut body)?;
        Ok(Self { body, ..answer })
    }

    fn head(reader: &mut impl BufRead) -> Result<Self, Error> {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status =
            line.split(' ').nth(1).ok_or_else(|| format!("no answer: {line:?}"))?.parse()?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Self { status, headers, body: Vec::new() })
    }

    pub(crate) fn read(stream: &mut impl Read) -> Result<Self, Error> {
        Self::read_from(&mut BufReader::new(stream))
    }

    /// Reads one of several answers.
    pub(crate) fn read_from(reader: &mut impl BufRead) -> Result<Self, Error> {
        let mut answer = Self::head(reader)?;
        if let Some(length) = answer.header("content-length") {
            answer.body = vec![0; length.parse()?];
            reader.read_exact(&mut answer.body)?;
        } else if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                let mut size = String::new();
                reader.read_line(&mut size)?;
                let size = usize::from_str_radix(size.trim(), 16)?;
                let mut chunk = vec![0; size + 2];
                reader.read_exact(&mut chunk)?;
                if size == 0 {
                    break;
                }
                chunk.truncate(size);
                answer.body.append(&mut chunk);
            }
        }
        Ok(answer)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
