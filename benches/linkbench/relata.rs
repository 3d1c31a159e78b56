//! LinkBench's operations as writes and queries of Relata.

use super::client::{Client, CutShort};
use super::events;
use super::requests::Request;

/// Relata, in this process or behind a connection.
pub(crate) trait Asked: Send {
    /// Where a list that was cut short continues.
    type Position: Clone + Send;

    /// Has an event accepted: when it returns, the event is on disk and in every answer.
    fn write(&mut self, event: &str, body: &str) -> u64;

    /// Lists the links of a type that begin at a node, newest first. A node that was deleted,
    /// or that no event has named, has none.
    fn list(
        &mut self,
        id1: u64,
        kind: u64,
        from: Option<Self::Position>,
    ) -> (u64, Option<Self::Position>);

    /// Counts the links of a type that begin at a node.
    fn count(&mut self, id1: u64, kind: u64) -> u64;

    /// Returns which of some nodes there are, with their names, and the links among them.
    fn between(&mut self, nodes: impl Iterator<Item = u64>, along: Option<u64>) -> (u64, u64);
}

pub(crate) struct Relata<A: Asked> {
    asked: A,
    cut_short: CutShort<A::Position>,
}

impl<A: Asked> Relata<A> {
    pub(crate) fn new(asked: A) -> Self {
        Self { asked, cut_short: CutShort::default() }
    }

    fn list(&mut self, id1: u64, kind: u64, older: Option<u64>) -> u64 {
        let continued = older.and_then(|number| self.cut_short.choose(number));
        let (id1, kind, from) =
            continued.map_or((id1, kind, None), |(id1, kind, from)| (id1, kind, Some(from)));
        let (links, next) = self.asked.list(id1, kind, from);
        if let Some(next) = next {
            self.cut_short.remember(id1, kind, next);
        }
        links
    }
}

impl<A: Asked> Client for Relata<A> {
    fn perform(&mut self, request: &Request) -> u64 {
        let asked = &mut self.asked;
        match request {
            Request::AddLink(link) | Request::UpdateLink(link) => {
                asked.write("RelationCreate", &events::linked(link))
            }
            Request::DeleteLink { id1, kind, id2, time } => {
                asked.write("RelationDelete", &events::unlinked(*id1, *kind, *id2, *time))
            }
            Request::CountLink { id1, kind } => asked.count(*id1, *kind),
            Request::GetLink { id1, kind, id2s } => {
                let nodes = std::iter::once(*id1).chain(id2s.iter().copied());
                asked.between(nodes, Some(*kind)).1
            }
            Request::GetLinkList { id1, kind, older } => self.list(*id1, *kind, *older),
            Request::AddNode { id, data, time } => {
                asked.write("RecordCreate", &events::named(*id, data, *time))
            }
            Request::UpdateNode { id, data, time } => {
                asked.write("RecordUpdate", &events::named(*id, data, *time))
            }
            Request::DeleteNode { id, time } => {
                asked.write("RecordDelete", &events::deleted(*id, *time))
            }
            Request::GetNode { id } => asked.between(std::iter::once(*id), None).0,
        }
    }
}
