//! Reading what changed, and waiting for what will.

pub(super) mod reader;
pub(super) mod subscription;
