//! The query parameters of the sender's API.

use std::borrow::Cow;

use crate::http::compat::findings::Findings;
use crate::http::extract::params::decode_value;

/// Maximum number of rows of a page.
const LIMIT_MAX: usize = 1_000;

/// Number of rows of a page where `limit` is not given.
const LIMIT_DEFAULT: usize = 100;

/// Maximum size of a text, in bytes.
pub(super) const TEXT_BYTES: usize = 512;

/// Maximum number of values of a list.
const LIST_MAX: usize = 100;

/// The parameters of one request, and what is wrong with them.
#[derive(Debug)]
pub(super) struct Params<'r> {
    pairs: Vec<(Cow<'r, str>, Cow<'r, str>)>,
    pub(super) findings: Findings,
}

/// Which rows of a list a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rows {
    /// How many come before them. There are never as many as do not fit.
    pub(super) skip: usize,
    pub(super) limit: usize,
}

impl<'r> Params<'r> {
    /// Parses the query of a URL, in which these parameters may be.
    pub(super) fn parse(raw: &'r str, known: &[&str]) -> Self {
        let mut params = Self { pairs: Vec::new(), findings: Findings::default() };
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode_value(name), decode_value(value)) {
                (Some(name), _) if !known.contains(&base_name(&name)) => {
                    params.findings.unknown(&name);
                }
                (Some(name), Some(value)) => params.pairs.push((name, value)),
                (Some(name), None) => params.findings.not_text(&name),
                (None, _) => params.findings.unknown(name),
            }
        }
        params
    }

    /// Returns the first value of a parameter, and whether there are others.
    fn first(&self, name: &str) -> Option<(String, bool)> {
        let mut values = self.pairs.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next()?;
        Some((value.clone().into_owned(), values.next().is_some()))
    }

    /// Returns the value of a parameter that may be given once and has one.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let (value, is_repeated) = self.first(name)?;
        if is_repeated {
            self.findings.not_text(name);
        } else if value.is_empty() {
            self.findings.empty(name);
        } else if value.len() > TEXT_BYTES {
            self.findings.too_long(name, TEXT_BYTES);
        } else {
            return Some(value);
        }
        None
    }

    /// Returns which rows of a list are asked for.
    pub(super) fn rows(&mut self) -> Rows {
        let skip = self.number("skip", 0, 0, usize::MAX);
        Rows { skip, limit: self.number("limit", LIMIT_DEFAULT, 1, LIMIT_MAX) }
    }

    fn number(&mut self, name: &str, default: usize, least: usize, most: usize) -> usize {
        let Some((value, is_repeated)) = self.first(name) else { return default };
        let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|_| is_plain && !is_repeated);
        if let Some(number) = number.filter(|number| (least..=most).contains(number)) {
            return number;
        }
        self.findings.not_number(name);
        default
    }

    /// Returns the value of a parameter that is `true` or `false`; false where it is not given.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        let Some((value, is_repeated)) = self.first(name) else { return false };
        if is_repeated || !matches!(&*value, "true" | "false") {
            self.findings.add(format!("{name} must be a boolean value"));
        }
        value == "true"
    }

    /// Returns the values of a list, each once, or `None` if it is not given. The official
    /// clients write it as `name=a&name=b` and as `name[]=a`, others as `name[0]=a`.
    pub(super) fn list(&mut self, name: &str) -> Option<Vec<String>> {
        let of_list = self.pairs.iter().filter(|(known, _)| base_name(known) == name);
        let mut values: Vec<String> =
            of_list.map(|(_, value)| value.clone().into_owned()).collect();
        if values.is_empty() {
            return None;
        }
        values.sort_unstable();
        values.dedup();
        if values.len() > LIST_MAX {
            let finding = format!("{name} must contain no more than {LIST_MAX} elements");
            self.findings.add(finding);
        }
        Some(values)
    }
}

/// Returns the name of a list without the brackets of its elements.
fn base_name(name: &str) -> &str {
    match name.split_once('[') {
        Some((base @ "associationIds", index)) if is_index(index) => base,
        _ => name,
    }
}

fn is_index(index: &str) -> bool {
    index.strip_suffix(']').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}
