//! The change feed, by the real binary.

mod events;
mod subscribers;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use relata::http::{App, AuthPolicy, Limits, Server as Http};
use relata::{Delivery, Store, Timestamp};

use crate::support::server::Error;
use crate::support::sse_client::relation;

/// A server in this process, so that very much can happen in it soon.
struct Within {
    store: Arc<Store>,
    address: SocketAddr,
    runtime: tokio::runtime::Runtime,
}

impl Within {
    fn start(limits: Limits) -> Result<Self, Error> {
        Self::over(Store::in_memory()?, limits)
    }

    fn over(store: Store, limits: Limits) -> Result<Self, Error> {
        let store = Arc::new(store);
        store.ingest(relation(0).to_string().as_bytes())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let app = App::new(Arc::clone(&store), limits, AuthPolicy::off());
        let http = runtime.block_on(Http::bind(&["127.0.0.1:0".parse()?], app))?;
        let address = http.address()?;
        runtime.spawn(http.run(std::future::pending()));
        Ok(Self { store, address, runtime })
    }

    /// A connection that takes little into its own buffers.
    fn narrow(&self) -> Result<TcpStream, Error> {
        let stream = self.runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(4_096)?;
            socket.connect(self.address).await?.into_std()
        })?;
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(stream)
    }

    /// Ingests so many relations of some kilobytes each, more than the buffers of the
    /// system take; answers with how long that took.
    fn ingest(&self, from: u64, count: u64) -> Result<Duration, Error> {
        let began = Instant::now();
        for number in from..from + count {
            let mut body = relation(number);
            for member in ["id", "firstRecordId", "secondRecordId"] {
                body[member] = format!("{number:0>500}").into();
            }
            body["associationId"] = format!("{:0>500}", number % 100).into();
            let delivery =
                Delivery::read(body.to_string().as_bytes(), None, Timestamp::from_millis(0))?;
            self.store.submit_waiting(delivery, |told| drop(told.unwrap()))?;
        }
        self.store.checkpoint()?;
        Ok(began.elapsed())
    }
}
