//! The configuration file: flags by name, in TOML.

use std::path::PathBuf;

use anyhow::Context;
use clap::FromArgMatches;
use clap::error::ErrorKind;
use clap::parser::ValueSource;

use crate::config::variables::{is_empty, without_empty};
use crate::config::{Command, Config};

/// Why `--db` is refused.
const PASSWORD_SHOWN: &str = "--db has a password, which every user of this machine can see \
    while the command runs; put it into the file named by PGPASSFILE (~/.pgpass), into \
    PGPASSWORD, or set RELATA_DB to the whole URL";

/// Why a place of `relata copy` is refused: there may be two passwords.
const PASSWORD_SHOWN_TO_COPY: &str = "a URL has a password, which every user of this machine can \
    see while the command runs; put it into the file named by PGPASSFILE (~/.pgpass)";

impl Config {
    /// Reads the command line, the environment and the configuration file.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let mut command = without_empty(Self::known(), is_empty);
        if let Some(path) = config_path() {
            let text =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let settings: toml::Table = text.parse().with_context(|| path.display().to_string())?;
            for (name, value) in settings {
                let values = texts(&value).with_context(|| {
                    format!("{}: `{name}` is not a string, number, boolean or list", path.display())
                })?;
                let known;
                (command, known) = with_default(command, &name, &values);
                anyhow::ensure!(known, "{}: there is no flag --{name}", path.display());
            }
        }
        let matches = command.get_matches_mut();
        let read = Self::from_arg_matches(&matches);
        let config = read.unwrap_or_else(|error| error.exit());
        let is_on_command_line = matches.value_source("db") == Some(ValueSource::CommandLine);
        if is_on_command_line && config.db.has_password() {
            command.error(ErrorKind::ValueValidation, PASSWORD_SHOWN).exit();
        }
        match &config.command {
            Command::Match(it) if !it.has_start() => {
                let why = "match needs --all or --any, or --none with --object";
                command.error(ErrorKind::MissingRequiredArgument, why).exit();
            }
            Command::Find(it) => {
                if let Some(why) = it.fault() {
                    command.error(ErrorKind::ValueValidation, why).exit();
                }
            }
            Command::Copy(it) if it.from.has_password() || it.to.has_password() => {
                command.error(ErrorKind::ValueValidation, PASSWORD_SHOWN_TO_COPY).exit();
            }
            _ => {}
        }
        Ok(config)
    }
}

/// Returns the path of the configuration file, which must be known before anything else.
fn config_path() -> Option<PathBuf> {
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().map(PathBuf::from);
        }
        if let Some(path) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(PathBuf::from(path));
        }
    }
    std::env::var_os("RELATA_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Returns the values of a setting, as a command line would give them.
fn texts(value: &toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::String(text) => Some(vec![text.clone()]),
        toml::Value::Integer(number) => Some(vec![number.to_string()]),
        toml::Value::Float(number) => Some(vec![number.to_string()]),
        toml::Value::Boolean(yes) => Some(vec![yes.to_string()]),
        toml::Value::Array(values) => {
            let texts: Option<Vec<_>> = values.iter().map(texts).collect();
            texts.map(|texts| texts.concat())
        }
        _ => None,
    }
}

/// Makes these values the default of a flag, in the command and its subcommands. Also returns
/// whether any of them has that flag.
fn with_default(
    mut command: clap::Command,
    name: &str,
    values: &[String],
) -> (clap::Command, bool) {
    let id = command.get_arguments().find(|argument| argument.get_long() == Some(name));
    let id = id.map(|argument| argument.get_id().clone()).filter(|id| id != "file");
    let mut known = id.is_some();
    if let Some(id) = id {
        // Help shows defaults, and the URL of a database may have a password.
        let is_hidden = id == "db";
        command = command.mut_arg(id, |argument| {
            argument.default_values(values.to_vec()).hide_default_value(is_hidden)
        });
    }
    let below: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for subcommand in below {
        command = command.mut_subcommand(subcommand, |below| {
            let (below, found) = with_default(below, name, values);
            known |= found;
            below
        });
    }
    (command, known)
}
