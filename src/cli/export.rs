//! `relata export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use relata::NodeRef;
use relata::export::{EdgesKey, Format, Options, check, write, write_lives};
use relata::graph::{Layers, PartQuery};

use super::output::{location, open_for_questions};
use crate::config::Export;

pub(super) fn run(db: &Path, export: &Export) -> anyhow::Result<ExitCode> {
    let store = open_for_questions(db)?;
    let location = location(&store, &export.place)?;
    let mut to: Box<dyn Write> = match &export.output {
        Some(path) => Box::new(File::create(path).with_context(|| path.display().to_string())?),
        None => Box::new(io::stdout().lock()),
    };
    let mut to = BufWriter::with_capacity(1 << 16, &mut to);
    if export.format == "ndjson" {
        let past = export.as_of.map(|moment| store.seq_as_of(moment.0)).transpose()?.flatten();
        let upto = past.unwrap_or_else(|| store.head());
        store.export_events(location.id().as_str(), upto, &mut to)?;
    } else {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
        let format = Format::from_name(&export.format)
            .with_context(|| format!("--format is one of {}, ndjson", known.join(", ")))?;
        let edges_key =
            EdgesKey::from_name(&export.edges_key).context("--edges-key is one of edges, links")?;
        let query = PartQuery {
            layers: Layers::from_name(&export.layer)
                .context("--layer is one of objects, records, all")?,
            labels: export.label.clone(),
            associations: export.association.clone(),
            around: export.of.clone().map(|of| (of, export.depth.unwrap_or(1))),
        };
        let as_of = export.as_of.map(|moment| moment.0);
        if export.dynamic {
            ensure!(format == Format::Gexf, "--dynamic goes with --format gexf alone");
            let (_, lives) = store.lives(location.id().as_str(), as_of)?;
            write_lives(&lives.view().part(&query)?, &lives, &mut to)?;
        } else {
            let named: Vec<NodeRef> = export.of.iter().cloned().collect();
            let (_, snapshot) = store.snapshot(&location, as_of, &named)?;
            let part = snapshot.view().part(&query)?;
            check(&part, format)?;
            let options = Options { edges_key, location: location.id().as_str().to_owned() };
            write(&part, format, &options, &mut to)?;
        }
    }
    to.flush()?;
    Ok(ExitCode::SUCCESS)
}
