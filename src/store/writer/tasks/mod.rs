//! What the writer does, by theme: each file adds methods to it.

pub(crate) mod append;
pub(crate) mod compaction;
pub(crate) mod dead_letters;
pub(crate) mod erase;
pub(crate) mod import;
pub(crate) mod loading;
pub(crate) mod mutation;
pub(crate) mod preview;
pub(crate) mod pruning;
pub(crate) mod recall;
pub(crate) mod recovery;
pub(crate) mod save_checkpoint;
pub(crate) mod turn;
