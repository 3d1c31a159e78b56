//! Every flag as a variable of the environment.

use clap::Command;

/// Has every flag that names no variable of its own read the one of its name,
/// `--max-hops` that is `RELATA_MAX_HOPS`, here and in the commands below.
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

fn variable(flag: &str) -> String {
    format!("RELATA_{}", flag.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Config;
    use super::*;

    /// Every flag of a command and of those below it, with the command's path.
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
            // One variable means the same in every command that reads it.
            let kind = (flag.get_action().takes_values(), path.clone());
            let first = kinds.entry(read.clone()).or_insert_with(|| kind.clone());
            assert_eq!(first.0, kind.0, "{read} differs between {} and {path}", first.1);
        }
    }

    #[test]
    fn what_deletes_reads_no_variable_of_others() {
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
