//! The address to listen on.

use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::{fmt, io};

/// An address or host name, with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListenAddress(String);

impl ListenAddress {
    /// Returns the addresses that it resolves to, IPv4 first.
    pub(crate) fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let mut addresses: Vec<SocketAddr> = self.0.to_socket_addrs()?.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        addresses.dedup();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the host name has no address"));
        }
        Ok(addresses)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ListenAddress {
    type Err = &'static str;

    /// Parses an address or host name with a port. A port alone means the loopback address:
    /// listening on every address must be explicit.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORMS: &str = "write 127.0.0.1:8787, [::1]:8787, localhost:8787, 0.0.0.0:8787, or 8787 for a port \
             of the loopback address";
        if text.parse::<SocketAddr>().is_ok() {
            return Ok(Self(text.to_owned()));
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if !is_port || port.parse::<u16>().is_err() || !is_name {
            return Err(FORMS);
        }
        let host = if host.is_empty() { "127.0.0.1" } else { host };
        Ok(Self(format!("{host}:{port}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_names_and_ports_are_understood() {
        for (text, means) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:8787", "[::1]:8787"),
            ("localhost:8787", "localhost:8787"),
            (":8787", "127.0.0.1:8787"),
            ("8787", "127.0.0.1:8787"),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), means);
            let addresses = address.resolve().unwrap();
            if text != "0.0.0.0:80" {
                assert!(addresses.iter().all(|address| address.ip().is_loopback()), "{text}");
            }
        }
        for text in
            ["", ":", "localhost", "::1:80", "localhost:", "a b:80", "http://a:80", "80000", "+80"]
        {
            let refused = text.parse::<ListenAddress>().unwrap_err();
            assert!(refused.contains("localhost:8787"), "{text}");
        }
    }
}
