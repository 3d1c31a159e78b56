//! How much memory the graph of a location takes.

use crate::graph::layers::associations::{AssociationRow, Associations};
use crate::graph::layers::objects::ObjectLayer;
use crate::graph::layers::record_data::RecordRows;
use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::allocation::map_bytes;
use crate::graph::memory::table::RecordNo;

/// Nodes whose links are measured; those of the others are taken to have as much spare room.
const SAMPLE: u32 = 1_024;

/// What the graph of object keys takes beside what is counted, in bytes: it is small.
const OBJECT_BYTES: usize = 160;

impl LocationGraph {
    /// Returns the bytes of memory that the graph takes, to within a tenth. What it shares
    /// with copies counts in full.
    ///
    /// Costs the object keys and associations, not the records or relations.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.associations.bytes()
            + self.objects.bytes()
            + self.records.bytes()
            + 2 * size_of::<usize>()
    }

    /// Returns whether a checkpoint has all of it.
    pub(crate) fn is_saved(&self) -> bool {
        self.changed_rows() == 0 && self.dropped.keys().next().is_none() && self.row_count() > 0
    }
}

impl RecordRows {
    /// Returns the bytes of memory that the rows take.
    pub(super) fn bytes(&self) -> usize {
        let joined = self.joined.iter().map(|(_, it)| it.kinds.capacity() * 4 + 96);
        self.texts.bytes()
            + self.records.bytes()
            + self.adjacency.bytes()
            + self.link_bytes()
            + self.relations.bytes()
            + self.kinds.bytes()
            + self.joined.bytes()
            + joined.sum::<usize>()
            + self.listed.bytes()
            + map_bytes(&self.loops)
            + self.names.bytes()
    }

    /// Estimates the bytes of all links from those of a sample of nodes.
    fn link_bytes(&self) -> usize {
        let nodes = self.adjacency.len();
        let linked: u64 = self.kinds.iter().map(|(_, kind)| u64::from(kind.linked) * 2).sum();
        let step = (nodes / SAMPLE).max(1) as usize;
        let (mut links, mut bytes) = (0, 0);
        for number in (0..nodes).step_by(step) {
            let adjacency = &self.adjacency[RecordNo(number)];
            links += adjacency.len();
            bytes += adjacency.bytes();
        }
        if step == 1 || links == 0 {
            return bytes;
        }
        let all = bytes as u128 * u128::from(linked) / links as u128;
        usize::try_from(all).unwrap_or(bytes)
    }
}

impl Associations {
    fn bytes(&self) -> usize {
        let texts = |row: &AssociationRow| {
            let known = row.definition.as_ref().map_or(0, |it| {
                let ends = [&it.first, &it.second];
                let ends = ends.map(|end| end.object.as_str().len() + end.label.len() + 48);
                it.id.as_str().len() + it.key.len() + it.association_type.len() + ends[0] + ends[1]
            });
            row.id.len() + known + 64
        };
        let rows = self.rows();
        rows.bytes() + self.index_bytes() + rows.iter().map(|(_, row)| texts(row)).sum::<usize>()
    }
}

impl ObjectLayer {
    fn bytes(&self) -> usize {
        let rows = self.rows();
        let texts = rows.iter().map(|(_, row)| row.key.as_str().len() + OBJECT_BYTES);
        rows.bytes() + self.link_bytes() + texts.sum::<usize>()
    }
}
