//! Every flag as an environment variable.

use std::ffi::OsStr;

use clap::Command;
use clap::builder::Resettable;

/// Gives every flag without an environment variable the one of its name, such as
/// `RELATA_MAX_HOPS` for `--max-hops`, in the command and its subcommands.
pub(super) fn with_variables(command: Command) -> Command {
    let command = command.mut_args(|argument| match argument.get_long() {
        Some(flag) if argument.get_env().is_none() => {
            let variable = variable(flag);
            argument.env(variable)
        }
        _ => argument,
    });
    command.mut_subcommands(with_variables)
}

/// Makes flags ignore variables that are empty, as if they were not set: compose files and
/// scripts pass on unset variables like that.
pub(super) fn without_empty(command: Command, is_empty: fn(&OsStr) -> bool) -> Command {
    let command = command.mut_args(|argument| match argument.get_env() {
        Some(variable) if is_empty(variable) => argument.env(Resettable::Reset),
        _ => argument,
    });
    command.mut_subcommands(|below| without_empty(below, is_empty))
}

/// Returns whether a variable is set but empty.
pub(super) fn is_empty(variable: &OsStr) -> bool {
    std::env::var_os(variable).is_some_and(|value| value.is_empty())
}

/// Returns whether the terminal can only print line by line.
pub(crate) fn is_dumb_terminal() -> bool {
    std::env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb")
}

/// Returns whether the environment allows colored output (no-color.org).
pub(crate) fn wants_color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && !is_dumb_terminal()
}

fn variable(flag: &str) -> String {
    format!("RELATA_{}", flag.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;

    /// Collects every flag of a command and its subcommands, with the path of the command.
    fn flags<'c>(path: &str, command: &'c Command, found: &mut Vec<(String, &'c clap::Arg)>) {
        let path = format!("{path} {}", command.get_name());
        let own = command.get_arguments().filter(|argument| argument.get_long().is_some());
        found.extend(own.map(|flag| (path.clone(), flag)));
        for below in command.get_subcommands() {
            flags(&path, below, found);
        }
    }

    #[test]
    fn every_flag_has_a_variable_of_its_name() {
        let command = Config::known();
        let mut found = Vec::new();
        flags("", &command, &mut found);
        assert!(found.len() > 80, "{}", found.len());
        let mut kinds: BTreeMap<String, (bool, String)> = BTreeMap::new();
        for (path, flag) in found {
            let name = variable(flag.get_long().unwrap());
            let read = flag.get_env().map(|name| name.to_string_lossy().into_owned());
            let read = read.unwrap_or_else(|| panic!("{path} --{} has none", flag.get_id()));
            let end = name.trim_start_matches("RELATA_");
            assert!(read.starts_with("RELATA_") && read.ends_with(end), "{path}: {read}");
            // A variable has the same meaning in every command that reads it.
            let kind = (flag.get_action().takes_values(), path.clone());
            let first = kinds.entry(read.clone()).or_insert_with(|| kind.clone());
            assert_eq!(first.0, kind.0, "{read} differs between {} and {path}", first.1);
        }
    }

    /// A compose file passed on `RELATA_LOG=${LOG_LEVEL}` without a level, and the server never
    /// logged a line.
    #[test]
    fn no_flag_reads_an_empty_variable() {
        let known = without_empty(Config::known(), |_| true);
        let mut found = Vec::new();
        flags("", &known, &mut found);
        assert!(found.len() > 80, "{}", found.len());
        for (path, flag) in found {
            assert_eq!(flag.get_env(), None, "{path} --{}", flag.get_id());
        }
        let known = without_empty(Config::known(), |name| name == "RELATA_LOG");
        let mut found = Vec::new();
        flags("", &known, &mut found);
        for (path, flag) in found {
            let is_log = flag.get_long() == Some("log");
            assert_eq!(flag.get_env().is_none(), is_log, "{path} --{}", flag.get_id());
        }
    }

    #[test]
    fn flags_that_delete_have_their_own_variables() {
        let known = Config::known();
        let mut found = Vec::new();
        flags("", &known, &mut found);
        let all = found.iter().filter(|(_, flag)| flag.get_long() == Some("all"));
        let read: Vec<_> = all.map(|(_, flag)| flag.get_env().unwrap().to_string_lossy()).collect();
        assert_eq!(
            read,
            [
                "RELATA_MATCH_ALL",
                "RELATA_ALL",
                "RELATA_DEAD_LETTERS_ALL",
                "RELATA_DEAD_LETTERS_ALL"
            ]
        );
    }
}
