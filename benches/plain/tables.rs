//! Tables by the libraries for CSV and ZIP.

use std::io::{self, Write};

use csv::Writer;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Link, Node};

pub(super) fn csv(to: &mut dyn Write, links: &[Link]) -> io::Result<()> {
    let mut csv = Writer::from_writer(to);
    for link in links {
        let (source, target) = (parts(&link.source), parts(&link.target));
        csv.write_record(cells(link).chain(source).chain(target))?;
    }
    csv.flush()
}

/// The object key, the record id and the name of a record.
fn parts(id: &str) -> [&str; 3] {
    let (object, record) = id.split_once('/').unwrap_or((id, ""));
    [object, record, record]
}

fn cells(link: &Link) -> impl Iterator<Item = &str> {
    let attributes = link.attributes().into_iter().map(|(_, value)| value.unwrap_or_default());
    [&*link.source, &*link.target].into_iter().chain(attributes)
}

pub(super) fn zip_nodes(to: &mut dyn Write, nodes: &[Node]) -> io::Result<()> {
    zipped(to, nodes, |node| {
        let attributes = node.attributes().into_iter().map(|(_, value)| value.unwrap_or_default());
        std::iter::once(&*node.id).chain(attributes).chain([&*node.object]).collect()
    })
}

pub(super) fn zip_links(to: &mut dyn Write, links: &[Link]) -> io::Result<()> {
    zipped(to, links, |link| {
        let class = link.association_key.as_deref().unwrap_or(&link.association);
        cells(link).chain([class]).collect()
    })
}

fn zipped<T>(to: &mut dyn Write, all: &[T], row: fn(&T) -> Vec<&str>) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(to);
    zip.start_file("rows.csv", SimpleFileOptions::default().compression_level(Some(1)))?;
    let mut csv = Writer::from_writer(&mut zip);
    for item in all {
        csv.write_record(row(item))?;
    }
    csv.flush()?;
    drop(csv);
    zip.finish()?;
    Ok(())
}
