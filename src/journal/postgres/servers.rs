//! The servers that the URL of a database names, and how each is connected to.
//!
//! A URL means what it means to libpq. What libpq would do and this does not is refused: a
//! parameter that is left out in silence may be the one that protects a password.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// The port of a server whose port is not named.
const PORT: u16 = 5432;

/// Parameters that mean to the client what they mean to libpq.
const PASSED_ON: [&str; 8] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "connect_timeout",
    "target_session_attrs",
    "channel_binding",
];

/// Parameters that are read here.
const READ_HERE: [&str; 4] = ["host", "hostaddr", "port", "sslmode"];

/// Other parameters of libpq, and what to do instead. Only names that are known to be none of
/// a password are quoted in an error.
const REFUSED: [(&str, &str); 22] = [
    ("sslrootcert", "let PGSSLROOTCERT name the file"),
    ("passfile", "let PGPASSFILE name the file"),
    ("load_balance_hosts", "servers are tried in the order in which they are named"),
    ("ssl", "write sslmode=require"),
    ("requiressl", "write sslmode=require"),
    ("sslcert", "let the role log in with a password"),
    ("sslkey", "let the role log in with a password"),
    ("sslpassword", "let the role log in with a password"),
    ("sslcrl", "certificates are verified by PGSSLROOTCERT alone"),
    ("sslcrldir", "certificates are verified by PGSSLROOTCERT alone"),
    ("sslnegotiation", "leave it out"),
    ("ssl_min_protocol_version", "leave it out: it is TLS 1.2"),
    ("ssl_max_protocol_version", "leave it out"),
    ("require_auth", "leave it out"),
    ("requirepeer", "leave it out"),
    ("gssencmode", "leave it out"),
    ("krbsrvname", "leave it out"),
    ("service", "write the URL in full"),
    ("client_encoding", "leave it out: it is UTF-8"),
    ("keepalives", "leave it out: Relata notices within seconds that a server is gone"),
    ("keepalives_idle", "leave it out: Relata notices within seconds that a server is gone"),
    ("tcp_user_timeout", "leave it out: Relata notices within seconds that a server is gone"),
];

const MISPLACED: &str = "an @ of a user, a password or a parameter is written as %40, a / as %2F \
    and a ? as %3F";

/// A server, by its name, its port and its address.
type Server = (Option<String>, u16, Option<IpAddr>);

/// Returns how to connect to each of the servers, in the order in which they are tried, or why
/// the URL cannot be used. Nothing of a password is in that.
pub(super) fn parse(url: &str) -> Result<Vec<Config>, String> {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    check_escapes(rest)?;
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = base.split_once('/').unwrap_or((base, ""));
    let (credentials, hosts) = authority.split_once('@').unwrap_or(("", authority));
    if [hosts, path, query].iter().any(|it| it.contains('@')) {
        return Err(MISPLACED.to_owned());
    }
    let parameters = parameters(query)?;
    let base = base_config(credentials, path, query, &parameters)?;
    let servers = servers(hosts, &parameters)?;
    let mode = ssl_mode(&servers, &parameters)?;
    servers.into_iter().map(|server| config_of(&base, server, mode)).collect()
}

/// Fails if a percent sign begins no escape: libpq refuses such a URL.
fn check_escapes(text: &str) -> Result<(), String> {
    let is_escape = |after: &str| {
        let digits = after.get(..2).unwrap_or_default();
        digits != "00" && digits.len() == 2 && digits.bytes().all(|it| it.is_ascii_hexdigit())
    };
    let are_escapes = text.split('%').skip(1).all(is_escape);
    are_escapes.then_some(()).ok_or_else(|| "a percent sign is written as %25".to_owned())
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "an escape is not one of UTF-8".to_owned())
}

/// Returns the names and the values of the parameters.
fn parameters(query: &str) -> Result<Vec<(String, String)>, String> {
    let mut found: Vec<(String, String)> = Vec::new();
    for part in query.split('&').filter(|_| !query.is_empty()) {
        let (name, value) = part.split_once('=').ok_or("a parameter has no value")?;
        let (name, value) = (decode(name)?, decode(value)?);
        if let Some((_, instead)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            return Err(format!("`{name}` is not supported; {instead}"));
        }
        if !PASSED_ON.contains(&&*name) && !READ_HERE.contains(&&*name) {
            return Err("it has a parameter that is not supported".to_owned());
        }
        if found.iter().any(|(earlier, _)| *earlier == name) {
            return Err(format!("`{name}` is given twice"));
        }
        found.push((name, value));
    }
    Ok(found)
}

fn parameter<'p>(parameters: &'p [(String, String)], name: &str) -> Option<&'p str> {
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

/// Returns what is the same for all servers.
fn base_config(
    credentials: &str,
    path: &str,
    query: &str,
    parameters: &[(String, String)],
) -> Result<Config, String> {
    let mut passed = Vec::new();
    for (part, (name, _)) in query.split('&').zip(parameters) {
        if PASSED_ON.contains(&&**name) {
            // Alone first: the client does not say which one is wrong.
            let alone = format!("postgres:///?{part}").parse::<Config>();
            alone.map_err(|_| format!("`{name}` has a value that is not supported"))?;
            passed.push(part);
        }
    }
    let at = if credentials.is_empty() { "" } else { "@" };
    let url = format!("postgres://{credentials}{at}/{path}?{}", passed.join("&"));
    let mut config: Config = url.parse().map_err(|_| "it cannot be read".to_owned())?;
    if config.get_application_name().is_none() {
        config.application_name("relata");
    }
    Ok(config)
}

/// Returns the servers that are named before the path or by parameters.
fn servers(hosts: &str, parameters: &[(String, String)]) -> Result<Vec<Server>, String> {
    let list = |name| parameter(parameters, name).map(|it| it.split(',').collect::<Vec<_>>());
    let [by_name, addresses, ports] = ["host", "hostaddr", "port"].map(list);
    if !hosts.is_empty() && (by_name.is_some() || ports.is_some()) {
        return Err("a host is named before the path and by a parameter, too".to_owned());
    }
    let addresses = addresses.unwrap_or_default().into_iter().map(str::parse);
    let addresses: Vec<IpAddr> = addresses
        .collect::<Result<_, _>>()
        .map_err(|_| "`hostaddr` is a list of addresses".to_owned())?;
    let mut servers: Vec<Server> = if hosts.is_empty() {
        let names: Vec<_> = match by_name {
            Some(all) => all.into_iter().map(|it| Some(it.to_owned())).collect(),
            None => vec![None; addresses.len()],
        };
        names.into_iter().map(|name| (name, PORT, None)).collect()
    } else {
        hosts.split(',').map(host_and_port).collect::<Result<_, _>>()?
    };
    if servers.is_empty() {
        return Err("it names no host; of this machine, that is localhost".to_owned());
    }
    if servers.iter().any(|(name, ..)| name.as_deref().is_some_and(|it| !is_host(it))) {
        return Err("a host has no name".to_owned());
    }
    set_ports(&mut servers, ports)?;
    if !addresses.is_empty() && addresses.len() != servers.len() {
        return Err("`hostaddr` has an address for each host, or for none".to_owned());
    }
    for (server, address) in servers.iter_mut().zip(addresses) {
        server.2 = Some(address);
    }
    Ok(servers)
}

fn is_host(name: &str) -> bool {
    !name.is_empty() && !name.contains('@')
}

fn set_ports(servers: &mut [Server], ports: Option<Vec<&str>>) -> Result<(), String> {
    let Some(ports) = ports else { return Ok(()) };
    let ports: Vec<u16> = ports.into_iter().map(port).collect::<Result<_, _>>()?;
    if ports.len() != 1 && ports.len() != servers.len() {
        return Err("`port` has a port for each host, or one for all".to_owned());
    }
    for (server, port) in servers.iter_mut().zip(ports.into_iter().cycle()) {
        server.1 = port;
    }
    Ok(())
}

/// Reads a host and its port, as they stand before the path.
fn host_and_port(text: &str) -> Result<Server, String> {
    let (name, after) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, after)) => (name, after),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let number = match after.strip_prefix(':') {
        Some(number) => port(&decode(number)?)?,
        None if after.is_empty() => PORT,
        None => return Err("after the ] of a host comes its port".to_owned()),
    };
    Ok((Some(decode(name)?), number, None))
}

fn port(text: &str) -> Result<u16, String> {
    let port = if text.is_empty() { Some(PORT) } else { text.parse().ok() };
    port.filter(|port| *port > 0).ok_or_else(|| "a port is not one of 1 to 65535".to_owned())
}

/// Returns whether TLS is used. Certificates are always verified where it is, names of hosts
/// included, so `require`, `verify-ca` and `verify-full` mean the same. With `allow`,
/// `prefer` or no `sslmode`, libpq connects without TLS where there is none, and does not say
/// so: here they mean `require`, unless all servers are of this machine.
fn ssl_mode(servers: &[Server], parameters: &[(String, String)]) -> Result<SslMode, String> {
    match parameter(parameters, "sslmode") {
        Some("disable") => Ok(SslMode::Disable),
        None | Some("allow" | "prefer") if servers.iter().all(is_local) => Ok(SslMode::Disable),
        None | Some("allow" | "prefer" | "require" | "verify-ca" | "verify-full") => {
            Ok(SslMode::Require)
        }
        Some(_) => Err("`sslmode` has a value that is not supported".to_owned()),
    }
}

/// Returns whether a server is of this machine.
fn is_local((name, _, address): &Server) -> bool {
    let is_loopback = |name: &str| name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let is_local = |name: &str| name == "localhost" || name.starts_with('/') || is_loopback(name);
    name.as_deref().is_none_or(is_local) && address.is_none_or(|it| it.is_loopback())
}

fn config_of(base: &Config, server: Server, mode: SslMode) -> Result<Config, String> {
    let (name, port, address) = server;
    if name.is_none() && mode == SslMode::Require {
        let reason = "`hostaddr` needs `host`, the name that the certificate is verified for";
        return Err(reason.to_owned());
    }
    let mut config = base.clone();
    config.port(port).ssl_mode(mode);
    if let Some(name) = name {
        config.host(&name);
    }
    if let Some(address) = address {
        config.hostaddr(address);
    } else if let Some(Host::Unix(_)) = config.get_hosts().first() {
        // There is no TLS over a socket of this machine, whatever `sslmode` says.
        config.ssl_mode(SslMode::Disable);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modes(place: &str) -> Result<Vec<SslMode>, String> {
        let servers = parse(&format!("postgres://ann@{place}"))?;
        Ok(servers.iter().map(Config::get_ssl_mode).collect())
    }

    #[test]
    fn tls_is_required_of_other_machines() {
        use SslMode::{Disable, Require};
        for (place, expected) in [
            ("localhost", Disable),
            ("127.0.0.1", Disable),
            ("127.8.0.1:5433", Disable),
            ("[::1]:5433", Disable),
            ("/relata?host=/run/postgresql", Disable),
            ("%2Frun%2Fpostgresql/relata", Disable),
            ("%2Frun%2Fpostgresql/relata?sslmode=require", Disable),
            ("localhost,127.0.0.1", Disable),
            ("db.example", Require),
            ("localhost.example", Require),
            ("10.0.0.1", Require),
            ("localhost?hostaddr=10.0.0.1", Require),
            ("?hostaddr=127.0.0.1", Disable),
            ("db.example?hostaddr=127.0.0.1", Require),
            ("?host=db.example", Require),
            ("db.example?sslmode=prefer", Require),
            ("db.example?sslmode=allow", Require),
            ("db.example?sslmode=require", Require),
            ("db.example?sslmode=verify-ca", Require),
            ("db.example?sslmode=verify-full", Require),
            ("db.example?sslmode=disable", Disable),
            ("db.example?ssl%6Dode=disa%62le", Disable),
            ("localhost?sslmode=allow", Disable),
            ("localhost?sslmode=prefer", Disable),
            ("localhost?sslmode=require", Require),
            ("localhost?sslmode=verify-ca", Require),
            ("localhost/x?application_name=sslmode=disable&sslmode=verify-full", Require),
        ] {
            let found = modes(place).unwrap();
            assert!(found.iter().all(|mode| *mode == expected), "{place}: {found:?}");
        }
        // One that is elsewhere is enough, for each but a socket.
        assert_eq!(modes("localhost,db.example").unwrap(), [Require, Require]);
        assert_eq!(modes("%2Frun,db.example").unwrap(), [Disable, Require]);
    }

    #[test]
    fn a_url_means_what_it_means_to_libpq() {
        for (url, expected) in [
            ("postgres://ann@db/x", "ann x db:5432"),
            ("postgres://ann@db", "ann - db:5432"),
            ("postgres://db/x", "- x db:5432"),
            ("postgres://an%40n:p%3Aw@db/%C5%82", "an@n ł p:w db:5432"),
            ("postgres://ann@db:/x", "ann x db:5432"),
            ("postgres://ann@a:1,b,[::1]:3/x", "ann x a:1 b:5432 ::1:3"),
            ("postgres://ann@/x?host=a,b&port=1,2", "ann x a:1 b:2"),
            ("postgres://ann@/x?host=a%2Cb&port=1", "ann x a:1 b:1"),
            ("postgres://ann@/x?host=/run/a&port=", "ann x /run/a:5432"),
            ("postgres:///x?host=a&user=bob&dbname=y&password=p%26w", "bob y p&w a:5432"),
            ("postgres://ann@a,b/x?hostaddr=127.0.0.1,::1", "ann x a:5432=127.0.0.1 b:5432=::1"),
            ("postgres:///x?hostaddr=127.0.0.1,::1&port=6", "- x :6=127.0.0.1 :6=::1"),
            ("POSTGRESQL://ann@db/x", "ann x db:5432"),
        ] {
            let servers = parse(url).unwrap_or_else(|reason| panic!("{url}: {reason}"));
            let mut shown: Vec<String> = Vec::new();
            for server in &servers {
                if shown.is_empty() {
                    shown.push(server.get_user().unwrap_or("-").to_owned());
                    shown.push(server.get_dbname().unwrap_or("-").to_owned());
                    let password = server.get_password().map(String::from_utf8_lossy);
                    shown.extend(password.map(std::borrow::Cow::into_owned));
                }
                let host = match server.get_hosts() {
                    [Host::Tcp(name)] => name.clone(),
                    [Host::Unix(path)] => path.display().to_string(),
                    _ => String::new(),
                };
                let addresses = server.get_hostaddrs().iter().map(|it| format!("={it}"));
                let address: String = addresses.collect();
                shown.push(format!("{host}:{}{address}", server.get_ports()[0]));
            }
            assert_eq!(shown.join(" "), expected, "{url}");
        }
    }

    /// What this does not do as libpq does, and what may be a password in the wrong place.
    #[test]
    fn what_is_not_supported_is_refused() {
        for (rest, expected) in [
            ("db?sslmode=verify", "`sslmode` has a value"),
            ("db?sslmode=", "`sslmode` has a value"),
            ("db?sslmode=Require", "`sslmode` has a value"),
            ("db?sslmode=require&sslmode=disable", "`sslmode` is given twice"),
            ("db?sslrootcert=/SECRET", "`sslrootcert` is not supported; let PGSSLROOTCERT"),
            ("db?require_auth=scram-sha-256", "`require_auth` is not supported"),
            ("db?target_session_attrs=SECRET", "`target_session_attrs` has a value"),
            ("db?channel_binding=SECRET", "`channel_binding` has a value"),
            ("db?load_balance_hosts=random", "are tried in the order"),
            ("db?password=a&SECRET=b", "it has a parameter that is not supported"),
            ("db?SECRET", "a parameter has no value"),
            ("db?sslmode=require&", "a parameter has no value"),
            ("ann:%SECRET@db", "a percent sign is written as %25"),
            ("ann:SECRET%00@db", "a percent sign is written as %25"),
            ("ann:SECRET%2@db", "a percent sign is written as %25"),
            ("ann%FF:SECRET@db", "it cannot be read"),
            ("ann:a@SECRET@db", "an @ of a user, a password"),
            ("ann:a/SECRET@db", "an @ of a user, a password"),
            ("ann:a?SECRET@db", "an @ of a user, a password"),
            ("db/x?application_name=a@SECRET", "an @ of a user, a password"),
            ("a?host=b", "named before the path and by a parameter"),
            ("a?port=5433", "named before the path and by a parameter"),
            ("", "it names no host"),
            ("ann@/x", "it names no host"),
            ("ann@a,,b/x", "a host has no name"),
            ("ann@:5433/x", "a host has no name"),
            ("?host=%40SECRET", "a host has no name"),
            ("ann:SECRET/x", "a port is not one of"),
            ("db:0", "a port is not one of"),
            ("db:65536", "a port is not one of"),
            ("::1", "a port is not one of"),
            ("[::1]5432", "after the ] of a host"),
            ("?host=a,b,c&port=1,2", "`port` has a port for each"),
            ("a,b?hostaddr=127.0.0.1", "`hostaddr` has an address for each"),
            ("a?hostaddr=SECRET", "`hostaddr` is a list of addresses"),
            ("?hostaddr=10.0.0.1", "`hostaddr` needs `host`"),
        ] {
            let refused = parse(&format!("postgres://{rest}")).unwrap_err();
            assert!(refused.contains(expected), "{rest}: {refused}");
            assert!(!refused.contains("SECRET"), "{rest}: {refused}");
        }
    }
}
