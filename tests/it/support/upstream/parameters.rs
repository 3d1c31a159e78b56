//! Parameters and members of a body, checked as strictly as the sender does.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::answer::Answer;

/// The parameters of a query, or the members of a body as texts.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    values: Vec<(String, Value)>,
    faults: Vec<String>,
}

impl Parameters {
    /// Reads a query of which these names are known; a name of a list ends with `[]`.
    pub(crate) fn of_query(query: &str, known: &[&str]) -> Self {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let [name, value] = [name, value].map(|text| {
                percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
            });
            parameters.add(&name, value.into(), known);
        }
        parameters
    }

    /// Reads a body of which these members are known.
    pub(crate) fn of_body(body: &[u8], known: &[&str]) -> Result<Self, Answer> {
        let members: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|error| Answer::error(400, &format!("Unexpected token in JSON: {error}")))?;
        let mut parameters = Self::default();
        for (name, value) in members {
            parameters.add(&name, value, known);
        }
        Ok(parameters)
    }

    fn add(&mut self, name: &str, value: Value, known: &[&str]) {
        // `ids[]`, `ids[0]` and `ids` repeated are all one list.
        let list = name.split_once('[').map_or(name, |(list, _)| list);
        if known.contains(&&*format!("{list}[]")) {
            self.values.push((list.to_owned(), value));
        } else if !known.contains(&name) {
            self.faults.push(format!("property {name} should not exist"));
        } else if self.values.iter().any(|(given, _)| given == name) {
            self.faults.push(format!("{name} must not be repeated"));
        } else {
            self.values.push((name.to_owned(), value));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let found = self.values.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        let given = self.values.iter().filter(|(given, _)| given == name);
        given.filter_map(|(_, value)| value.as_str()).collect()
    }

    /// Reads a text that must be there.
    pub(crate) fn needed(&mut self, name: &str) -> String {
        let text = self.text(name).map(str::to_owned);
        if text.is_none() {
            self.faults.push(format!("{name} should not be empty"));
            self.faults.push(format!("{name} must be a string"));
        }
        text.unwrap_or_default()
    }

    /// Reads a number, given as one or as its digits.
    pub(crate) fn number(&mut self, name: &str) -> Option<usize> {
        let value = self.get(name)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        if number.is_none() {
            let fault = "must be a number conforming to the specified constraints";
            self.faults.push(format!("{name} {fault}"));
        }
        number.map(|number| number.try_into().unwrap())
    }

    pub(crate) fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    /// Refuses the request if anything was wrong with it.
    pub(crate) fn check(&self) -> Result<(), Answer> {
        if self.faults.is_empty() { Ok(()) } else { Err(Answer::unprocessable(&self.faults)) }
    }
}
