//! The arguments of the commands that ask.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};
use relata::graph::{Condition, LinkFilter, Order};
use relata::{AsOf, NodeRef, ParseNameError, Seq, Side, Timestamp};

use crate::config::filters::{condition, step};

/// Which location a question is about.
#[derive(Debug, Args)]
pub(crate) struct LocationArg {
    /// The location; not needed if the store holds one alone
    #[arg(long, env = "RELATA_LOCATION", value_name = "ID")]
    pub(crate) location: Option<String>,
}

/// What every question of a graph says.
#[derive(Debug, Args)]
pub(crate) struct Asking {
    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// Ask the graph as it stood when this event had come in, or at this time
    /// (RFC 3339)
    #[arg(long, value_name = "SEQ|TIME")]
    pub(crate) as_of: Option<AsOf>,

    /// Print the JSON that the HTTP API answers
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

/// Which links a question without a direction goes along.
#[derive(Debug, Args)]
pub(crate) struct Along {
    /// Only along links of which an end has this label; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only along links under this association, by id or key; may be repeated
    #[arg(long, value_name = "ID|KEY")]
    pub(crate) association: Vec<String>,
}

impl Along {
    pub(crate) fn filter(&self) -> LinkFilter {
        LinkFilter {
            labels: self.label.clone(),
            associations: self.association.clone(),
            ..LinkFilter::default()
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata links contact
  relata links custom_objects.property/12-maple-street --label 'Interested Buyer'
  relata links contact/amara-okafor --location seaside-realty --order newest --json
  relata links contact/amara-okafor --since 2026-11-01T00:00:00Z --as-of 300")]
pub(crate) struct LinksArgs {
    /// An object key, or an object key, a slash and a record id
    #[arg(value_name = "NODE")]
    pub(crate) node: NodeRef,

    /// Only links whose far end has this label; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only links under this association, by id or key; may be repeated
    #[arg(long, value_name = "ID|KEY")]
    pub(crate) association: Vec<String>,

    /// Only links to things of this object key
    #[arg(long, value_name = "KEY")]
    pub(crate) object: Option<String>,

    /// Only links in which the node stands on this end
    #[arg(long, value_name = "SIDE", value_parser = one_of::<Side>(["first", "second"]))]
    pub(crate) side: Option<Side>,

    /// Only links whose event is of this time (RFC 3339) or later
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,

    /// Only links whose event is of an earlier time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,

    /// The order in which the store first heard of the links
    #[arg(long, default_value = "oldest", value_name = "ORDER", value_parser = one_of::<Order>(["oldest", "newest"]))]
    pub(crate) order: Order,

    /// The greatest number of links
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) asking: Asking,
}

/// Returns a parser that help and completions show the names of.
fn one_of<T>(names: [&'static str; 2]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = ParseNameError> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata labels contact/amara-okafor
  relata labels custom_objects.property --as-of 2026-11-01T00:00:00Z")]
pub(crate) struct LabelsArgs {
    /// An object key, or an object key, a slash and a record id
    #[arg(value_name = "NODE")]
    pub(crate) node: NodeRef,

    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
#[command(after_help = "\
COND is NODE (linked under whatever label) or NODE=LABEL, where LABEL is what NODE
is to the thing that is looked for. Behind it may stand ,label=LABEL and
,association=ID|KEY; repeated, any of them will do. In a NODE or LABEL, \\, \\= and
\\\\ stand for a comma, an = and a backslash.

Examples:
  relata match --all 'contact/amara-okafor=Interested Buyer' \\
               --all 'contact/ben-castillo=Interested Buyer'
  relata match --any contact/nadia-cole --any contact/priya-shah \\
               --none 'contact/amara-okafor=Interested Buyer'
  relata match --all contact/amara-okafor,association=buyer_property_interest
  relata match --object custom_objects.property --none contact/nadia-cole")]
pub(crate) struct MatchArgs {
    /// Only things of this object key
    #[arg(long, value_name = "KEY")]
    pub(crate) object: Option<String>,

    // Variables of their own: other commands have an --all that means something
    // else.
    /// Linked as this says; repeated, to each
    #[arg(long, env = "RELATA_MATCH_ALL", value_name = "COND", value_parser = condition)]
    pub(crate) all: Vec<Condition>,

    /// Linked as this says; repeated, to at least one
    #[arg(long, env = "RELATA_MATCH_ANY", value_name = "COND", value_parser = condition)]
    pub(crate) any: Vec<Condition>,

    /// Not linked as this says; repeated, to none
    #[arg(long, env = "RELATA_MATCH_NONE", value_name = "COND", value_parser = condition)]
    pub(crate) none: Vec<Condition>,

    /// The greatest number of things
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) asking: Asking,
}

impl MatchArgs {
    /// Whether it says what to start from.
    pub(super) fn has_start(&self) -> bool {
        !(self.all.is_empty() && self.any.is_empty())
            || self.object.is_some() && !self.none.is_empty()
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
STEP is the LABEL of the things that the step leads to, or * (or nothing) for any.
Behind it, or instead of it, may stand label=LABEL, association=ID|KEY, object=KEY
(of the things led to) and side=first|second (the end that the step starts from),
each behind a comma; label and association may be repeated, and any will do. In a
LABEL, \\, \\= and \\\\ stand for a comma, an = and a backslash.

Examples:
  relata walk custom_objects.property/12-maple-street \\
              --step 'Interested Buyer' --step 'Saved Home'
  relata walk contact/agnes-holm --step '*,object=contact' --paths
  relata walk contact/amara-okafor contact/ben-castillo \\
              --step association=buyer_property_interest --step 'Listing Agent'")]
pub(crate) struct WalkArgs {
    /// Where walks begin: object keys, or records (an object key, a slash and an
    /// id)
    #[arg(required = true, value_name = "FROM")]
    pub(crate) from: Vec<NodeRef>,

    /// Go along these links; repeated, one step after the other
    #[arg(long, required = true, value_name = "STEP", value_parser = step)]
    pub(crate) step: Vec<LinkFilter>,

    /// List the walks themselves, not where they end
    #[arg(long)]
    pub(crate) paths: bool,

    /// The greatest number of ends, or of walks
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Between two nodes of a way stands what the second is to the first.

Examples:
  relata path contact/amara-okafor contact/ben-castillo
  relata path contact/amara-okafor business/harbour-bank --all --max-hops 4
  relata path contact/amara-okafor contact/nadia-cole --label 'Interested Buyer' \\
              --label Listing")]
pub(crate) struct PathArgs {
    /// Where ways begin
    #[arg(value_name = "FROM")]
    pub(crate) from: NodeRef,

    /// Where they end
    #[arg(value_name = "TO")]
    pub(crate) to: NodeRef,

    /// The greatest number of links on a way
    #[arg(long, default_value_t = 6, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=32))]
    pub(crate) max_hops: u32,

    /// Every one of the shortest ways, not just one
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) along: Along,

    /// With --all, the greatest number of ways
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata neighborhood contact/amara-okafor
  relata neighborhood contact/amara-okafor --depth 2 --limit 50 --label Spouse")]
pub(crate) struct NeighborhoodArgs {
    /// An object key, or an object key, a slash and a record id
    #[arg(value_name = "NODE")]
    pub(crate) node: NodeRef,

    /// How many links away
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) depth: u32,

    /// The greatest number of nodes, nearest first
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) along: Along,

    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata summary
  relata summary --location seaside-realty --json
  relata summary --as-of 2026-11-01T00:00:00Z")]
pub(crate) struct SummaryArgs {
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata diff --from 120
  relata diff --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --json")]
pub(crate) struct DiffArgs {
    // Variables of their own: FROM and TO are nodes elsewhere.
    /// The earlier moment: when this event had come in, or this time (RFC 3339)
    #[arg(long, env = "RELATA_DIFF_FROM", value_name = "SEQ|TIME")]
    pub(crate) from: AsOf,

    /// The later moment [default: now]
    #[arg(long, env = "RELATA_DIFF_TO", value_name = "SEQ|TIME")]
    pub(crate) to: Option<AsOf>,

    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// The greatest number of relations
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    /// Print the JSON that the HTTP API answers
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata watch --location seaside-realty
  relata watch --of contact/amara-okafor --after 300
  relata watch --label 'Interested Buyer' --json | while read -r change; do …; done

Changes are events that were applied. --label keeps back relations of other labels
alone: an event that carries none may matter to a link that has it.")]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// Only relations of which an end has this label, and what is no relation; may be
    /// repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only changes of things of this object key
    #[arg(long, value_name = "KEY")]
    pub(crate) object: Option<String>,

    /// Only changes that name this record, or are about associations of its object key;
    /// or for an object key, its schema and its associations
    #[arg(long, value_name = "NODE")]
    pub(crate) of: Option<NodeRef>,

    /// Begin behind this event [default: with what happens from now on]
    #[arg(long, value_name = "SEQ")]
    pub(crate) after: Option<Seq>,

    /// Print one line of JSON for each, as the HTTP API sends it
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("subject").required(true).args(["node", "relation", "association"]))]
#[command(after_help = "\
Examples:
  relata history contact/amara-okafor
  relata history --relation 67ae12a7e9b0d4b7ecb2fa05
  relata history --association 67ade73d1119d2ac7ad0c475 --json")]
pub(crate) struct HistoryArgs {
    /// An object key with its associations, or a record with its relations
    #[arg(value_name = "NODE")]
    pub(crate) node: Option<NodeRef>,

    // Variables of their own: one that is set for other commands would stand beside
    // the NODE here.
    /// A relation
    #[arg(long, env = "RELATA_HISTORY_RELATION", value_name = "ID")]
    pub(crate) relation: Option<String>,

    /// An association
    #[arg(long, env = "RELATA_HISTORY_ASSOCIATION", value_name = "ID")]
    pub(crate) association: Option<String>,

    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// The greatest number of events, oldest first
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    /// Print the JSON that the HTTP API answers
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}
