//! `relata export`.

use std::io::{BufWriter, IntoInnerError, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use relata::export::{Content, EdgesKey, Options, check, write_timeline};
use relata::graph::{Layers, LinkFilter, SubgraphQuery};
use relata::journal::Database;
use relata::{AsOf, Location, Store};

use crate::cli::database::open_location;
use crate::cli::destination::{Destination, Reserved};
use crate::cli::node_name::resolve;
use crate::config::ExportArgs;

/// Size of the output buffer, in bytes.
const BUFFER_BYTES: usize = 1 << 16;

pub(super) fn run(db: &Database, export: &ExportArgs) -> anyhow::Result<ExitCode> {
    let content = content(export)?;
    let mut query = query(export)?;
    let edges_key: Result<EdgesKey, _> = export.edges_key.parse();
    let edges_key = edges_key.ok().context("--edges-key is one of edges, links")?;
    let destination = Destination::open(export.output.as_deref(), &Reserved::database(db))?;
    let (store, location) = open_location(db, &export.place)?;
    if let Some(of) = &export.of {
        query.around = Some((resolve(&store, &location, of)?, export.depth.unwrap_or(1)));
    }
    let as_of = export.as_of;
    let mut to = BufWriter::with_capacity(BUFFER_BYTES, destination);
    match content {
        Content::Events => events(&store, &location, as_of, &mut to)?,
        Content::Timeline => {
            let (_, timeline) = store.timeline(location.id().as_str(), as_of)?;
            write_timeline(&timeline.view().part(&query)?, &timeline, &mut to)?;
        }
        Content::Graph(format) => {
            let (_, snapshot) = store.snapshot(&location, as_of, &query)?;
            let part = snapshot.view().part(&query)?;
            let checked = check(&part, format)?;
            let options = Options {
                edges_key,
                location: location.id().as_str().to_owned(),
                bom: export.bom,
                yed: export.yed,
            };
            checked.write(&options, &mut to)?;
        }
    }
    to.into_inner().map_err(IntoInnerError::into_error)?.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn content(export: &ExportArgs) -> anyhow::Result<Content> {
    if export.format == "ndjson" {
        let ExportArgs { label, association, of, layer, dynamic, bom, yed, .. } = export;
        let given = [
            ("layer", layer.parse() != Ok(Layers::default())),
            ("label", !label.is_empty()),
            ("association", !association.is_empty()),
            ("of", of.is_some()),
            ("dynamic", *dynamic),
            ("bom", *bom),
            ("yed", *yed),
        ];
        let given = given.into_iter().find(|(_, given)| *given);
        return match given {
            Some((name, _)) => {
                bail!("--{name} cannot be combined with ndjson, which has every event")
            }
            None => Ok(Content::Events),
        };
    }
    let content: Result<Content, _> = export.format.parse();
    let content =
        content.ok().with_context(|| format!("--format is one of {}", Content::names()))?;
    for (name, given) in [("dynamic", export.dynamic), ("bom", export.bom), ("yed", export.yed)] {
        let only = Content::format_of_option(name);
        if let Some(only) = only.filter(|only| given && content.format() != Some(*only)) {
            bail!("--{name} needs --format {}", only.as_str());
        }
    }
    Ok(if export.dynamic { Content::Timeline } else { content })
}

/// Returns the part to export, around nothing yet.
fn query(export: &ExportArgs) -> anyhow::Result<SubgraphQuery> {
    Ok(SubgraphQuery {
        layers: export.layer.parse().ok().context("--layer is one of objects, records, all")?,
        along: LinkFilter {
            labels: export.label.clone(),
            associations: export.association.clone(),
            ..LinkFilter::default()
        },
        around: None,
        only: None,
    })
}

fn events(
    store: &Store,
    location: &Location,
    as_of: Option<AsOf>,
    to: &mut dyn Write,
) -> anyhow::Result<()> {
    let past = as_of.map(|moment| store.seq_as_of(moment)).transpose()?.flatten();
    let upto = past.unwrap_or_else(|| store.head());
    store.export_events(location.id().as_str(), upto, to)?;
    Ok(())
}
