//! Links and steps with texts of their own, to compare an answer with what the
//! oracle expects.

use relata::graph::{Link, Step};
use relata::{Association, Side, Timestamp};

use super::world::{Hop, Node};

/// A link as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) object: String,
    pub(crate) record: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) own_label: Option<String>,
    pub(crate) side: Side,
    pub(crate) association: String,
    pub(crate) association_key: Option<String>,
    pub(crate) association_type: Option<String>,
    pub(crate) relation: Option<String>,
    pub(crate) at: Option<i64>,
    pub(crate) seq: u64,
}

/// A node on the way and the link taken to it.
pub(crate) type StepLine = (Node, Option<Line>);

pub(crate) fn line(link: &Link<'_>) -> Line {
    Line {
        object: link.object.to_owned(),
        record: link.record.map(str::to_owned),
        label: link.label.map(str::to_owned),
        own_label: link.own_label.map(str::to_owned),
        side: link.side,
        association: link.association.to_owned(),
        association_key: link.association_key.map(str::to_owned),
        association_type: link.association_type.map(str::to_owned),
        relation: link.relation.map(str::to_owned),
        at: link.at.map(Timestamp::as_millis),
        seq: link.seq,
    }
}

pub(crate) fn step_lines(steps: &[Step<'_>]) -> Vec<StepLine> {
    let one = |step: &Step<'_>| {
        let node = (step.object.to_owned(), step.record.map(str::to_owned));
        (node, step.link.as_ref().map(line))
    };
    steps.iter().map(one).collect()
}

impl Line {
    /// The link that a hop goes along.
    pub(crate) fn of(hop: &Hop<'_>) -> Self {
        let definition = hop.edge.definition.as_ref();
        let (object, record) = hop.far().clone();
        let text = |of: &dyn Fn(&Association) -> String| definition.map(of);
        Self {
            object,
            record,
            label: hop.label().map(str::to_owned),
            own_label: hop.own_label().map(str::to_owned),
            side: hop.side,
            association: hop.edge.association.clone(),
            association_key: text(&|known| known.key.to_string()),
            association_type: text(&|known| known.association_type.to_string()),
            relation: hop.edge.relation.clone(),
            at: hop.edge.at,
            seq: hop.edge.seq,
        }
    }

    /// What stays the same while events change what a link says.
    pub(crate) fn name(&self) -> (String, Side) {
        (self.relation.as_ref().unwrap_or(&self.association).clone(), self.side)
    }
}
