//! Accepting deliveries.

use std::sync::mpsc::sync_channel;

use crate::store::delivery::{Delivery, IngestError, Receipt, Status};
use crate::store::store::Store;
use crate::store::writer::batch::receipt;
use crate::store::writer::command::{Command, Pending};
use crate::store::writer::queue::Queue;

impl Store {
    /// Decodes a body, makes it durable and merges it. When this returns a receipt, the
    /// event is on disk and every query sees it.
    ///
    /// See [`webhook::decode`](crate::webhook::decode) for what can be decoded.
    ///
    /// # Performance
    ///
    /// Costs one fsync, which concurrent calls share.
    pub fn ingest(&self, body: &[u8]) -> Result<Receipt, IngestError> {
        self.accept(Delivery::read(body, None, None)?)
    }

    /// Accepts a delivery as [`ingest`](Self::ingest) does, once it is decoded.
    pub fn accept(&self, delivery: Delivery) -> Result<Receipt, IngestError> {
        let (sender, receiver) = sync_channel(1);
        self.submit_waiting(delivery, move |result| {
            // The other end waits below.
            sender.send(result).unwrap_or_default();
        })?;
        receiver.recv().unwrap_or_else(|_| Err(self.unavailable()))
    }

    /// Queues a delivery and calls `reply`, on the writer's thread, once it is durable and
    /// merged. Never blocks: with a full queue it is refused at once.
    pub fn submit(
        &self,
        delivery: Delivery,
        reply: impl FnOnce(Result<Receipt, IngestError>) + Send + 'static,
    ) -> Result<(), IngestError> {
        self.enqueue(delivery, reply, Queue::try_send)
    }

    /// Queues a delivery as [`submit`](Self::submit) does, but waits while the queue is
    /// full.
    pub fn submit_waiting(
        &self,
        delivery: Delivery,
        reply: impl FnOnce(Result<Receipt, IngestError>) + Send + 'static,
    ) -> Result<(), IngestError> {
        self.enqueue(delivery, reply, Queue::send_waiting)
    }

    fn enqueue(
        &self,
        delivery: Delivery,
        reply: impl FnOnce(Result<Receipt, IngestError>) + Send + 'static,
        send: fn(&Queue, Command) -> Result<(), IngestError>,
    ) -> Result<(), IngestError> {
        let queue = self.open_queue()?;
        let delivery = delivery.keeping(self.options.keep);
        if !self.is_stored(&delivery) {
            reply(Ok(receipt(delivery.decoded, Status::Ignored, None)));
            return Ok(());
        }
        send(queue, Command::Append(Box::new(Pending { delivery, reply: Box::new(reply) })))
    }
}
