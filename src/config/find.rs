//! The arguments of `relata find`.

use clap::Args;
use relata::webhook::MAX_ID_BYTES;

use crate::config::queries::LocationArg;

/// Maximum number of records found at once, as by the HTTP API.
pub(crate) const FOUND_MAX: u32 = 100;

#[derive(Debug, Args)]
#[command(after_help = "\
Results come best first: the whole name, the beginning of a name, the beginning of words of
it (each word of TEXT begins one), the beginning of an id. Case, accents, width and
punctuation do not matter in names.

Examples:
  relata find 12 maple
  relata find okafor --object contact --limit 5 --json

Wherever a command takes a node, it takes a name, too. A known object key or OBJECT/ID
always means itself. Anything else is looked up as the whole name or the whole id of a
record and, if there is none, as TEXT is here. OBJECT/NAME looks among the records of one
object key, from which custom_objects. may be omitted, and needs a name or a whole id. If
several records match, they are listed and nothing is done. With --as-of, too, names are
those of now:
  relata links '12 Maple Street'
  relata path 'contact/Amara Okafor' 'property/12 Maple Street'")]
pub(crate) struct FindArgs {
    /// The beginning of a name, of words of it, or of an id
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,

    /// Only records of this object key
    #[arg(long, value_name = "KEY")]
    pub(crate) object: Option<String>,

    #[command(flatten)]
    pub(crate) place: LocationArg,

    // Has its own variable: other commands list more.
    /// Maximum number of records
    #[arg(long, env = "RELATA_FIND_LIMIT", default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(FOUND_MAX)))]
    pub(crate) limit: u32,

    /// Print JSON, as the HTTP API answers it
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

impl FindArgs {
    /// Returns the text to look for.
    pub(crate) fn text(&self) -> String {
        self.text.join(" ")
    }

    /// Returns why there is nothing to look for, if there is not.
    pub(super) fn fault(&self) -> Option<String> {
        let text = self.text();
        let is_good = !text.trim().is_empty() && text.len() <= MAX_ID_BYTES;
        (!is_good).then(|| format!("find needs a TEXT of 1 to {MAX_ID_BYTES} bytes"))
    }
}
