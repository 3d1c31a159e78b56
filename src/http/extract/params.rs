//! Query parameters, read strictly: whatever is not understood is refused.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::graph::LinkFilter;
use crate::http::respond::problem::Problem;
use crate::model::{EventId, NodeRef, SEQ_MAX, Seq, Timestamp};
use crate::store::{AsOf, ParseAsOfError};

/// Maximum number of query parameters.
const PARAMETERS_MAX: usize = 128;

/// Maximum number of items in a page.
const LIMIT_MAX: usize = 1_000;

/// Number of items in a page where `limit` is not given.
const LIMIT_DEFAULT: usize = 100;

/// Maximum distance from the node in the middle of a neighborhood or export, in links.
const DEPTH_MAX: u32 = 8;

/// The parameters of one request, in order.
#[derive(Debug, Default)]
pub(crate) struct Query<'r>(Vec<(Cow<'r, str>, Cow<'r, str>)>);

impl<'r> Query<'r> {
    /// Parses the query of a URL.
    pub(crate) fn parse(raw: &'r str) -> Result<Self, Problem> {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty());
        if pairs.clone().count() > PARAMETERS_MAX {
            let why = format!("has more than {PARAMETERS_MAX} parameters");
            return Err(Problem::invalid_parameter("query", why));
        }
        let pair = |pair: &'r str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode_value(name).ok_or_else(|| {
                Problem::invalid_parameter("query", "is not percent-encoded UTF-8")
            })?;
            let value = decode_value(value)
                .ok_or_else(|| Problem::invalid_parameter(&name, "is not percent-encoded UTF-8"))?;
            Ok((name, value))
        };
        pairs.map(pair).collect::<Result<_, _>>().map(Self)
    }

    /// Refuses every parameter but these.
    pub(crate) fn deny_unknown(&self, known: &[&str]) -> Result<(), Problem> {
        match self.0.iter().find(|(name, _)| !known.contains(&&**name)) {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => {
                Err(Problem::invalid_parameter(name, "is unknown here: there are no parameters"))
            }
            Some((name, _)) => {
                let why = format!("is unknown here; known are {}", known.join(", "));
                Err(Problem::invalid_parameter(name, why))
            }
        }
    }

    /// Returns every value of a parameter that may be repeated.
    pub(crate) fn get_all(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.clone().into_owned()).collect()
    }

    /// Returns the value of a parameter that may be given once.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| &**value);
        if values.next().is_some() {
            return Err(Problem::invalid_parameter(name, "is repeated"));
        }
        Ok(value)
    }

    /// Returns the value of a parameter that is one of a few words.
    pub(crate) fn get_enum<T: FromStr>(
        &self,
        name: &str,
        words: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let why = |_| Problem::invalid_parameter(name, format!("is none of {words}"));
        text.parse().map(Some).map_err(why)
    }

    /// Returns the size of the page.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        Ok(self.number("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT))
    }

    /// Returns the distance from the node in the middle.
    pub(crate) fn depth(&self) -> Result<Option<u32>, Problem> {
        self.number("depth", 1..=DEPTH_MAX)
    }

    /// Returns the value of a parameter that is a number in decimal digits.
    pub(crate) fn number<N>(
        &self,
        name: &str,
        range: RangeInclusive<N>,
    ) -> Result<Option<N>, Problem>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let number = digits(text).filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| {
            let why = format!("is not a number from {} to {}", range.start(), range.end());
            Problem::invalid_parameter(name, why)
        })
    }

    /// Returns the value of a parameter that is an event id.
    pub(crate) fn event_id(&self, name: &str) -> Result<Option<EventId>, Problem> {
        let read = |text: &str| text.parse();
        let id = self.get(name)?.map(read).transpose();
        id.map_err(|error| Problem::invalid_parameter(name, error))
    }

    /// Returns the value of a required parameter that names a node.
    pub(crate) fn node(&self, name: &str) -> Result<NodeRef, Problem> {
        let why = "is missing; it names a node, as contact/emqf or contact";
        let text = self.get(name)?.ok_or_else(|| Problem::invalid_parameter(name, why))?;
        text.parse()
            .map_err(|error| Problem::invalid_parameter(name, format!("is not valid: {error}")))
    }

    /// Returns the value of a parameter that is a time.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let why = "is not an RFC 3339 time";
        text.parse().map(Some).map_err(|_| invalid_time(name, text, why))
    }

    /// Returns the state that a query reads, or `None` for the current one.
    pub(crate) fn as_of(&self) -> Result<Option<AsOf>, Problem> {
        self.moment("asOf")
    }

    /// Returns the value of a parameter that is a sequence number or a time.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<AsOf>, Problem> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|why: ParseAsOfError| invalid_time(name, text, why))
    }

    /// Removes `minSeq`, and returns the event that must be visible before the query runs.
    pub(crate) fn take_min_seq(&mut self) -> Result<Option<Seq>, Problem> {
        let seq = self.number("minSeq", 0..=SEQ_MAX)?;
        self.0.retain(|(name, _)| name != "minSeq");
        Ok(seq)
    }

    /// Removes the ticket that is given in place of a token, and returns it.
    pub(crate) fn take_ticket(&mut self) -> Result<Option<String>, Problem> {
        let ticket = self.get("ticket")?.map(str::to_owned);
        self.0.retain(|(name, _)| name != "ticket");
        Ok(ticket)
    }

    /// Returns the ordinal after which a list continues.
    pub(crate) fn place(&self) -> Result<Option<u32>, Problem> {
        let Some(text) = self.get("cursor")? else { return Ok(None) };
        let hex = text.strip_prefix('c').filter(|hex| {
            hex.len() == 8 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        });
        match hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) {
            Some(place) => Ok(Some(place)),
            None => Err(bad_cursor()),
        }
    }

    /// Returns a cursor that is a number, or 0 without one.
    pub(crate) fn number_cursor(&self) -> Result<u64, Problem> {
        let given = self.get("cursor")?;
        given.map_or(Ok(0), |text| digits(text).ok_or_else(bad_cursor))
    }

    /// Returns which links a query without a direction follows.
    pub(crate) fn along(&self) -> LinkFilter {
        let (labels, associations) = (self.get_all("label"), self.get_all("association"));
        LinkFilter { labels, associations, ..LinkFilter::default() }
    }
}

/// Returns the size of the page that a body asks for.
pub(crate) fn limit_of(given: Option<usize>) -> Result<usize, Problem> {
    let limit = given.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::invalid_parameter("limit", format!("is not a number from 1 to {LIMIT_MAX}")))
}

/// Decodes a name or value, in which `+` is a space. Returns `None` as [`decode`] does.
pub(crate) fn decode_value(raw: &str) -> Option<Cow<'_, str>> {
    if raw.contains('+') {
        return decode(&raw.replace('+', " ")).map(|text| Cow::Owned(text.into_owned()));
    }
    decode(raw)
}

/// Parses a number in decimal digits alone; `parse` would accept a sign before them.
fn digits<N: FromStr>(text: &str) -> Option<N> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Returns the problem of an invalid time. One with an offset loses its `+` where that is
/// not escaped.
fn invalid_time(name: &str, text: &str, why: impl Display) -> Problem {
    if text.contains(' ') {
        return Problem::invalid_parameter(
            name,
            format!("{why}: it contains a space; in a query + is a space, write it as %2B"),
        );
    }
    Problem::invalid_parameter(name, why)
}

/// Returns the problem of a cursor that no answer has given out.
pub(crate) fn bad_cursor() -> Problem {
    Problem::invalid_parameter("cursor", "is not a valid cursor")
}

/// Returns the problem of a cursor that belongs to a list in the other order.
pub(crate) fn of_other_order() -> Problem {
    Problem::invalid_parameter("cursor", "was issued for a different order")
}

/// Percent-decodes strictly: returns `None` for a stray `%` and for what is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let stray = text.split('%').skip(1).any(|after| {
        let hex = after.as_bytes().get(..2);
        !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    if stray {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: Result<&[(&str, &str)], &str>) {
        let read = Query::parse(raw).map(|query| query.0).map_err(|problem| problem.field);
        let expected = expected
            .map(|pairs| pairs.iter().map(|&(n, v)| (n.into(), v.into())).collect())
            .map_err(|field| Some(field.into()));
        assert_eq!(read, expected, "{raw}");
    }

    #[test]
    fn parameters_are_decoded_strictly() {
        check("", Ok(&[]));
        check("label=Interested%20Buyer", Ok(&[("label", "Interested Buyer")]));
        check(
            "label=Interested+Buyer&limit=3",
            Ok(&[("label", "Interested Buyer"), ("limit", "3")]),
        );
        check("label=a%2Bb%26c", Ok(&[("label", "a+b&c")]));
        check("label", Ok(&[("label", "")]));
        check("label=%", Err("label"));
        check("label=%4", Err("label"));
        check("label=%zz", Err("label"));
        check("label=%ff", Err("label"));
        check(&"a=1&".repeat(PARAMETERS_MAX), Ok(&[("a", "1"); PARAMETERS_MAX]));
        check(&"a=1&".repeat(PARAMETERS_MAX + 1), Err("query"));
    }

    #[test]
    fn limits_stay_in_their_range() {
        for (text, expected) in [
            ("1", Some(1)),
            ("1000", Some(1000)),
            ("0", None),
            ("1001", None),
            ("-1", None),
            ("+1", None),
            ("", None),
            ("1e2", None),
            ("99999999999999999999", None),
        ] {
            let query = Query(vec![("limit".into(), text.into())]);
            assert_eq!(query.limit().ok(), expected, "{text}");
        }
    }
}
