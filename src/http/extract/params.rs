//! Query parameters, read strictly: whatever is not understood is refused.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::graph::LinkFilter;
use crate::http::respond::problem::Problem;
use crate::journal::SEQ_MAX;
use crate::model::{EventId, NodeRef, Seq, Timestamp};
use crate::store::{AsOf, ParseAsOfError};

/// More parameters than any question has.
const PARAMETERS_MAX: usize = 128;

/// The greatest page.
const LIMIT_MAX: usize = 1_000;

/// The page where none is asked for.
const LIMIT_DEFAULT: usize = 100;

/// Maximum distance from the node in the middle of a neighborhood or export, in links.
const DEPTH_MAX: u32 = 8;

/// The parameters of one request, in order.
#[derive(Debug, Default)]
pub(crate) struct Query<'r>(Vec<(Cow<'r, str>, Cow<'r, str>)>);

impl<'r> Query<'r> {
    pub(crate) fn parse(raw: &'r str) -> Result<Self, Problem> {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty());
        if pairs.clone().count() > PARAMETERS_MAX {
            let why = format!("has more than {PARAMETERS_MAX} parameters");
            return Err(Problem::invalid_parameter("query", why));
        }
        let pair = |pair: &'r str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = text(name).ok_or_else(|| {
                Problem::invalid_parameter("query", "is not percent-encoded UTF-8")
            })?;
            let value = text(value)
                .ok_or_else(|| Problem::invalid_parameter(&name, "is not percent-encoded UTF-8"))?;
            Ok((name, value))
        };
        pairs.map(pair).collect::<Result<_, _>>().map(Self)
    }

    /// Refuses every parameter but these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Problem> {
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

    /// Every value of a parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.clone().into_owned()).collect()
    }

    /// The value of a parameter that may stand once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| &**value);
        if values.next().is_some() {
            return Err(Problem::invalid_parameter(name, "stands more than once"));
        }
        Ok(value)
    }

    /// The value of a parameter that is one of a few words.
    pub(crate) fn choice<T: FromStr>(&self, name: &str, words: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let why = |_| Problem::invalid_parameter(name, format!("is none of {words}"));
        text.parse().map(Some).map_err(why)
    }

    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        Ok(self.number("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT))
    }

    pub(crate) fn depth(&self) -> Result<Option<u32>, Problem> {
        self.number("depth", 1..=DEPTH_MAX)
    }

    /// The value of a parameter that is a number in decimal digits.
    pub(crate) fn number<N>(
        &self,
        name: &str,
        range: RangeInclusive<N>,
    ) -> Result<Option<N>, Problem>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let number = digits(text).filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| {
            let why = format!("is not a number from {} to {}", range.start(), range.end());
            Problem::invalid_parameter(name, why)
        })
    }

    /// Returns the value of a parameter that is an event id.
    pub(crate) fn event_id(&self, name: &str) -> Result<Option<EventId>, Problem> {
        let read = |text: &str| text.parse();
        let id = self.one(name)?.map(read).transpose();
        id.map_err(|error| Problem::invalid_parameter(name, error))
    }

    /// The value of a parameter that must be there and names a node.
    pub(crate) fn node(&self, name: &str) -> Result<NodeRef, Problem> {
        let why = "is missing; it names a node, as contact/emqf or contact";
        let text = self.one(name)?.ok_or_else(|| Problem::invalid_parameter(name, why))?;
        text.parse().map_err(|error| Problem::invalid_parameter(name, format!("is off: {error}")))
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let why = "is not an RFC 3339 time";
        text.parse().map(Some).map_err(|_| invalid_time(name, text, why))
    }

    /// The moment that a question is about, if not now.
    pub(crate) fn as_of(&self) -> Result<Option<AsOf>, Problem> {
        self.moment("asOf")
    }

    /// The value of a parameter that is a seq or a time.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<AsOf>, Problem> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|why: ParseAsOfError| invalid_time(name, text, why))
    }

    /// Takes out the event that must be visible before the question is asked.
    pub(crate) fn take_min_seq(&mut self) -> Result<Option<Seq>, Problem> {
        let seq = self.number("minSeq", 0..=SEQ_MAX)?;
        self.0.retain(|(name, _)| name != "minSeq");
        Ok(seq)
    }

    /// Takes out what is shown in place of a token.
    pub(crate) fn take_ticket(&mut self) -> Result<Option<String>, Problem> {
        let ticket = self.one("ticket")?.map(str::to_owned);
        self.0.retain(|(name, _)| name != "ticket");
        Ok(ticket)
    }

    /// Returns the place after which a list continues.
    pub(crate) fn place(&self) -> Result<Option<u32>, Problem> {
        let Some(text) = self.one("cursor")? else { return Ok(None) };
        let hex = text.strip_prefix('c').filter(|hex| {
            hex.len() == 8 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        });
        match hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) {
            Some(place) => Ok(Some(place)),
            None => Err(bad_cursor()),
        }
    }

    /// A cursor that is a number; 0 if there is none.
    pub(crate) fn number_cursor(&self) -> Result<u64, Problem> {
        let given = self.one("cursor")?;
        given.map_or(Ok(0), |text| digits(text).ok_or_else(bad_cursor))
    }

    /// Returns which links a query without a direction follows.
    pub(crate) fn along(&self) -> LinkFilter {
        let (labels, associations) = (self.all("label"), self.all("association"));
        LinkFilter { labels, associations, ..LinkFilter::default() }
    }
}

/// The limit that a body gives.
pub(crate) fn limit_of(given: Option<usize>) -> Result<usize, Problem> {
    let limit = given.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::invalid_parameter("limit", format!("is not a number from 1 to {LIMIT_MAX}")))
}

/// Decodes a name or value, in which `+` means a space.
fn text(raw: &str) -> Option<Cow<'_, str>> {
    if raw.contains('+') {
        return decode(&raw.replace('+', " ")).map(|text| Cow::Owned(text.into_owned()));
    }
    decode(raw)
}

/// A number in decimal digits alone; `parse` would take a sign before them.
fn digits<N: FromStr>(text: &str) -> Option<N> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A time with an offset loses its `+` where that is not escaped.
fn invalid_time(name: &str, text: &str, why: impl Display) -> Problem {
    if text.contains(' ') {
        return Problem::invalid_parameter(
            name,
            format!("{why}: it has a blank; in a query + is a blank, write it as %2B"),
        );
    }
    Problem::invalid_parameter(name, why)
}

pub(crate) fn bad_cursor() -> Problem {
    Problem::invalid_parameter("cursor", "is not a cursor that an answer gave out")
}

/// Percent-decodes, strictly: `None` for a stray `%` and for what is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
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
