//! A client that blocks the thread that calls it: tokio-postgres on a runtime of its own. Unlike
//! the crate `postgres`, it sends a statement and the commit after it without waiting between.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::DbError;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::ToSql;
use tokio_postgres::{
    AsyncMessage, Client, Config, Connection, Error, Row, RowStream, SimpleQueryMessage, Socket,
    Statement,
};

use crate::journal::error::JournalError;

/// Called with what the server says unasked.
pub(super) type OnNotice = Box<dyn Fn(&DbError) + Send>;

/// Reads the next message of a connection, and writes what waits to be sent.
type Messages =
    Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> + Send>;

/// The two results of a statement and of the commit after it.
pub(super) type Committed = (Result<u64, Error>, Result<(), Error>);

/// A connection, which makes progress only while a call waits.
pub(super) struct BlockingClient {
    client: Client,
    driver: Driver,
}

impl BlockingClient {
    /// Connects to a server. Fails on a thread of a runtime.
    pub(super) fn connect<T>(
        config: &Config,
        tls: T,
        on_notice: OnNotice,
    ) -> Result<Self, ConnectError>
    where
        T: MakeTlsConnect<Socket> + 'static + Send,
        T::TlsConnect: Send,
        T::Stream: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ConnectError::NoRuntime)?;
        let (client, connection) =
            runtime.block_on(config.connect(tls)).map_err(ConnectError::Refused)?;
        let driver = Driver { runtime, messages: messages(connection), on_notice };
        Ok(Self { client, driver })
    }

    /// Executes statements without parameters, in one round trip.
    pub(super) fn batch(&mut self, statements: &str) -> Result<(), Error> {
        self.driver.block_on(self.client.batch_execute(statements))
    }

    /// Executes statements as [`batch`](Self::batch) does, and returns what they answer.
    pub(super) fn simple_query(
        &mut self,
        statements: &str,
    ) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.driver.block_on(self.client.simple_query(statements))
    }

    /// Prepares a statement.
    pub(super) fn prepare(&mut self, text: &str) -> Result<Statement, Error> {
        self.driver.block_on(self.client.prepare(text))
    }

    /// Executes a statement, and returns how many rows it has changed.
    pub(super) fn execute(
        &mut self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        self.driver.block_on(self.client.execute(statement, parameters))
    }

    /// Executes a statement and then a commit, in one round trip. After a statement that fails,
    /// the server makes a rollback of the commit. Fails if the connection does.
    pub(super) fn execute_and_commit(
        &mut self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Committed, Error> {
        let Self { client, driver } = self;
        driver.block_on(async {
            // In this order: each is sent when it is first polled.
            let both = tokio::join!(
                biased;
                client.execute(statement, parameters),
                client.batch_execute("COMMIT")
            );
            Ok(both)
        })
    }

    /// Returns all rows of a query.
    pub(super) fn query(
        &mut self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.driver.block_on(self.client.query(statement, parameters))
    }

    /// Returns the rows of a query one by one.
    pub(super) fn rows(
        &mut self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Rows<'_>, Error> {
        let parameters = parameters.iter().copied();
        let rows = self.driver.block_on(self.client.query_raw(statement, parameters))?;
        Ok(Rows { rows: Box::pin(rows), driver: &mut self.driver })
    }

    /// Returns whether the connection is known to be closed.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Asks the server whether the connection is still there, and returns whether it answers in
    /// time.
    pub(super) fn answers_within(&mut self, time: Duration) -> bool {
        let Self { client, driver } = self;
        let asked = driver.block_on(async {
            Ok(tokio::time::timeout(time, client.check_connection())
                .await
                .is_ok_and(|it| it.is_ok()))
        });
        asked.unwrap_or(false)
    }
}

/// Why there is no connection.
pub(super) enum ConnectError {
    /// The server did not take it.
    Refused(Error),
    /// The system has nothing to wait with.
    NoRuntime(std::io::Error),
}

/// The rows of a query, as they arrive.
pub(super) struct Rows<'c> {
    driver: &'c mut Driver,
    rows: Pin<Box<RowStream>>,
}

impl Rows<'_> {
    /// Returns the next row, or `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Row>, JournalError> {
        Ok(self.driver.block_on(self.rows.try_next())?)
    }
}

/// The side of a connection that reads and writes.
struct Driver {
    runtime: Runtime,
    messages: Messages,
    on_notice: OnNotice,
}

impl Driver {
    /// Waits for a future of the client, and reads and writes meanwhile.
    fn block_on<T>(&mut self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut future = pin!(future);
        let Self { runtime, messages, on_notice } = self;
        runtime.block_on(poll_fn(|context| {
            loop {
                match messages(context) {
                    Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => on_notice(&notice),
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(None) | Poll::Pending => break,
                }
            }
            future.as_mut().poll(context)
        }))
    }
}

fn messages<S, T>(mut connection: Connection<S, T>) -> Messages
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Box::new(move |context: &mut Context<'_>| connection.poll_message(context))
}
