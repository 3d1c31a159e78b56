//! Writes that programs make to the store itself: each is checked against the graph and
//! becomes an event of the journal in one step.

pub(super) mod checked;
pub(super) mod mutated;
#[expect(clippy::module_inception, reason = "the mutation itself, beside its outcome")]
pub(super) mod mutation;
pub(super) mod refusal;

pub use mutated::{Done, Mutated, Thing};
pub use mutation::{Condition, Mutation, Mutations, NewAssociation};
pub use refusal::MutationRefusal;
