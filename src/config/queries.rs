//! The arguments of the commands that query.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};
use relata::graph::{LinkFilter, Order};
use relata::{AsOf, ParseNameError, Seq, Side, Timestamp};

use crate::config::filters::{ConditionArg, parse_condition, parse_step};
use crate::config::node_arg::NodeArg;

/// The location to query.
#[derive(Debug, Args)]
pub(crate) struct LocationArg {
    /// Location; not needed if the store has only one
    #[arg(long, env = "RELATA_LOCATION", value_name = "ID")]
    pub(crate) location: Option<String>,
}

/// The arguments of every query of a graph.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// Query the graph as of this event number or RFC 3339 time
    #[arg(long, value_name = "SEQ|TIME")]
    pub(crate) as_of: Option<AsOf>,

    /// Print JSON, as the HTTP API answers it
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

/// The links that a query without a direction follows.
#[derive(Debug, Args)]
pub(crate) struct FollowArgs {
    /// Only follow links with this label on either end; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only follow links under this association, by id or key; may be repeated
    #[arg(long, value_name = "ID|KEY")]
    pub(crate) association: Vec<String>,
}

impl FollowArgs {
    /// Returns the filter for the links to follow.
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
  relata links '12 Maple Street' --label 'Interested Buyer'
  relata links 'Amara Okafor' --location seaside-realty --order newest --json
  relata links 'Amara Okafor' --since 2026-11-01T00:00:00Z --as-of 300")]
pub(crate) struct LinksArgs {
    /// Node: an object key, OBJECT/ID of a record, or the name of one
    #[arg(value_name = "NODE")]
    pub(crate) node: NodeArg,

    /// Only links whose far end has this label; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only links under this association, by id or key; may be repeated
    #[arg(long, value_name = "ID|KEY")]
    pub(crate) association: Vec<String>,

    /// Only links to nodes of this object key
    #[arg(long, value_name = "KEY")]
    pub(crate) object: Option<String>,

    /// Only links in which the node is on this end, first or second
    #[arg(long, value_name = "SIDE", value_parser = one_of::<Side>(["first", "second"]))]
    pub(crate) side: Option<Side>,

    /// Only links whose event has this RFC 3339 time or a later one
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,

    /// Only links whose event has an earlier RFC 3339 time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,

    /// Order in which the store first heard of the links: oldest or newest first
    #[arg(long, default_value = "oldest", value_name = "ORDER", value_parser = one_of::<Order>(["oldest", "newest"]))]
    pub(crate) order: Order,

    /// Maximum number of links
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) query: QueryArgs,
}

/// Returns a parser for these names, which help and completions list.
fn one_of<T>(names: [&'static str; 2]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = ParseNameError> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata labels 'Amara Okafor'
  relata labels '12 Maple Street'
  relata labels custom_objects.property --as-of 2026-11-01T00:00:00Z")]
pub(crate) struct LabelsArgs {
    /// Node: an object key, OBJECT/ID of a record, or the name of one
    #[arg(value_name = "NODE")]
    pub(crate) node: NodeArg,

    #[command(flatten)]
    pub(crate) query: QueryArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
COND is NODE (linked under any label) or NODE=LABEL, where LABEL is the role of NODE
towards the match. ,label=LABEL and ,association=ID|KEY may follow; if repeated, any of
them may hold. In a NODE or LABEL, write \\, for a comma, \\= for an equals sign and
\\\\ for a backslash.

Examples:
  relata match --all 'Amara Okafor=Interested Buyer' \\
               --all 'Ben Castillo=Interested Buyer'
  relata match --any 'Nadia Cole' --any 'Priya Shah' \\
               --none 'Amara Okafor=Interested Buyer'
  relata match --all 'Amara Okafor,association=buyer_property_interest'
  relata match --object custom_objects.property --none 'Nadia Cole'
  relata match --all '12 Maple Street=Saved Home' --all '7 Harbour View=Saved Home'")]
pub(crate) struct MatchArgs {
    /// Only nodes of this object key
    #[arg(long, value_name = "KEY")]
    pub(crate) object: Option<String>,

    // These have their own variables: --all means something else in other commands.
    /// Linked to this node; if repeated, to each of them
    #[arg(long, env = "RELATA_MATCH_ALL", value_name = "COND", value_parser = parse_condition)]
    pub(crate) all: Vec<ConditionArg>,

    /// Linked to this node; if repeated, to at least one of them
    #[arg(long, env = "RELATA_MATCH_ANY", value_name = "COND", value_parser = parse_condition)]
    pub(crate) any: Vec<ConditionArg>,

    /// Not linked to this node; if repeated, to none of them
    #[arg(long, env = "RELATA_MATCH_NONE", value_name = "COND", value_parser = parse_condition)]
    pub(crate) none: Vec<ConditionArg>,

    /// Maximum number of nodes
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) query: QueryArgs,
}

impl MatchArgs {
    /// Returns whether there is a condition to start from.
    pub(super) fn has_start(&self) -> bool {
        !(self.all.is_empty() && self.any.is_empty())
            || self.object.is_some() && !self.none.is_empty()
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
STEP is the LABEL of the nodes that the step leads to, or * (or nothing) for any.
label=LABEL, association=ID|KEY, object=KEY (of the nodes that the step leads to) and
side=first|second (the end that the step starts from) may follow or replace it,
separated by commas; label and association may be repeated, and any of them may hold.
In a LABEL, write \\, for a comma, \\= for an equals sign and \\\\ for a backslash.

Examples:
  relata walk '12 Maple Street' \\
              --step 'Interested Buyer' --step 'Saved Home'
  relata walk '12 Maple Street' --step 'Listing Agent'
  relata walk 'Agnes Holm' --step '*,object=contact' --paths
  relata walk 'Amara Okafor' 'Ben Castillo' \\
              --step association=buyer_property_interest --step 'Listing Agent'")]
pub(crate) struct WalkArgs {
    /// Nodes where walks begin: object keys, or records by OBJECT/ID or name
    #[arg(required = true, value_name = "FROM")]
    pub(crate) from: Vec<NodeArg>,

    /// Follow these links; repeat it for each step
    #[arg(long, required = true, value_name = "STEP", value_parser = parse_step)]
    pub(crate) step: Vec<LinkFilter>,

    /// List the walks themselves instead of where they end
    #[arg(long)]
    pub(crate) paths: bool,

    /// Maximum number of ends, or of walks
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) query: QueryArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Between two nodes of a path is the role of the second towards the first.

Examples:
  relata path 'Amara Okafor' 'Ben Castillo'
  relata path 'Sofia Berg' '12 Maple Street'
  relata path 'Amara Okafor' 'Harbour Bank' --all --max-hops 4
  relata path 'Amara Okafor' 'Nadia Cole' --label 'Interested Buyer' \\
              --label Listing")]
pub(crate) struct PathArgs {
    /// Node where paths begin
    #[arg(value_name = "FROM")]
    pub(crate) from: NodeArg,

    /// Node where they end
    #[arg(value_name = "TO")]
    pub(crate) to: NodeArg,

    /// Maximum number of links on a path
    #[arg(long, default_value_t = 6, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=32))]
    pub(crate) max_hops: u32,

    /// List all of the shortest paths, not just one
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) follow: FollowArgs,

    /// With --all, maximum number of paths
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) query: QueryArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata neighborhood 'Amara Okafor'
  relata neighborhood '12 Maple Street'
  relata neighborhood 'Amara Okafor' --depth 2 --limit 50 --label Spouse")]
pub(crate) struct NeighborhoodArgs {
    /// Node: an object key, OBJECT/ID of a record, or the name of one
    #[arg(value_name = "NODE")]
    pub(crate) node: NodeArg,

    /// Maximum distance, in links
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) depth: u32,

    /// Maximum number of nodes, nearest first
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) follow: FollowArgs,

    #[command(flatten)]
    pub(crate) query: QueryArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata summary
  relata summary --location seaside-realty --json
  relata summary --as-of 2026-11-01T00:00:00Z")]
pub(crate) struct SummaryArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata diff --from 120
  relata diff --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --json")]
pub(crate) struct DiffArgs {
    // These have their own variables: FROM and TO are nodes elsewhere.
    /// Earlier state, as of this event number or RFC 3339 time
    #[arg(long, env = "RELATA_DIFF_FROM", value_name = "SEQ|TIME")]
    pub(crate) from: AsOf,

    /// Later state, likewise [default: now]
    #[arg(long, env = "RELATA_DIFF_TO", value_name = "SEQ|TIME")]
    pub(crate) to: Option<AsOf>,

    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// Maximum number of relations
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    /// Print JSON, as the HTTP API answers it
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata watch --location seaside-realty
  relata watch --of 'Amara Okafor' --after 300
  relata watch --of '12 Maple Street'
  relata watch --label 'Interested Buyer' --json | while read -r change; do …; done

Changes are events that were applied. --label hides only relations with other labels:
an event without a label may still affect a link that has it.")]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// Only relations with this label on either end, and changes that are not relations; may
    /// be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only changes that concern this object key
    #[arg(long, value_name = "KEY")]
    pub(crate) object: Option<String>,

    /// Only changes that name this record or concern associations of its object key; for an
    /// object key, only its schema and its associations
    #[arg(long, value_name = "NODE")]
    pub(crate) of: Option<NodeArg>,

    /// Begin after this event [default: the latest event]
    #[arg(long, value_name = "SEQ")]
    pub(crate) after: Option<Seq>,

    /// Print each change as a line of JSON, as the HTTP API sends it
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("subject").required(true).args(["node", "relation", "association"]))]
#[command(after_help = "\
Examples:
  relata history '12 Maple Street'
  relata history 'Amara Okafor' --order newest --limit 10
  relata history --relation 67ae12a7e9b0d4b7ecb2fa05
  relata history --association 67ade73d1119d2ac7ad0c475 --json")]
pub(crate) struct HistoryArgs {
    /// Node: an object key with its associations, or a record with its relations, by OBJECT/ID
    /// or name
    #[arg(value_name = "NODE")]
    pub(crate) node: Option<NodeArg>,

    // These have their own variables: one that is set for other commands would conflict
    // with NODE.
    /// Id of a relation
    #[arg(long, env = "RELATA_HISTORY_RELATION", value_name = "ID")]
    pub(crate) relation: Option<String>,

    /// Id of an association
    #[arg(long, env = "RELATA_HISTORY_ASSOCIATION", value_name = "ID")]
    pub(crate) association: Option<String>,

    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// Order of the events: oldest or newest first
    #[arg(long, default_value = "oldest", value_name = "ORDER", value_parser = one_of::<Order>(["oldest", "newest"]))]
    pub(crate) order: Order,

    /// Maximum number of events
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    /// Print JSON, as the HTTP API answers it
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}
