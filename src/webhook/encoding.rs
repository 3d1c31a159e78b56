//! Content encodings and byte order marks of bodies.

use std::io::{self, BufRead, Read};

use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

/// A byte order mark, which a reader may ignore (RFC 8259, section 8.1).
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns a body without the byte order mark that tools on Windows write before it.
pub fn strip_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(MARK).unwrap_or(body)
}

/// A content encoding (RFC 9110, section 8.4.1) that is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentEncoding {
    /// gzip, one member or several.
    Gzip,
    /// The zlib format. Nothing that begins like JSON is valid in it, so that no body can be
    /// read in two ways.
    Deflate,
}

/// The error for a content encoding that is not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the content encoding is not supported: send {}, or none", ContentEncoding::ACCEPTED)]
pub struct UnknownEncoding;

/// Why a packed body cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It would be larger than allowed.
    #[error("unpacked, the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// It is not valid in its encoding, or incomplete.
    #[error("the body cannot be unpacked: {0}")]
    Broken(#[source] io::Error),
}

impl ContentEncoding {
    /// The supported encodings, as `Accept-Encoding` lists them.
    pub const ACCEPTED: &str = "gzip, deflate";

    /// Parses `Content-Encoding`, which may be a list. Returns `None` if the body is not
    /// packed.
    pub fn of<'v>(
        values: impl IntoIterator<Item = &'v [u8]>,
    ) -> Result<Option<Self>, UnknownEncoding> {
        let mut found = None;
        let names = values.into_iter().flat_map(|value| value.split(|byte| *byte == b','));
        for name in names.map(<[u8]>::trim_ascii) {
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            let encoding = if name.is_empty() || is("identity") {
                continue;
            } else if is("gzip") || is("x-gzip") {
                Self::Gzip
            } else if is("deflate") {
                Self::Deflate
            } else {
                return Err(UnknownEncoding);
            };
            if found.replace(encoding).is_some() {
                return Err(UnknownEncoding);
            }
        }
        Ok(found)
    }

    /// Unpacks a body of at most this many bytes.
    pub fn unpack(self, body: &[u8], limit: usize) -> Result<Vec<u8>, UnpackError> {
        let mut unpacked = Vec::with_capacity(body.len().saturating_mul(4).min(limit));
        let mut reader = self.reader(body).take(limit as u64 + 1);
        reader.read_to_end(&mut unpacked).map_err(UnpackError::Broken)?;
        if unpacked.len() > limit {
            return Err(UnpackError::TooLarge { limit });
        }
        Ok(unpacked)
    }

    /// Returns a reader of the unpacked body.
    pub fn reader<'r>(self, packed: impl BufRead + 'r) -> Box<dyn Read + 'r> {
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Self::Deflate => Box::new(Deflated(ZlibDecoder::new(packed))),
        }
    }
}

/// Refuses bytes after the end, which the decoder ignores.
struct Deflated<R>(ZlibDecoder<R>);

impl<R: BufRead> Read for Deflated<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(to)?;
        if read == 0 && !to.is_empty() && !self.0.get_mut().fill_buf()?.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "bytes follow its end"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_header_is_read_as_a_list() {
        use ContentEncoding::{Deflate, Gzip};
        let read = |values: &[&str]| ContentEncoding::of(values.iter().map(|it| it.as_bytes()));
        for none in [&[][..], &[""], &["identity"], &["Identity", " , "]] {
            assert_eq!(read(none), Ok(None), "{none:?}");
        }
        for packed in [&["gzip"][..], &["GZip"], &["x-gzip"], &["identity, gzip"], &["", "gzip"]] {
            assert_eq!(read(packed), Ok(Some(Gzip)), "{packed:?}");
        }
        assert_eq!(read(&["deflate"]), Ok(Some(Deflate)));
        for unknown in [&["br"][..], &["zstd"], &["gzip, gzip"], &["gzip", "gzip"], &["gzip;q=1"]] {
            assert_eq!(read(unknown), Err(UnknownEncoding), "{unknown:?}");
        }
    }

    #[test]
    fn bodies_are_unpacked_to_the_last_byte_and_no_further_than_the_limit() {
        let body = b"{\"type\":\"ContactDelete\"}".repeat(100);
        let packed = [
            (ContentEncoding::Gzip, gzip(&body)),
            (ContentEncoding::Gzip, [gzip(&body[..7]), gzip(&body[7..])].concat()),
            (ContentEncoding::Deflate, deflate(&body)),
        ];
        for (encoding, packed) in packed {
            assert_eq!(encoding.unpack(&packed, body.len()).unwrap(), body, "{encoding:?}");
            let more = encoding.unpack(&packed, body.len() - 1).unwrap_err();
            assert!(matches!(more, UnpackError::TooLarge { .. }), "{encoding:?}");
            for cut in 0..packed.len() {
                let cut = encoding.unpack(&packed[..cut], body.len());
                assert!(cut.is_err() || cut.unwrap() != body, "{encoding:?}");
            }
            let followed = [&packed[..], b"{}"].concat();
            assert!(encoding.unpack(&followed, body.len()).is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn nothing_that_is_json_can_be_unpacked() {
        for json in ["{}", "[1]", " {}", "\n\t{}", "\"x\"", "8", "\u{feff}{}", "true", ""] {
            for encoding in [ContentEncoding::Gzip, ContentEncoding::Deflate] {
                assert!(encoding.unpack(json.as_bytes(), 100).is_err(), "{json} {encoding:?}");
            }
        }
    }

    #[test]
    fn a_bomb_costs_no_more_than_the_limit() {
        let bomb = gzip(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 100_000);
        let unpacked = ContentEncoding::Gzip.unpack(&bomb, 256 << 10);
        assert!(matches!(unpacked, Err(UnpackError::TooLarge { limit }) if limit == 256 << 10));
    }
}
