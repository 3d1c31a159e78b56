//! Connections to a database server, and how they are set up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls, Row, SimpleQueryMessage, Statement};

use crate::journal::error::{JournalError, WriteOutcome};
use crate::journal::postgres::blocking::{BlockingClient, ConnectError, OnNotice, Rows};
use crate::journal::postgres::database_url::PostgresUrl;
use crate::journal::postgres::{password, tls};
use crate::sync::IgnorePoison;

/// How long to wait for each address of a server that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait for a server altogether, until a connection is ready to be used, unless
/// the URL has a `connect_timeout`.
const CONNECT_TIMEOUT_ALL: Duration = Duration::from_secs(10);

/// When a server that is gone is noticed, though it has not said so.
const UNANSWERED: Duration = Duration::from_secs(10);

/// How long a server may take to say that a connection is still there.
const STILL_THERE: Duration = Duration::from_secs(2);

/// Attempts to connect that may hang at a time: each has a thread until the server answers.
const HANGING_MAX: usize = 8;

/// What every connection asks for, whatever the role's own settings are. A process that
/// vanishes in a transaction must not keep the others waiting, and a host that vanishes is
/// noticed within seconds.
const SETTINGS: &str = "SET synchronous_commit = on; \
    SET default_transaction_isolation = 'read committed'; \
    SET statement_timeout = 0; SET lock_timeout = 0; \
    SET idle_in_transaction_session_timeout = '5s'; \
    SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; \
    SET tcp_user_timeout = 10000; \
    SET client_encoding = 'UTF8'";

/// The oldest server that is known to work.
const VERSION_MIN: i32 = 14;

/// A connection.
pub(super) struct Session {
    /// `None` only while it is dropped.
    client: Option<BlockingClient>,
    is_in_transaction: bool,
    /// By their text.
    statements: HashMap<&'static str, Statement>,
    /// Whether the server has sent a warning since it was last asked.
    warned: Arc<AtomicBool>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

impl Session {
    /// Connects to the first of the servers that answers.
    pub(super) fn connect(url: &PostgresUrl) -> Result<Self, JournalError> {
        let mut failed = None;
        for mut server in url.servers()? {
            password::add(&mut server)?;
            match connect_in_time(server) {
                Ok(session) => return Ok(session),
                Err(Failed::Here(error)) => failed = Some(error),
                Err(Failed::Everywhere(error)) => return Err(error),
            }
        }
        Err(failed.unwrap_or_else(|| unavailable("no server is named".into())))
    }

    /// Connects to a server, however long it takes.
    fn connect_to(mut config: Config) -> Result<Self, Failed> {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config
            .tcp_user_timeout(UNANSWERED)
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3);
        let warned = Arc::<AtomicBool>::default();
        let told = Arc::clone(&warned);
        let on_notice = move |notice: &DbError| {
            // `WARNING` in the language of the server is not what is compared here.
            if notice.parsed_severity() == Some(Severity::Warning) {
                tracing::warn!(reason = notice.message(), "the database warns");
                told.store(true, Ordering::Relaxed);
            }
        };
        let client = open(&config, Box::new(on_notice))?;
        let (statements, is_in_transaction) = (HashMap::new(), false);
        let mut session = Self { client: Some(client), is_in_transaction, statements, warned };
        session.batch(SETTINGS).map_err(Failed::Here)?;
        session.check_server().map_err(Failed::Everywhere)?;
        Ok(session)
    }

    /// Executes statements without parameters, in one round trip.
    pub(super) fn batch(&mut self, statements: &str) -> Result<(), JournalError> {
        Ok(self.client()?.batch(statements)?)
    }

    /// Begins a transaction by these statements.
    pub(super) fn begin(&mut self, statements: &str) -> Result<(), JournalError> {
        self.is_in_transaction = true;
        self.batch(statements)
    }

    /// Ends the transaction, by a commit or a rollback.
    pub(super) fn end(&mut self, statement: &str) -> Result<(), JournalError> {
        self.is_in_transaction = false;
        self.batch(statement)
    }

    /// Returns whether a transaction is open.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.is_in_transaction
    }

    /// Begins a transaction as [`begin`](Self::begin) does, and returns the columns of the
    /// last row as texts.
    pub(super) fn begin_with_row(&mut self, statements: &str) -> Result<Vec<String>, JournalError> {
        self.is_in_transaction = true;
        self.last_row(statements)
    }

    /// Executes statements without parameters, in one round trip, and returns the columns of
    /// the last row as texts.
    fn last_row(&mut self, statements: &str) -> Result<Vec<String>, JournalError> {
        let messages = self.client()?.simple_query(statements)?;
        let last = messages.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let texts = last.map(|row| {
            (0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect()
        });
        Ok(texts.unwrap_or_default())
    }

    /// Executes a statement and returns how many rows it has changed.
    pub(super) fn execute(
        &mut self,
        statement: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, JournalError> {
        let statement = self.prepared(statement)?;
        Ok(self.client()?.execute(&statement, parameters)?)
    }

    /// Executes a statement, and commits in the same round trip. Fails if the database warns:
    /// a standby may lack what was committed.
    pub(super) fn execute_and_commit(
        &mut self,
        statement: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<(), JournalError> {
        let statement = self.prepared(statement)?;
        self.take_warned();
        self.is_in_transaction = false;
        let both = self.client()?.execute_and_commit(&statement, parameters);
        let (executed, committed) = both.map_err(|error| unknown(error.into()))?;
        // The commit has ended the transaction then, and written nothing.
        executed?;
        committed.map_err(|error| unknown(error.into()))?;
        self.check_unwarned()
    }

    /// Commits. Fails if the database warns: a standby may lack what was committed.
    pub(super) fn commit(&mut self) -> Result<(), JournalError> {
        self.take_warned();
        self.end("COMMIT").map_err(unknown)?;
        self.check_unwarned()
    }

    fn check_unwarned(&self) -> Result<(), JournalError> {
        if !self.take_warned() {
            return Ok(());
        }
        Err(JournalError::Storage {
            source: "the database has warned during a commit".into(),
            advice: "look at the log of the database server, and at its standby",
            outcome: WriteOutcome::Unknown,
        })
    }

    /// Returns all rows of a query.
    pub(super) fn query(
        &mut self,
        statement: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, JournalError> {
        let statement = self.prepared(statement)?;
        Ok(self.client()?.query(&statement, parameters)?)
    }

    /// Returns the rows of a query one by one.
    pub(super) fn rows(
        &mut self,
        statement: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Rows<'_>, JournalError> {
        let statement = self.prepared(statement)?;
        Ok(self.client()?.rows(&statement, parameters)?)
    }

    /// Returns the row of a query that has one.
    pub(super) fn one(
        &mut self,
        statement: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, JournalError> {
        let row = self.optional(statement, parameters)?;
        row.ok_or_else(|| unavailable(format!("no row from: {statement}").into()))
    }

    /// Returns the row of a query, if it has one.
    pub(super) fn optional(
        &mut self,
        statement: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, JournalError> {
        Ok(self.query(statement, parameters)?.into_iter().next())
    }

    fn prepared(&mut self, text: &'static str) -> Result<Statement, JournalError> {
        if let Some(known) = self.statements.get(text) {
            return Ok(known.clone());
        }
        let statement = self.client()?.prepare(text)?;
        self.statements.insert(text, statement.clone());
        Ok(statement)
    }

    fn client(&mut self) -> Result<&mut BlockingClient, JournalError> {
        self.client.as_mut().ok_or_else(|| unavailable("the connection is closed".into()))
    }

    /// Returns whether a connection is of no more use.
    pub(super) fn is_closed(&self) -> bool {
        self.client.as_ref().is_none_or(BlockingClient::is_closed)
    }

    /// Returns whether a connection that was not used for a while is of no more use, by asking
    /// the server: that it was closed shows only when it is used.
    pub(super) fn is_lost(&mut self) -> bool {
        self.client.as_mut().is_none_or(|client| !client.answers_within(STILL_THERE))
    }

    /// Returns whether the server has sent a warning since this was last called. After a
    /// commit it says that the commit did not come as far as it should have: to a standby.
    fn take_warned(&self) -> bool {
        self.warned.swap(false, Ordering::Relaxed)
    }

    fn check_server(&mut self) -> Result<(), JournalError> {
        let row = self.one(
            "SELECT current_setting('server_version_num')::int4 / 10000, current_setting('fsync')",
            &[],
        )?;
        let (version, fsync): (i32, &str) = (row.try_get(0)?, row.try_get(1)?);
        if version < VERSION_MIN {
            let reason = format!("it is PostgreSQL {version}, and {VERSION_MIN} is the oldest");
            return Err(JournalError::Unsuited { reason, advice: "use a newer server" });
        }
        if fsync != "on" {
            let reason = "its setting `fsync` is off: a loss of power would lose events";
            let advice = "set `fsync = on`";
            return Err(JournalError::Unsuited { reason: reason.to_owned(), advice });
        }
        Ok(())
    }
}

impl Drop for Session {
    /// Closes the connection on a thread of its own: the client contains a runtime, which
    /// must not end on a thread of another, and a server that does not answer is not waited
    /// for.
    fn drop(&mut self) {
        let held = (std::mem::take(&mut self.statements), self.client.take());
        let held = Arc::new(Mutex::new(Some(held)));
        let closed = Arc::clone(&held);
        let spawned = std::thread::Builder::new().spawn(move || {
            let held = closed.lock().ignore_poison().take();
            drop(held);
        });
        if spawned.is_err() {
            // Without a thread, the connection stays open until the process ends.
            std::mem::forget(held);
        }
    }
}

/// Why there is no connection.
enum Failed {
    /// Another server may answer.
    Here(JournalError),
    /// No other server is tried: the role may not log in, or what is asked for is wrong.
    Everywhere(JournalError),
}

/// Connects to a server on a thread of its own, since a server that is stopped takes
/// connections and never answers.
fn connect_in_time(config: Config) -> Result<Session, Failed> {
    /// Threads that nobody waits for any more.
    static HANGING: AtomicUsize = AtomicUsize::new(0);
    let unanswered = || Err(Failed::Here(unavailable("the server does not answer".into())));
    if HANGING.load(Ordering::Relaxed) >= HANGING_MAX {
        return unanswered();
    }
    let timeout = config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT_ALL);
    // Without a buffer: what is sent is received, or nobody waits.
    let (sender, connected) = sync_channel(0);
    let thread = std::thread::Builder::new().name("relata-connect".to_owned());
    let spawned = thread.spawn(move || {
        if sender.send(Session::connect_to(config)).is_err() {
            HANGING.fetch_sub(1, Ordering::Relaxed);
        }
    });
    spawned.map_err(|error| Failed::Everywhere(unavailable(Box::new(error))))?;
    connected.recv_timeout(timeout).unwrap_or_else(|error| {
        if error == RecvTimeoutError::Timeout {
            HANGING.fetch_add(1, Ordering::Relaxed);
        }
        unanswered()
    })
}

fn open(config: &Config, on_notice: OnNotice) -> Result<BlockingClient, Failed> {
    let connected = if config.get_ssl_mode() == SslMode::Disable {
        BlockingClient::connect(config, NoTls, on_notice)
    } else {
        BlockingClient::connect(config, tls::connector().map_err(Failed::Everywhere)?, on_notice)
    };
    connected.map_err(|error| {
        let error = match error {
            ConnectError::Refused(error) => error,
            ConnectError::NoRuntime(error) => {
                return Failed::Everywhere(unavailable(Box::new(error)));
            }
        };
        // As libpq does: who is not let in by one server does not show its password to others.
        let is_refused = error.code().is_some_and(|code| code.code().starts_with("28"));
        let failed = if is_refused { Failed::Everywhere } else { Failed::Here };
        failed(error.into())
    })
}

/// Returns a failed commit as what it is: nobody knows whether it came through.
fn unknown(error: JournalError) -> JournalError {
    match error {
        JournalError::Storage { source, advice, .. } => {
            JournalError::Storage { source, advice, outcome: WriteOutcome::Unknown }
        }
        error => error,
    }
}

fn unavailable(source: Box<dyn std::error::Error + Send + Sync>) -> JournalError {
    JournalError::Storage {
        source,
        advice: "look at the database server",
        outcome: WriteOutcome::Unknown,
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;
    use crate::journal::postgres::cluster;

    /// A listener takes connections, and nobody ever answers: as if its process were stopped.
    fn silent() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        (listener, address)
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_waited_for() {
        let (_listener, address) = silent();
        let begun = Instant::now();
        let url = format!("postgres://ann@{address}/x?connect_timeout=1");
        let failed = Session::connect(&PostgresUrl::new(&url)).unwrap_err();
        assert!(failed.to_string().contains("the server does not answer"), "{failed}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    }

    #[test]
    fn the_next_server_is_tried() {
        let Some(cluster) = cluster::shared() else { return };
        let ((_listener, silent), url) = (silent(), cluster.new_database());
        let (user, rest) = url.split_once('@').unwrap();
        let url = format!("{user}@{silent},127.0.0.1:1,{rest}?connect_timeout=1");
        Session::connect(&PostgresUrl::new(&url)).unwrap();
    }

    /// Its password may be one for others to try.
    #[test]
    fn no_server_is_tried_after_one_that_refuses_the_role() {
        let Some(cluster) = cluster::shared() else { return };
        let url = cluster.new_database_with_password("right");
        let (user, rest) = url.split_once('@').unwrap();
        let (hosts, database) = rest.split_once('/').unwrap();
        let url = format!("{user}:wrong@{hosts},127.0.0.1:1/{database}");
        let refused = Session::connect(&PostgresUrl::new(&url)).unwrap_err();
        assert!(refused.to_string().contains("(28P01)"), "{refused}");
    }

    #[test]
    fn a_connection_has_a_name_that_the_url_may_change() {
        let Some(cluster) = cluster::shared() else { return };
        let url = cluster.new_database();
        for (parameter, expected) in [("", "relata"), ("?application_name=x%20y", "x y")] {
            let url = PostgresUrl::new(&format!("{url}{parameter}"));
            let mut session = Session::connect(&url).unwrap();
            let row = session.one("SELECT current_setting('application_name')", &[]).unwrap();
            assert_eq!(row.get::<_, &str>(0), expected);
        }
    }
}
