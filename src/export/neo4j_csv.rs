//! A zip of CSV files with typed headers, for `neo4j-admin database import` and any other
//! reader of CSV.
//!
//! Source: <https://neo4j.com/docs/operations-manual/current/import/>. One file
//! has the object keys, and one for each of them its records; one has the associations, and
//! one for each of them its relations, or several if they join several pairs of object keys.
//! `README.txt`, the first entry, has the command that imports them all.
//!
//! The `:ID` of a node is its reference, in a separate id space for each file. Unknown and
//! empty values are both an empty cell. A label cannot contain a `;`, after which Neo4j reads
//! another label: it is replaced in `:LABEL`, while the column `object` has the object key
//! unchanged. Cells are not escaped for spreadsheets, since that would change ids.

use std::collections::BTreeMap;
use std::io::{self, Write};

use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::export::csv::Table;
use crate::export::element::{
    EDGE_ATTRIBUTES, NODE_ATTRIBUTES, NodeId, REPLACEMENT, edge_class, edge_values, node_class,
    node_values,
};
use crate::graph::{Edge, EdgeEnd, Subgraph};

/// The file of the object keys.
const OBJECTS: &str = "objects";

/// The file of the associations.
const ASSOCIATIONS: &str = "associations";

/// Maximum number of characters of a key in the name of a file.
const NAME_CHARS: usize = 64;

pub(super) fn write(part: &Subgraph<'_>, to: &mut dyn Write) -> io::Result<()> {
    let associations = || part.links().take_while(|link| link.relation.is_none());
    let runs = part.runs();
    let mut names = Names::default();
    let spaces = Spaces::of(part, &mut names);
    let firsts = runs.iter().filter_map(|mut run| run.next());
    let relations: Vec<String> =
        firsts.map(|first| names.take("relations", edge_class(&first))).collect();

    let mut files = Files::new(to);
    let with_associations = associations().next().map(|_| ASSOCIATIONS);
    let of_links = with_associations.into_iter().chain(relations.iter().map(String::as_str));
    files.begin("README.txt")?;
    files.zip.write_all(readme(spaces.names(), of_links).as_bytes())?;
    files.nodes(part, &spaces)?;
    if with_associations.is_some() {
        files.links(ASSOCIATIONS, associations(), &spaces)?;
    }
    for (run, name) in runs.iter().zip(&relations) {
        files.links(name, run, &spaces)?;
    }
    files.zip.finish()?;
    Ok(())
}

fn readme<'n>(
    of_nodes: impl Iterator<Item = &'n str>,
    of_links: impl Iterator<Item = &'n str>,
) -> String {
    let mut text = String::from(
        "A graph of Relata as CSV files with typed headers. To import it into an empty\n\
         database of Neo4j, unpack the files and run there:\n\n\
         neo4j-admin database import full --id-type=string --multiline-fields=true",
    );
    let nodes = of_nodes.map(|name| ("nodes", name));
    for (kind, name) in nodes.chain(of_links.map(|name| ("relationships", name))) {
        text.extend([" \\\n  --", kind, "=", name, ".csv"]);
    }
    text.push_str(" \\\n  neo4j\n");
    text
}

/// Writes the files of the zip, one after the other.
struct Files<'w> {
    zip: ZipWriter<StreamWriter<Sink<'w>>>,
}

impl<'w> Files<'w> {
    fn new(to: &'w mut dyn Write) -> Self {
        Self { zip: ZipWriter::new_stream(Sink { to, failed: false }) }
    }

    fn begin(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1))
            // A fixed time: the same state gives the same bytes.
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644)
            .large_file(true);
        Ok(self.zip.start_file(name, options)?)
    }

    fn nodes<'g>(&mut self, part: &Subgraph<'g>, spaces: &Spaces<'g>) -> io::Result<()> {
        let mut nodes = part.nodes().peekable();
        while let Some(first) = nodes.peek().copied() {
            let name = spaces.of_node(&first);
            self.begin(&format!("{name}.csv"))?;
            let mut table = Table::new(&mut self.zip);
            table.cell(&format!("id:ID({name})"))?;
            NODE_ATTRIBUTES.into_iter().try_for_each(|name| table.cell(name))?;
            table.cell(":LABEL")?;
            table.end_row()?;
            let same = |node: &EdgeEnd<'_>| key_of(node) == key_of(&first);
            while let Some(node) = nodes.next_if(same) {
                table.cell(&NodeId::of(&node).text())?;
                let values = node_values(&node);
                values.into_iter().try_for_each(|value| table.cell(value.unwrap_or_default()))?;
                table.cell(&node_class(&node).replace(';', &REPLACEMENT.to_string()))?;
                table.end_row()?;
            }
            table.finish()?;
        }
        Ok(())
    }

    /// Writes links whose ends are in the same id spaces.
    fn links<'g>(
        &mut self,
        name: &str,
        links: impl Iterator<Item = Edge<'g>>,
        spaces: &Spaces<'g>,
    ) -> io::Result<()> {
        self.begin(&format!("{name}.csv"))?;
        let mut table = Table::new(&mut self.zip);
        let mut links = links.peekable();
        if let Some(first) = links.peek() {
            table.cell(&format!(":START_ID({})", spaces.of_node(&first.first)))?;
            table.cell(&format!(":END_ID({})", spaces.of_node(&first.second)))?;
            table.cell(":TYPE")?;
            let typed = |name| if name == "at" { "at:datetime" } else { name };
            EDGE_ATTRIBUTES.into_iter().try_for_each(|name| table.cell(typed(name)))?;
            table.end_row()?;
        }
        for link in links {
            table.cell(&NodeId::of(&link.first).text())?;
            table.cell(&NodeId::of(&link.second).text())?;
            table.cell(edge_class(&link))?;
            for value in edge_values(&link) {
                table.cell(value.as_deref().unwrap_or_default())?;
            }
            table.end_row()?;
        }
        table.finish()
    }
}

/// Returns the object key of a record; `None` for object keys, which share one file.
fn key_of<'g>(node: &EdgeEnd<'g>) -> Option<&'g str> {
    node.record.map(|_| node.object)
}

/// The file of each node, whose name is also that of the id space.
struct Spaces<'g>(BTreeMap<Option<&'g str>, String>);

impl<'g> Spaces<'g> {
    fn of(part: &Subgraph<'g>, names: &mut Names) -> Self {
        let mut spaces = BTreeMap::new();
        for node in part.nodes() {
            let key = key_of(&node);
            let name = || key.map_or_else(|| OBJECTS.to_owned(), |key| names.take("records", key));
            spaces.entry(key).or_insert_with(name);
        }
        Self(spaces)
    }

    fn of_node(&self, node: &EdgeEnd<'g>) -> &str {
        self.0.get(&key_of(node)).map_or(OBJECTS, String::as_str)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }
}

/// Unique names of files, safe on every system.
#[derive(Default)]
struct Names {
    /// Names in lower case, since some systems ignore case, with the last number appended to
    /// each.
    taken: BTreeMap<String, u32>,
}

impl Names {
    fn take(&mut self, kind: &str, key: &str) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        let key: String = key.chars().take(NAME_CHARS).map(safe).collect();
        let name = format!("{kind}-{key}");
        let mut free = name.clone();
        let mut number = self.taken.get(&name.to_ascii_lowercase()).copied().unwrap_or(1);
        while self.taken.contains_key(&free.to_ascii_lowercase()) {
            number += 1;
            free = format!("{name}-{number}");
        }
        self.taken.insert(name.to_ascii_lowercase(), number);
        self.taken.entry(free.to_ascii_lowercase()).or_insert(1);
        free
    }
}

/// Passes on writes until one fails, and discards the rest silently: a zip writer that is
/// dropped still writes the end of the archive, and reports failures on standard error.
struct Sink<'w> {
    to: &'w mut dyn Write,
    failed: bool,
}

impl Sink<'_> {
    fn run<T>(
        &mut self,
        or: T,
        run: impl FnOnce(&mut dyn Write) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.failed {
            return Ok(or);
        }
        let done = run(self.to);
        self.failed = done.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        done
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.run(bytes.len(), |to| to.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.run((), |to| to.flush())
    }
}
