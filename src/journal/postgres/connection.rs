//! Connections to a database server, and how they are set up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postgres::config::SslMode;
use postgres::{Client, Config, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::journal::error::{JournalError, WriteOutcome};
use crate::journal::postgres::database_url::PostgresUrl;
use crate::journal::postgres::password;

/// How long to wait for a server that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// When a server that is gone is noticed, though it has not said so.
const UNANSWERED: Duration = Duration::from_secs(10);

/// What every connection asks for, whatever the role's own settings are. A process that
/// vanishes in a transaction must not keep the others waiting, and a host that vanishes is
/// noticed within seconds.
const SETTINGS: &str = "SET synchronous_commit = on; \
    SET default_transaction_isolation = 'read committed'; \
    SET statement_timeout = 0; SET lock_timeout = 0; \
    SET idle_in_transaction_session_timeout = '10s'; \
    SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; \
    SET tcp_user_timeout = 10000; \
    SET client_encoding = 'UTF8'; SET application_name = 'relata'";

/// The oldest server that is known to work.
const VERSION_MIN: i32 = 14;

/// A connection.
pub(super) struct Session {
    /// `None` only while it is dropped.
    client: Option<Client>,
    /// Whether the server has sent a warning since it was last asked.
    warned: Arc<AtomicBool>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

impl Session {
    /// Connects to the server.
    pub(super) fn connect(url: &PostgresUrl) -> Result<Self, JournalError> {
        let mut config = url.config()?;
        password::add(&mut config)?;
        config
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(UNANSWERED)
            .keepalives_idle(Duration::from_secs(5));
        let warned = Arc::<AtomicBool>::default();
        let told = Arc::clone(&warned);
        config.notice_callback(move |notice| {
            // `WARNING` in the language of the server is not what is compared here.
            if notice.parsed_severity() == Some(postgres::error::Severity::Warning) {
                tracing::warn!(reason = notice.message(), "the database warns");
                told.store(true, Ordering::Relaxed);
            }
        });
        let client = connect(&config)?;
        let mut session = Self { client: Some(client), warned };
        session.client()?.batch_execute(SETTINGS)?;
        session.check_server()?;
        Ok(session)
    }

    /// Returns the client that statements are sent by.
    pub(super) fn client(&mut self) -> Result<&mut Client, JournalError> {
        self.client.as_mut().ok_or_else(|| unavailable("the connection is closed".into()))
    }

    /// Returns whether a connection is of no more use.
    pub(super) fn is_closed(&self) -> bool {
        self.client.as_ref().is_none_or(Client::is_closed)
    }

    /// Returns whether the server has sent a warning since this was last called. After a
    /// commit it says that the commit did not come as far as it should have: to a standby.
    pub(super) fn take_warned(&self) -> bool {
        self.warned.swap(false, Ordering::Relaxed)
    }

    fn check_server(&mut self) -> Result<(), JournalError> {
        let row = self.client()?.query_one(
            "SELECT current_setting('server_version_num')::int4 / 10000, current_setting('fsync')",
            &[],
        )?;
        let (version, fsync): (i32, &str) = (row.get(0), row.get(1));
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
    /// must not end on a thread of another.
    fn drop(&mut self) {
        let client = self.client.take();
        // If there is no thread to be had, the connection stays open until the process ends.
        std::thread::Builder::new().spawn(move || drop(client)).map(drop).unwrap_or_default();
    }
}

fn connect(config: &Config) -> Result<Client, JournalError> {
    let connected = if config.get_ssl_mode() == SslMode::Disable {
        config.connect(NoTls)
    } else {
        config.connect(tls()?)
    };
    connected.map_err(JournalError::from)
}

/// Returns what verifies certificates: by Mozilla's roots, or by those in the file that
/// `PGSSLROOTCERT` names.
fn tls() -> Result<MakeRustlsConnect, JournalError> {
    let mut roots = RootCertStore::empty();
    match std::env::var_os("PGSSLROOTCERT").filter(|path| !path.is_empty()) {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let bad = |reason: String| JournalError::Unsuited {
                reason: format!("{}: {reason}", path.display()),
                advice: "let PGSSLROOTCERT name a file of certificates in PEM",
            };
            let read =
                CertificateDer::pem_file_iter(&path).map_err(|error| bad(error.to_string()))?;
            for certificate in read {
                let added = certificate.map_err(|error| bad(error.to_string()))?;
                roots.add(added).map_err(|error| bad(error.to_string()))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unavailable(Box::new(error)))?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn unavailable(source: Box<dyn std::error::Error + Send + Sync>) -> JournalError {
    JournalError::Storage {
        source,
        advice: "look at the database server",
        outcome: WriteOutcome::Unknown,
    }
}
