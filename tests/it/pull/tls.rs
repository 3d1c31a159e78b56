//! Pulling over TLS, as from the real sender.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use relata::Store;
use relata::pull::{BaseUrl, StopReason};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::pull::pulled::{Pull, planned};
use crate::support::server::{Answer, Error};
use crate::support::upstream::{Settings, StandIn};

/// Something in front of the stand-in that speaks TLS.
struct Terminator {
    address: SocketAddr,
    /// Its certificate, in PEM.
    certificate: String,
}

impl Terminator {
    fn start(to: SocketAddr) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(config);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, Ok(stream)) = (Arc::clone(&config), stream) else { break };
                // A client that does not trust the certificate ends the connection.
                std::thread::spawn(move || connection(config, stream, to).ok());
            }
        });
        Self { address, certificate: made.cert.pem() }
    }
}

/// Passes on one request after another.
fn connection(config: Arc<ServerConfig>, stream: TcpStream, to: SocketAddr) -> Result<(), Error> {
    let connection = ServerConnection::new(config)?;
    let mut client = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let (mut request, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if client.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
            let is_end = line == "\r\n";
            request.push_str(&line);
            if is_end {
                break;
            }
        }
        let mut body = vec![0; length];
        client.read_exact(&mut body)?;
        let mut server = TcpStream::connect(to)?;
        server.write_all(&[request.as_bytes(), &body].concat())?;
        let answer = Answer::read(&mut server)?;
        let mut head = format!("HTTP/1.1 {} Answer\r\n", answer.status);
        for (name, value) in &answer.headers {
            if !["content-length", "transfer-encoding"].contains(&&**name) {
                head.extend([name, ": ", value, "\r\n"]);
            }
        }
        head.extend(["content-length: ", &answer.body.len().to_string(), "\r\n\r\n"]);
        client.get_mut().write_all(&[head.as_bytes(), &answer.body].concat())?;
        client.get_mut().flush()?;
    }
}

#[test]
fn a_server_is_trusted_by_its_certificate_alone() {
    let location = planned();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let front = Terminator::start(stand_in.address());
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem");
    std::fs::write(&certificate, &front.certificate).unwrap();
    let mut pull = Pull::of(&stand_in, &location);
    let base = |host: &str| {
        let url = format!("https://{host}:{}", front.address.port());
        BaseUrl::parse(&url, false).unwrap()
    };
    pull.upstream.base_url = base("localhost");
    pull.upstream.ca_file = Some(certificate);
    pull.run_whole(&stand_in);

    let seen = stand_in.seen().len();
    pull.upstream.retries = Some(0);
    let refuses = |pull: &Pull| {
        let (report, _) = pull.run(&Store::in_memory().unwrap()).unwrap();
        let Some(StopReason::Unanswered(why)) = report.stopped else { panic!("it trusts") };
        why
    };
    // Another name than that of the certificate, and then nobody who vouches for it.
    pull.upstream.base_url = base("127.0.0.1");
    let why = refuses(&pull);
    assert!(why.contains("certificate"), "{why}");
    (pull.upstream.base_url, pull.upstream.ca_file) = (base("localhost"), None);
    pull.stop = relata::pull::Stop::default();
    let why = refuses(&pull);
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(stand_in.seen().len(), seen);
}
