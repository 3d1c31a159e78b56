//! A PostgreSQL server of the tests' own, in a folder that goes with them.
//!
//! The crate's own tests include this file too: it names nothing of the crate.

#![cfg(unix)]

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What no test may depend on is off; `fsync` is on, since Relata refuses a server without.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = on
max_connections = 200
shared_buffers = 16MB
max_wal_size = 256MB
autovacuum_naptime = 10s
log_line_prefix = '%m [%p] %d '
";

/// Starts a server, and stops it when its input has a line or ends, as it does when the
/// process of the test ends in whatever way. Then the folder goes, too.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -p "$3" </dev/null >/dev/null 2>>"$2/log" &
server=$!
stop=
read -r stop
kill -QUIT "$server"
wait "$server"
[ -n "$stop" ] || rm -rf "$2"
"#;

/// Whose members are asked for a password; nobody else is.
const ASKED: &str = "asked";

/// How long a server may take to start: a crash comes before it, and other tests run.
pub(crate) const START_MAX: Duration = Duration::from_secs(60);

/// A server, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Where its programs are.
    pub(crate) programs: PathBuf,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
    /// Who runs it, where the tests run as root: it does not run as root.
    pub(crate) user: Option<(u32, u32)>,
    /// The shell that keeps it running; `None` while it is stopped.
    pub(crate) keeper: Option<Child>,
    pub(crate) is_paused: bool,
}

/// The server of all tests of this process that do not stop it.
static SHARED: LazyLock<Option<Cluster>> = LazyLock::new(Cluster::start);

/// Returns the server that the tests of this process share, which none of them may stop, or
/// `None` if PostgreSQL is not installed.
pub(crate) fn shared() -> Option<&'static Cluster> {
    SHARED.as_ref()
}

impl Cluster {
    /// Starts a new server on a free port of 127.0.0.1, or returns `None` and says so if
    /// PostgreSQL is not installed.
    #[expect(clippy::print_stderr, reason = "what is not tested must be seen")]
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let is_required =
                std::env::var_os("RELATA_POSTGRES").is_some_and(|it| it == "required");
            assert!(!is_required, "there is no initdb, and RELATA_POSTGRES=required");
            eprintln!("NOT TESTED: there is no initdb, so nothing is tried with PostgreSQL");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let user = rustix::process::geteuid().is_root().then(unprivileged_user);
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut cluster = Self { programs, folder, port: 0, user, keeper: None, is_paused: false };
        let mut initdb = cluster.program("initdb");
        initdb.args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"]);
        succeed(initdb.arg("-D").arg(cluster.data()));
        let mut settings = File::options().append(true).open(cluster.settings()).unwrap();
        settings.write_all(SETTINGS.as_bytes()).unwrap();
        let access = cluster.data().join("pg_hba.conf");
        let others = std::fs::read_to_string(&access).unwrap();
        std::fs::write(&access, format!("host all +{ASKED} all scram-sha-256\n{others}")).unwrap();
        // The port may be taken between the look and the start.
        for _ in 0..10 {
            cluster.port = free_port();
            if cluster.try_start() {
                return Some(cluster);
            }
        }
        panic!("PostgreSQL does not start:\n{}", cluster.log());
    }

    /// Starts the server again, on the same port and with the same data.
    pub(crate) fn start_again(&mut self) {
        assert!(self.keeper.is_none(), "it is running");
        assert!(self.try_start(), "PostgreSQL does not start:\n{}", self.log());
    }

    /// Stops the server at once, as a crash would: `SIGQUIT`, without a checkpoint.
    pub(crate) fn stop_immediately(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            keeper.stdin.take().unwrap().write_all(b"stop\n").unwrap();
            keeper.wait().unwrap();
        }
    }

    /// Returns the URL of the database that every server has.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Creates an empty database and returns its URL.
    pub(crate) fn new_database(&self) -> String {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", CREATED.fetch_add(1, Ordering::Relaxed));
        self.run_sql(&self.url(), &format!("CREATE DATABASE {name}"));
        self.url_of(&name)
    }

    /// Creates an empty database for a role that needs this password, and returns the URL
    /// without it.
    pub(crate) fn new_database_with_password(&self, password: &str) -> String {
        let url = self.new_database();
        let (_, name) = url.rsplit_once('/').unwrap();
        let role = format!("role_of_{name}");
        let sql = format!(
            "DO $$ BEGIN CREATE ROLE {ASKED}; EXCEPTION WHEN OTHERS THEN NULL; END $$; \
             CREATE ROLE {role} LOGIN PASSWORD '{password}' IN ROLE {ASKED}; \
             ALTER DATABASE {name} OWNER TO {role}"
        );
        self.run_sql(&self.url(), &sql);
        url.replace("postgres@", &format!("{role}@"))
    }

    /// Stops every process of the server where it is: it goes on taking connections, and
    /// answers nobody until it is resumed.
    pub(crate) fn pause(&mut self) {
        self.is_paused = true;
        self.signal("-STOP");
    }

    /// Lets the server go on.
    pub(crate) fn resume(&mut self) {
        self.is_paused = false;
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let lines = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let postmaster = lines.lines().next().unwrap();
        // First the one that would start others.
        succeed(Command::new("kill").args([name, postmaster]));
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", postmaster]).output();
        let children = String::from_utf8(children.unwrap().stdout).unwrap();
        // One that has ended since needs none: the others are sent theirs all the same.
        Command::new("kill").arg(name).args(children.split_whitespace()).output().unwrap();
    }

    /// Executes SQL by `psql` and returns the rows, a line each, columns separated by `|`.
    pub(crate) fn run_sql(&self, url: &str, sql: &str) -> String {
        let mut psql = self.program("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url]);
        let output = succeed(&mut psql);
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn settings(&self) -> PathBuf {
        self.data().join("postgresql.conf")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Prepares a program of PostgreSQL, with nothing of the environment that it would obey.
    pub(crate) fn program(&self, name: &str) -> Command {
        self.as_user(self.programs.join(name))
    }

    fn as_user(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Starts the server and returns whether it came up.
    pub(crate) fn try_start(&mut self) -> bool {
        let before = self.log().len();
        let mut shell = self.as_user("sh");
        shell.args(["-c", KEEPER, "sh"]).arg(&self.programs).arg(self.folder.path());
        // Ctrl+C ends the tests, and they the server.
        shell.arg(self.port.to_string()).process_group(0).stdin(Stdio::piped());
        let mut keeper = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while begun.elapsed() < START_MAX {
            std::thread::sleep(Duration::from_millis(20));
            if self.is_ready() {
                self.keeper = Some(keeper);
                return true;
            }
            if self.log().get(before..).is_some_and(|new| new.contains("is shut down")) {
                break;
            }
        }
        keeper.stdin.take().unwrap().write_all(b"stop\n").unwrap();
        keeper.wait().unwrap();
        false
    }

    /// Returns whether the server takes connections: what `pg_ctl` looks at.
    fn is_ready(&self) -> bool {
        let lines = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = lines.lines().skip(3);
        lines.next() == Some(&self.port.to_string())
            && lines.nth(3).is_some_and(|status| ["ready", "standby"].contains(&status.trim()))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            if self.is_paused {
                // It would not end.
                self.signal("-CONT");
            }
            drop(keeper.stdin.take());
            keeper.wait().unwrap();
        }
    }
}

/// Returns the folder of the programs: of Debian's newest version, or of the `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|it| Some((it.file_name().to_str()?.parse().ok()?, it.path().join("bin"))))
        .collect();
    versions.sort();
    let of_debian = versions.into_iter().rev().map(|(_, folder)| folder);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_initdb = |folder: &PathBuf| folder.join("initdb").is_file();
    of_debian.chain(std::env::split_paths(&path)).find(has_initdb)
}

/// Returns the user that Debian's package creates, and its group.
fn unprivileged_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let mut lines = users.lines().filter_map(|line| line.strip_prefix("postgres:"));
    let mut fields = lines.next().expect("there is no user `postgres`").split(':').skip(1);
    let mut next = || fields.next().unwrap().parse().unwrap();
    (next(), next())
}

/// Returns a port that nobody uses: below those that systems give to connections, of which
/// one could take it while the server is stopped.
pub(crate) fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % 10_000).unwrap();
    let ports = std::iter::repeat_with(|| {
        20_000 + (process + TRIED.fetch_add(1, Ordering::Relaxed) * 97) % 10_000
    });
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.take(100).find(is_free).expect("no port is free")
}

pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_keeps_what_was_committed_before_it_crashed() {
        let Some(mut cluster) = Cluster::start() else { return };
        let folder = cluster.folder.path().to_owned();
        let url = cluster.new_database();
        assert_ne!(url, cluster.url());
        cluster.run_sql(&url, "CREATE TABLE t AS SELECT 1 AS a, 'x' AS b");
        cluster.stop_immediately();
        assert!(folder.exists());
        cluster.start_again();
        assert_eq!(cluster.run_sql(&url, "SELECT * FROM t"), "1|x");
        assert!(cluster.log().contains("was interrupted"), "{}", cluster.log());
        drop(cluster);
        assert!(!folder.exists());
    }

    #[test]
    fn a_server_that_is_paused_goes_on_once_it_is_resumed() {
        let Some(mut cluster) = Cluster::start() else { return };
        let url = cluster.new_database();
        cluster.pause();
        let mut psql = cluster.program("psql");
        psql.args(["-X", "-c", "SELECT 1", &url]).stdout(Stdio::null());
        let mut asked = psql.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        assert!(asked.try_wait().unwrap().is_none(), "it has answered");
        cluster.resume();
        assert!(asked.wait().unwrap().success());
        cluster.pause();
    }

    #[test]
    fn a_role_with_a_password_is_asked_for_it() {
        let Some(cluster) = shared() else { return };
        let url = cluster.new_database_with_password("right");
        for (password, expected) in [("right", true), ("wrong", false)] {
            let mut psql = cluster.program("psql");
            let output = psql.args(["-X", "-c", "SELECT 1", &url]).env("PGPASSWORD", password);
            assert_eq!(output.output().unwrap().status.success(), expected, "{password}");
        }
    }

    #[test]
    fn each_database_is_new() {
        let Some(cluster) = shared() else { return };
        let [first, second] = [cluster.new_database(), cluster.new_database()];
        cluster.run_sql(&first, "CREATE TABLE t ()");
        cluster.run_sql(&second, "CREATE TABLE t ()");
    }
}
