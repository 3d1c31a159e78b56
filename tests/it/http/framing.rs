//! HTTP framing: requests that servers might read differently are refused.

use crate::http::hostile::{BODY, get, post, send, seq, with_host};
use crate::support::database::fresh;
use crate::support::long;
use crate::support::server::{Error, Server};

#[expect(clippy::too_many_lines, reason = "a table")]
/// Requests whose framing is wrong, and the statuses that are right; 0 is a
/// closed connection.
fn framings() -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    let length = format!("Content-Length: {}\r\n", BODY.len());
    let (size, close) = (format!("{:x}", BODY.len()), "Connection: close\r\n");
    let chunked = "Transfer-Encoding: chunked\r\n";
    let chunks = format!("{size}\r\n{BODY}\r\n0\r\n\r\n");
    vec![
        ("no host", post(&format!("{close}{length}"), BODY), &[400]),
        (
            "two hosts",
            post(&format!("Host: localhost\r\nHost: localhost\r\n{length}"), BODY),
            &[400],
        ),
        ("a host of two", post(&format!("Host: a, b\r\n{length}"), BODY), &[400]),
        ("a host with a path", post(&format!("Host: a/b\r\n{length}"), BODY), &[400]),
        ("a host with a user", post(&format!("Host: a@b\r\n{length}"), BODY), &[400]),
        ("a host with a space", post(&format!("Host: a b\r\n{length}"), BODY), &[400]),
        ("two lengths", with_host(&format!("{length}Content-Length: 1\r\n"), BODY), &[400]),
        ("a list of lengths", with_host("Content-Length: 5, 5\r\n", BODY), &[400]),
        ("a negative length", with_host("Content-Length: -1\r\n", BODY), &[400]),
        ("a length with a sign", with_host("Content-Length: +5\r\n", BODY), &[400]),
        ("a length in hex", with_host("Content-Length: 0x10\r\n", BODY), &[400]),
        (
            "a huge length",
            with_host("Content-Length: 99999999999999999999999\r\n", BODY),
            &[400, 413],
        ),
        ("a gigabyte", with_host("Content-Length: 1073741824\r\n", ""), &[413]),
        (
            "a gigabyte, politely",
            with_host("Expect: 100-continue\r\nContent-Length: 1073741824\r\n", ""),
            &[413],
        ),
        (
            "chunked twice",
            with_host("Transfer-Encoding: chunked, chunked\r\n", &chunks),
            &[400, 501],
        ),
        ("chunked in two headers", with_host(&format!("{chunked}{chunked}"), &chunks), &[400]),
        (
            "another encoding",
            with_host("Transfer-Encoding: gzip, chunked\r\n", &chunks),
            &[400, 501],
        ),
        ("identity", with_host("Transfer-Encoding: identity\r\n", BODY), &[400, 501]),
        ("nearly chunked", with_host("Transfer-Encoding: xchunked\r\n", &chunks), &[400, 501]),
        ("a tab before chunked", with_host("Transfer-Encoding : chunked\r\n", &chunks), &[400]),
        ("a bad chunk size", with_host(chunked, "zz\r\nabc\r\n0\r\n\r\n"), &[400]),
        ("a chunk size with a sign", with_host(chunked, "-1\r\nabc\r\n0\r\n\r\n"), &[400]),
        ("a chunk size too large", with_host(chunked, "fffffffffffffffff\r\nabc"), &[400, 413]),
        ("a chunk of a gigabyte", with_host(chunked, "40000000\r\nabc"), &[408]),
        (
            "a chunk longer than said",
            with_host(chunked, &format!("5\r\n{BODY}\r\n0\r\n\r\n")),
            &[400],
        ),
        ("no last chunk", with_host(chunked, &format!("{size}\r\n{BODY}\r\n")), &[408]),
        ("half a body", with_host(&length, &BODY[..40]), &[408]),
        ("a header without a colon", with_host("Nonsense\r\n", ""), &[400]),
        ("a space before the colon", with_host("X-A : 1\r\n", ""), &[400]),
        ("a NUL in a header", with_host("X-A: a\0b\r\n", ""), &[400]),
        ("a folded header", with_host("X-A: a\r\n b\r\n", ""), &[400]),
        (
            "a header of 70,000 bytes",
            with_host(&format!("X-A: {}\r\n", "a".repeat(70_000)), ""),
            &[400, 431],
        ),
        ("500 headers", with_host(&"X-A: 1\r\n".repeat(500), ""), &[400, 431]),
        ("a path of 70,000 bytes", get(&format!("/{}", "a".repeat(70_000))), &[400, 414, 431]),
        (
            "a head without end",
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ".to_vec(),
            &[0, 400, 408],
        ),
        ("a bare line", b"\r\n\r\n\r\n\r\n".to_vec(), &[0, 400]),
        ("nothing", b"".to_vec(), &[0]),
        ("noise", (0..=255).collect(), &[0, 400]),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[0, 400, 505]),
        ("HTTP/3.0", b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n".to_vec(), &[0, 400, 505]),
        (
            "TLS",
            [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[7; 512]].concat(),
            &[0, 400],
        ),
        ("no version", b"GET /healthz\r\n\r\n".to_vec(), &[0, 400]),
        (
            "a method of signs",
            b"{}[] /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
            &[400],
        ),
        (
            "a proxy's CONNECT",
            b"CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\nConnection: close\r\n\r\n".to_vec(),
            &[400],
        ),
        (
            "TRACE",
            b"TRACE /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_vec(),
            &[405],
        ),
        (
            "options of all",
            b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_vec(),
            &[404, 405],
        ),
        (
            "an own method",
            b"GETT /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_vec(),
            &[405],
        ),
    ]
}

#[test]
fn framing_that_is_wrong_is_refused() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let limits = ["--header-timeout-ms", "700", "--body-timeout-ms", "700"];
    let server = Server::start_with(&db, &limits)?;
    long::tell("hostile inputs", framings().len());
    for (name, raw, expected) in framings() {
        let status = send(&server, &raw)?;
        assert!(expected.contains(&status), "{name}: {status}");
        assert_eq!(seq(&server)?, 0, "{name}");
    }
    // What only looks odd is taken.
    let length = format!("Content-Length: {}\r\n", BODY.len());
    let one = |chunks: String, c: char| format!("{chunks}1;name=\"value\"\r\n{c}\r\n");
    let chunks = BODY.chars().fold(String::new(), one);
    let trailers = format!("{chunks}0\r\nX-Trailer: 1\r\nContent-Length: 5\r\n\r\n");
    let chunked = "Transfer-Encoding: chunked\r\n";
    let smuggled =
        format!("{trailers}POST /webhooks HTTP/1.1\r\nHost: localhost\r\n{length}\r\n{BODY}");
    for (name, raw) in [
        ("length and chunks: these count", with_host(&format!("{length}{chunked}"), &trailers)),
        ("chunks and length 0", with_host(&format!("{chunked}Content-Length: 0\r\n"), &trailers)),
        // The connection ends although nobody asked for that.
        ("what follows the chunks", post(&format!("Host: localhost\r\n{chunked}Content-Length: 5\r\n"), &smuggled)),
        ("the length twice", with_host(&format!("{length}{length}"), BODY)),
        ("HTTP/1.0", format!("POST /webhooks HTTP/1.0\r\n{length}\r\n{BODY}").into_bytes()),
        ("trailers", with_host("Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n", &trailers)),
        ("an upgrade", with_host(&format!("Upgrade: h2c\r\nConnection: Upgrade\r\n{length}"), BODY)),
        ("an IPv6 host", post(&format!("Host: [::1]:80\r\nConnection: close\r\n{length}"), BODY)),
        ("a whole address", format!("POST http://localhost/webhooks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{length}\r\n{BODY}").into_bytes()),
    ] {
        assert_eq!(send(&server, &raw)?, 200, "{name}");
    }
    assert_eq!(seq(&server)?, 9);
    Ok(())
}
