//! Writes: each is checked and committed in one step by the store.

use tokio::sync::oneshot;

use crate::http::app::App;
use crate::http::compat::error::CompatError;
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::{
    Done, IngestError, Mutated, Mutation, MutationRefusal, Mutations, Store, Thing,
};

/// The sender's words for a relation that is there already.
const DUPLICATE: &str =
    "Could not create relation: duplicate relation of object Ids for given association";

/// What a relation cannot be created under.
const NO_ASSOCIATION: &str = "Could not create relation: association not found";

/// Writes mutations, and waits until they are on disk.
async fn mutate(app: &App, mutations: Mutations) -> Result<Mutated, CompatError> {
    written(app, submit(&app.store, mutations)?).await
}

/// Waits until mutations are on disk.
pub(super) async fn written(app: &App, reply: Reply) -> Result<Mutated, CompatError> {
    Ok(app.written(reply).await.map_err(Problem::from)?)
}

/// What became of mutations, once that is known.
pub(super) type Reply = oneshot::Receiver<Result<Mutated, IngestError>>;

/// Queues mutations, which costs a look at each text.
pub(super) fn submit(store: &Store, mutations: Mutations) -> Result<Reply, CompatError> {
    let (sender, receiver) = oneshot::channel();
    // Without a receiver the client has disconnected.
    let reply = move |result| drop(sender.send(result));
    store.submit_mutations(mutations, reply).map_err(Problem::from)?;
    Ok(receiver)
}

/// Writes one mutation, and returns what it did, with the event up to which the answer
/// includes all.
pub(super) async fn mutate_one(
    app: &App,
    location: &str,
    trace_id: &str,
    mutation: Mutation,
) -> Result<(Thing, Seq), CompatError> {
    let creates = matches!(mutation, Mutation::CreateRelation { .. });
    let (location, trace_id) = (location.into(), Some(trace_id.into()));
    let mutations = Mutations { location, trace_id, mutations: vec![mutation] };
    let Mutated { outcomes, head } = mutate(app, mutations).await?;
    match outcomes.into_iter().next() {
        Some(Ok(Done { thing, seq })) => Ok((thing, seq.unwrap_or(head))),
        Some(Err(refusal)) => Err(error(&refusal, creates)),
        None => Err(CompatError::unavailable("the writer has not answered")),
    }
}

/// Returns the sender's error for a mutation that was refused; `creates` says whether it was
/// to create a relation.
fn error(refusal: &MutationRefusal, creates: bool) -> CompatError {
    use MutationRefusal as R;
    let text = message(refusal, creates);
    match refusal {
        R::AssociationNotFound if creates => CompatError::bad_request(text),
        R::AssociationNotFound | R::RelationNotFound | R::RecordNotFound => {
            CompatError::not_found(text)
        }
        R::Invalid(_) | R::LimitReached(_) => CompatError::unprocessable(vec![text]),
        _ => CompatError::bad_request(text),
    }
}

/// Returns the sender's words for a mutation that was refused.
pub(super) fn message(refusal: &MutationRefusal, creates: bool) -> String {
    use MutationRefusal as R;
    let text = match refusal {
        R::DuplicateAssociationKey => "Duplicate Association key",
        R::AssociationNotFound if creates => NO_ASSOCIATION,
        R::AssociationNotFound => "Association not found",
        R::SystemAssociation => "System defined associations cannot be changed",
        R::DuplicateRelation => DUPLICATE,
        R::RelationNotFound => "Relation not found",
        R::RecordNotFound => "Record not found",
        other => return other.to_string(),
    };
    text.to_owned()
}
