//! A node as the command line gives it.

use std::str::FromStr;

use relata::{NodeRef, ParseNodeRefError};

/// A node as the command line gives it: a reference, or the name of a record, which may look
/// like one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeArg(pub(crate) NodeRef);

impl FromStr for NodeArg {
    type Err = ParseNodeRefError;

    /// Takes every text that may be a reference. A name that may not, because it begins or
    /// ends with its only slash, is found without it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use relata::graph::Condition;

    use super::*;
    use crate::config::{ConditionArg, Config};

    /// Calls this with every argument of a command and its subcommands.
    fn each_argument(command: &clap::Command, each: &mut impl FnMut(&str, &clap::Arg)) {
        for argument in command.get_arguments() {
            each(command.get_name(), argument);
        }
        for below in command.get_subcommands() {
            each_argument(below, each);
        }
    }

    /// The help of an argument that is a node shows it by these words, by which
    /// `tests/it/cli/names.rs` finds it.
    #[test]
    fn every_argument_that_is_a_node_may_be_a_name() {
        let mut found = 0;
        each_argument(&Config::known(), &mut |command, argument| {
            let parsed = argument.get_value_parser().type_id();
            let shown = argument.get_value_names().unwrap_or_default();
            let shown: Vec<&str> = shown.iter().map(clap::builder::Str::as_str).collect();
            let id = argument.get_id();
            for plain in [TypeId::of::<NodeRef>(), TypeId::of::<Condition>()] {
                assert!(parsed != plain, "{command} {id} takes no names: make it a `NodeArg`");
            }
            let known: &[&str] = if parsed == TypeId::of::<NodeArg>() {
                &["NODE", "FROM", "TO"]
            } else if parsed == TypeId::of::<ConditionArg>() {
                &["COND"]
            } else {
                return;
            };
            assert!(known.iter().any(|name| shown == [*name]), "{command} {id}: {shown:?}");
            found += 1;
        });
        assert!(found >= 12, "{found}");
    }

    #[test]
    fn every_node_arg_is_the_text_that_was_given() {
        for text in ["contact", "contact/a/b", "12 Maple Street", "A/C Repair", "a//"] {
            assert_eq!(text.parse::<NodeArg>().unwrap().0.to_string(), text);
        }
    }
}
