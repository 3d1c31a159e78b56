//! `relata health`: checks whether a server accepts deliveries, for a health check.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use crate::cli::output::print_line;
use crate::config::HealthArgs;

/// Maximum size of the answer, in bytes.
const ANSWER_BYTES: u64 = 64 << 10;

pub(super) fn run(health: &HealthArgs) -> anyhow::Result<ExitCode> {
    let addresses = health.listen.resolve().with_context(|| health.listen.to_string())?;
    let mut answer = Err(anyhow::anyhow!("there is no address to ask"));
    for address in addresses.into_iter().map(reachable) {
        answer = ask(address, Duration::from_millis(health.timeout_ms))
            .with_context(|| format!("http://{address}/readyz"));
        if answer.is_ok() {
            break;
        }
    }
    print_line(answer?)?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the address to connect to: loopback for a server that listens on every address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn ask(address: SocketAddr, patience: Duration) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("that is not an HTTP answer")?;
    anyhow::ensure!(head.starts_with("HTTP/1.1 200 "), "{body}");
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_asked_on_this_machine() {
        for (listens, asked) in [
            ("0.0.0.0:8787", "127.0.0.1:8787"),
            ("[::]:8787", "[::1]:8787"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse().unwrap(), "{listens}");
        }
    }
}
