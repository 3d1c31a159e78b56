//! Conditions and steps as a command line writes them: a short form, and behind
//! commas what the short form cannot say.

use std::fmt;

use relata::graph::{Condition, LinkFilter};

/// Why a text is no condition or step.
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
                f.write_str(r"a backslash stands before a comma, an = or another backslash")
            }
            Self::NotNamed(text) => {
                write!(f, r"`{text}` is not NAME=VALUE; a comma that is no end is written \,")
            }
            Self::Unknown(name) => write!(
                f,
                r"`{name}` is none of label, association, object and side; an = in a label is written \="
            ),
            Self::Side(text) => write!(f, "side={text} is neither first nor second"),
            Self::Twice(name) => write!(f, "`{name}` stands twice"),
            Self::OfSteps => f.write_str("object= and side= go with steps of a walk"),
            Self::Node(error) => error.fmt(f),
        }
    }
}

/// What stands between two commas.
#[derive(Debug, Default)]
struct Part {
    before: String,
    /// What stands behind the first `=`.
    after: Option<String>,
}

fn parts(text: &str) -> Result<Vec<Part>, FilterError> {
    let mut parts = Vec::new();
    let mut part = Part::default();
    let mut chars = text.chars();
    while let Some(mut c) = chars.next() {
        match c {
            ',' => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            '=' if part.after.is_none() => {
                part.after = Some(String::new());
                continue;
            }
            '\\' => {
                let taken = chars.next().filter(|c| matches!(c, ',' | '=' | '\\'));
                c = taken.ok_or(FilterError::Backslash)?;
            }
            _ => {}
        }
        part.after.as_mut().unwrap_or(&mut part.before).push(c);
    }
    parts.push(part);
    Ok(parts)
}

/// Reads `NODE` or `NODE=LABEL`, and what follows it.
pub(crate) fn condition(text: &str) -> Result<Condition, FilterError> {
    let mut parts = parts(text)?.into_iter();
    let Part { before, after } = parts.next().unwrap_or_default();
    let mut condition = Condition::linked_to(before.parse().map_err(FilterError::Node)?);
    condition.filter = parts.try_fold(labelled(after), named)?;
    if condition.filter.object.is_some() || condition.filter.side.is_some() {
        return Err(FilterError::OfSteps);
    }
    Ok(condition)
}

/// Reads a label, or what each link must be, or both.
pub(crate) fn step(text: &str) -> Result<LinkFilter, FilterError> {
    let mut parts = parts(text)?.into_iter();
    let filter = match parts.next().unwrap_or_default() {
        Part { before, after: None } => labelled(Some(before)),
        part => named(LinkFilter::default(), part)?,
    };
    parts.try_fold(filter, named)
}

fn labelled(label: Option<String>) -> LinkFilter {
    let label = label.filter(|label| !matches!(label.as_str(), "" | "*"));
    label.map_or_else(LinkFilter::default, |label| LinkFilter::default().label(label))
}

fn named(filter: LinkFilter, part: Part) -> Result<LinkFilter, FilterError> {
    let Part { before: name, after: Some(value) } = part else {
        return Err(FilterError::NotNamed(part.before));
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
        assert_eq!(step(text), Ok(expected), "{text}");
    }

    fn check_condition(text: &str, node: &str, expected: LinkFilter) {
        let expected = Condition { linked_to: node.parse().unwrap(), filter: expected };
        assert_eq!(condition(text), Ok(expected), "{text}");
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
        let check = |text: &str, expected: FilterError| assert_eq!(step(text), Err(expected));
        check("a,b", FilterError::NotNamed("b".to_owned()));
        check("a,", FilterError::NotNamed(String::new()));
        check("a=b", FilterError::Unknown("a".to_owned()));
        check("a,lable=b", FilterError::Unknown("lable".to_owned()));
        check("side=both", FilterError::Side("both".to_owned()));
        check("side=first,side=first", FilterError::Twice("side"));
        check("object=a,object=b", FilterError::Twice("object"));
        check(r"a\b", FilterError::Backslash);
        check(r"a\", FilterError::Backslash);
        assert_eq!(condition("contact/a,side=first"), Err(FilterError::OfSteps));
        for text in ["", "=A", "/", "contact/"] {
            assert!(matches!(condition(text), Err(FilterError::Node(_))), "{text}");
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
