//! Conditions and steps on a command line: a short form, followed by what it cannot express,
//! separated by commas.

use std::fmt;

use relata::graph::LinkFilter;

use crate::config::node_arg::NodeArg;

/// Why a text is not a condition or step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FilterError {
    Backslash,
    NotNamed(String),
    Unknown(String),
    Side(String),
    Twice(&'static str),
    OfSteps,
    Node(relata::ParseNodeRefError),
}

impl std::error::Error for FilterError {}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backslash => {
                f.write_str(r"a backslash must precede a comma, an = or another backslash")
            }
            Self::NotNamed(text) => {
                write!(f, r"`{text}` is not NAME=VALUE; a comma in a value is written \,")
            }
            Self::Unknown(name) => write!(
                f,
                r"`{name}` is not one of label, association, object and side; an = in a label is written \="
            ),
            Self::Side(text) => write!(f, "side={text} is neither first nor second"),
            Self::Twice(name) => write!(f, "`{name}` is repeated"),
            Self::OfSteps => f.write_str("object= and side= are only for the steps of a walk"),
            Self::Node(error) => error.fmt(f),
        }
    }
}

/// The text between two commas.
#[derive(Debug, Default)]
struct Term {
    before: String,
    /// The text after the first `=`.
    after: Option<String>,
}

fn terms(text: &str) -> Result<Vec<Term>, FilterError> {
    let mut terms = Vec::new();
    let mut term = Term::default();
    let mut chars = text.chars();
    while let Some(mut c) = chars.next() {
        match c {
            ',' => {
                terms.push(std::mem::take(&mut term));
                continue;
            }
            '=' if term.after.is_none() => {
                term.after = Some(String::new());
                continue;
            }
            '\\' => {
                let taken = chars.next().filter(|c| matches!(c, ',' | '=' | '\\'));
                c = taken.ok_or(FilterError::Backslash)?;
            }
            _ => {}
        }
        term.after.as_mut().unwrap_or(&mut term.before).push(c);
    }
    terms.push(term);
    Ok(terms)
}

/// A condition of a match, on links to a node that is yet to be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConditionArg {
    pub(crate) linked_to: NodeArg,
    pub(crate) filter: LinkFilter,
}

/// Parses `NODE` or `NODE=LABEL`, and what follows it.
pub(crate) fn parse_condition(text: &str) -> Result<ConditionArg, FilterError> {
    let mut terms = terms(text)?.into_iter();
    let Term { before, after } = terms.next().unwrap_or_default();
    let linked_to = before.parse().map_err(FilterError::Node)?;
    let filter = terms.try_fold(labelled(after), named)?;
    if filter.object.is_some() || filter.side.is_some() {
        return Err(FilterError::OfSteps);
    }
    Ok(ConditionArg { linked_to, filter })
}

/// Parses a label, or requirements for each link, or both.
pub(crate) fn parse_step(text: &str) -> Result<LinkFilter, FilterError> {
    let mut terms = terms(text)?.into_iter();
    let filter = match terms.next().unwrap_or_default() {
        Term { before, after: None } => labelled(Some(before)),
        term => named(LinkFilter::default(), term)?,
    };
    terms.try_fold(filter, named)
}

fn labelled(label: Option<String>) -> LinkFilter {
    let label = label.filter(|label| !matches!(label.as_str(), "" | "*"));
    label.map_or_else(LinkFilter::default, |label| LinkFilter::default().label(label))
}

fn named(filter: LinkFilter, term: Term) -> Result<LinkFilter, FilterError> {
    let Term { before: name, after: Some(value) } = term else {
        return Err(FilterError::NotNamed(term.before));
    };
    match name.as_str() {
        "label" => Ok(filter.label(value)),
        "association" => Ok(filter.association(value)),
        "object" if filter.object.is_some() => Err(FilterError::Twice("object")),
        "side" if filter.side.is_some() => Err(FilterError::Twice("side")),
        "object" => Ok(filter.object(value)),
        "side" => match value.parse() {
            Ok(side) => Ok(filter.side(side)),
            Err(_) => Err(FilterError::Side(value)),
        },
        _ => Err(FilterError::Unknown(name)),
    }
}

#[cfg(test)]
mod tests {
    use relata::Side;

    use super::*;

    fn check_step(text: &str, expected: LinkFilter) {
        assert_eq!(parse_step(text), Ok(expected), "{text}");
    }

    fn check_condition(text: &str, node: &str, expected: LinkFilter) {
        let expected = ConditionArg { linked_to: node.parse().unwrap(), filter: expected };
        assert_eq!(parse_condition(text), Ok(expected), "{text}");
    }

    #[test]
    fn steps_are_labels_and_what_follows() {
        let any = LinkFilter::default;
        check_step("", any());
        check_step("*", any());
        check_step("Interested Buyer", any().label("Interested Buyer"));
        check_step("a:b/c", any().label("a:b/c"));
        check_step(r"Buyer\, Seller", any().label("Buyer, Seller"));
        check_step(r"1\=1\\", any().label(r"1=1\"));
        check_step("label=", any().label(""));
        check_step("label=*", any().label("*"));
        check_step("a,label=b", any().label("a").label("b"));
        check_step("*,object=contact", any().object("contact"));
        check_step(",side=second", any().side(Side::Second));
        check_step("association=a=b,association=c", any().association("a=b").association("c"));
    }

    #[test]
    fn conditions_are_nodes_and_what_follows() {
        let any = LinkFilter::default;
        check_condition("contact", "contact", any());
        check_condition(r"Smith\, Ann=Buyer", "Smith, Ann", any().label("Buyer"));
        check_condition("contact/a:b/c", "contact/a:b/c", any());
        check_condition("contact/a=", "contact/a", any());
        check_condition("contact/a=*", "contact/a", any());
        check_condition("contact/a=A=B", "contact/a", any().label("A=B"));
        check_condition(r"contact/a\=\==A", "contact/a==", any().label("A"));
        check_condition("contact/a,association=k", "contact/a", any().association("k"));
        check_condition(
            "contact/a=A,label=B,association=k",
            "contact/a",
            any().label("A").label("B").association("k"),
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let check = |text: &str, expected: FilterError| assert_eq!(parse_step(text), Err(expected));
        check("a,b", FilterError::NotNamed("b".to_owned()));
        check("a,", FilterError::NotNamed(String::new()));
        check("a=b", FilterError::Unknown("a".to_owned()));
        check("a,lable=b", FilterError::Unknown("lable".to_owned()));
        check("side=both", FilterError::Side("both".to_owned()));
        check("side=first,side=first", FilterError::Twice("side"));
        check("object=a,object=b", FilterError::Twice("object"));
        check(r"a\b", FilterError::Backslash);
        check(r"a\", FilterError::Backslash);
        assert_eq!(parse_condition("contact/a,side=first"), Err(FilterError::OfSteps));
        for text in ["", "=A", "/", "contact/"] {
            assert!(matches!(parse_condition(text), Err(FilterError::Node(_))), "{text}");
        }
    }

    #[test]
    fn every_node_and_label_can_be_written() {
        let written =
            |text: &str| text.replace('\\', r"\\").replace('=', r"\=").replace(',', r"\,");
        for text in ["a", "a=b,c\\", "\\", "==", ",", "*", "\\,"] {
            let node = format!("contact/{text}");
            let plain = LinkFilter::default().label(text);
            check_condition(
                &format!("{},label={}", written(&node), written(text)),
                &node,
                plain.clone(),
            );
            check_step(&format!("label={}", written(text)), plain);
        }
    }
}
