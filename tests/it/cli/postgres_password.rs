//! The password of a database is shown nowhere.

use std::fs::Permissions;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::cli::queries::{AMARA, HOUSE, check_refusal};
use crate::support::database::fresh;
use crate::support::postgres::shared;
use crate::support::sample::SAMPLE;
use crate::support::server::{Error, Server, relata};

const SECRET: &str = "Zq7xMARKERw";

/// Where a password may be given.
#[derive(Debug, Clone, Copy)]
enum Source {
    Url,
    Parameter,
    ConfigFile,
    Variable,
    PassFile,
}

const SOURCES: [Source; 5] =
    [Source::Url, Source::Parameter, Source::ConfigFile, Source::Variable, Source::PassFile];

/// A database whose role needs a password, and a folder for files that hold it.
struct Secured {
    directory: tempfile::TempDir,
    url: String,
}

impl Secured {
    fn new(url: String) -> Result<Self, Error> {
        let (directory, _) = fresh()?;
        std::fs::write(directory.path().join("sample.ndjson"), SAMPLE)?;
        Ok(Self { directory, url })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the command in the folder, given a password.
    fn command(&self, source: Source, password: &str) -> Result<Command, Error> {
        let mut command = relata();
        command.current_dir(self.directory.path()).env("HOME", self.directory.path());
        for variable in ["PGPASSWORD", "PGPASSFILE"] {
            command.env_remove(variable);
        }
        let with_password = self.url.replacen('@', &format!(":{password}@"), 1);
        match source {
            Source::Url => command.env("RELATA_DB", with_password),
            Source::Parameter => {
                command.env("RELATA_DB", format!("{}?password={password}", self.url))
            }
            Source::ConfigFile => {
                std::fs::write(self.path("relata.toml"), format!("db = \"{with_password}\"\n"))?;
                command.args(["--config", "relata.toml"])
            }
            Source::Variable => command.env("RELATA_DB", &self.url).env("PGPASSWORD", password),
            Source::PassFile => {
                let file = self.path("passwords");
                std::fs::write(&file, format!("*:*:*:*:{password}\n"))?;
                std::fs::set_permissions(&file, Permissions::from_mode(0o600))?;
                command.env("RELATA_DB", &self.url).env("PGPASSFILE", &file)
            }
        };
        Ok(command)
    }
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &output.stderr].concat()).into_owned()
}

/// What is given to a command so that it comes as far as the database.
fn arguments(command: &str) -> &'static [&'static str] {
    match command {
        "ingest" | "doctor" => &["sample.ndjson"],
        "find" => &["maple", "--location", "seaside-realty"],
        "links" => &[HOUSE, "--location", "seaside-realty"],
        "labels" | "neighborhood" | "history" => &[AMARA, "--location", "seaside-realty"],
        "match" => &["--all", AMARA, "--location", "seaside-realty"],
        "walk" => &[AMARA, "--step", "*", "--location", "seaside-realty"],
        "path" => &[AMARA, HOUSE, "--location", "seaside-realty"],
        "diff" => &["--from", "60", "--to", "110", "--location", "seaside-realty"],
        "export" => &["--format", "dot", "--location", "seaside-realty"],
        "erase" => &["--location", "nobody", "--yes"],
        "backup" => &["copy.db"],
        "token" | "dead-letters" => &["list"],
        "completions" => &["bash"],
        "pull" | "drift" => &["--location", "L", "--token-file", "sample.ndjson"],
        _ => &[],
    }
}

/// Returns the names of all commands, as help lists them.
fn commands() -> Result<Vec<String>, Error> {
    let help = shown(&relata().arg("--help").output()?);
    let (_, list) = help.split_once("Commands:\n").ok_or("no commands")?;
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| !line.starts_with("   "));
    Ok(names.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect())
}

#[test]
fn no_command_shows_the_password() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let secured = Secured::new(cluster.new_database_with_password(SECRET))?;
    let mut ingest = secured.command(Source::Variable, SECRET)?;
    assert!(ingest.args(["ingest", "sample.ndjson"]).output()?.status.success());
    let all = commands()?;
    assert!(all.len() > 20 && all.contains(&"summary".to_owned()), "{all:?}");
    let mut succeeded = Vec::new();
    // The next test is about `serve`.
    for (place, name) in all.iter().filter(|name| *name != "serve").enumerate() {
        // Each command in two ways.
        for source in [SOURCES[place % 5], SOURCES[(place + 2) % 5]] {
            let mut command = secured.command(source, SECRET)?;
            command.args(["--log", "trace", name]).args(arguments(name));
            let output = if name == "watch" { watch(&mut command)? } else { command.output()? };
            let text = shown(&output);
            assert!(!text.contains(SECRET), "{source:?} {name}: {text}");
            if output.status.success() && text.contains("executing statement batch") {
                succeeded.push(name.as_str());
            }
            let help = shown(&secured.command(source, SECRET)?.args([name, "--help"]).output()?);
            assert!(!help.contains(SECRET), "{source:?} {name}: {help}");
        }
    }
    // What the database's client logs was looked at, too.
    succeeded.dedup();
    assert!(succeeded.len() > 15, "{succeeded:?}");
    Ok(())
}

/// Lets a command run that goes on until it is told to end.
fn watch(command: &mut Command) -> Result<Output, Error> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    std::thread::sleep(Duration::from_secs(1));
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    assert!(told.success());
    Ok(child.wait_with_output()?)
}

/// A server that does not let the role in, and a URL that cannot be used.
#[test]
fn no_error_shows_the_password() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let right = cluster.new_database_with_password("right");
    let nowhere = "postgres://ann@127.0.0.1:1/relata".to_owned();
    let unusable = format!("{nowhere}?sslmode=nonsense");
    for (url, expected) in [(right, "(28P01)"), (nowhere, "refused"), (unusable, "`sslmode`")] {
        let secured = Secured::new(url.clone())?;
        for source in SOURCES {
            if url.contains('?') && matches!(source, Source::Parameter) {
                continue;
            }
            for name in ["summary", "serve", "token"] {
                let mut command = secured.command(source, SECRET)?;
                let output =
                    command.args(["--log", "trace", name]).args(arguments(name)).output()?;
                let text = shown(&output);
                assert!(text.contains(expected), "{source:?} {name}: {text}");
                assert!(!text.contains(SECRET), "{source:?} {name}: {text}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_server_shows_the_password_nowhere() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let secured = Secured::new(cluster.new_database_with_password(SECRET))?;
    for source in SOURCES {
        let mut serve = secured.command(source, SECRET)?;
        serve.args(["serve", "--listen", "127.0.0.1:0", "--log", "trace"]);
        serve.args(["--api-auth", "off", "--webhook-auth", "off"]);
        let mut server = Server::spawn(serve.stderr(Stdio::piped()))?;
        let mut log = server.child.stderr.take().ok_or("no log")?;
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).map(|_| text)
        });
        let place = secured.url.trim_start_matches("postgres://");
        assert!(server.ready.contains(&format!("postgres://{place}")), "{}", server.ready);
        let mut texts = vec![server.ready.clone()];
        let process = format!("/proc/{}/cmdline", server.id());
        texts.push(std::fs::read_to_string(process).unwrap_or_default());
        server.post("/webhooks", SAMPLE.lines().next().ok_or("empty")?.as_bytes())?;
        for path in ["/metrics", "/readyz", "/v1/locations", "/v1/dead-letters", "/openapi.json"] {
            texts.push(server.get(path)?.text());
        }
        server.signal("TERM")?;
        assert!(server.wait(Duration::from_secs(20))?.success());
        let log = reading.join().map_err(|_| "the reader has panicked")??;
        assert!(log.contains("executing statement batch"), "{log}");
        texts.push(log);
        for text in texts {
            assert!(!text.contains(SECRET), "{source:?}: {text}");
        }
    }
    Ok(())
}

/// `psql` does the same, and says so.
#[test]
fn a_file_of_passwords_that_others_may_read_is_ignored() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let secured = Secured::new(cluster.new_database_with_password(SECRET))?;
    let ask = |mode: u32, home: bool| -> Result<Output, Error> {
        let mut command = secured.command(Source::PassFile, SECRET)?;
        let mut file = secured.path("passwords");
        if home {
            std::fs::rename(&file, secured.path(".pgpass"))?;
            file = secured.path(".pgpass");
            command.env_remove("PGPASSFILE");
        }
        std::fs::set_permissions(file, Permissions::from_mode(mode))?;
        Ok(command.args(["token", "new", "--name", "x"]).output()?)
    };
    for home in [false, true] {
        assert!(ask(0o600, home)?.status.success());
        for mode in [0o640, 0o604] {
            let ignored = ask(mode, home)?;
            let text = shown(&ignored);
            assert_eq!(ignored.status.code(), Some(1), "{text}");
            assert!(text.contains("the file of passwords is ignored"), "{text}");
            assert_eq!(text.matches("chmod 600").count(), 1, "{text}");
            assert!(!text.contains(SECRET), "{text}");
        }
    }
    let mut missing = secured.command(Source::PassFile, SECRET)?;
    let missing = missing.env("PGPASSFILE", secured.path("none")).arg("summary").output()?;
    check_refusal(&missing, 1, "none: No such file");
    Ok(())
}
