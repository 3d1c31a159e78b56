//! What the README and `docs/` show is what the demo answers today.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use relata::Store;
use relata::graph::Layers;

use crate::support::golden;
use crate::support::server::{Error, Server, relata};

/// Commands with what follows them, of every block of a console. A command goes on
/// over lines that are indented.
fn shown(readme: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            found.push((command.to_owned(), String::new()));
        } else if let Some((command, output)) = found.last_mut().filter(|_| inside) {
            if line.starts_with("    ") && output.is_empty() && !command.ends_with('\'') {
                command.extend(["\n", line]);
            } else {
                output.extend([line, "\n"]);
            }
        }
    }
    found
}

/// Ids of requests are new each time.
fn lasting(output: &str) -> String {
    let mut parts = output.split("\"traceId\":\"");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('"').unwrap_or_default();
        text.extend(["\"traceId\":\"…\"", rest]);
    }
    text
}

fn demo() -> Result<(Server, String), Error> {
    let mut child = relata()
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--log", "error"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut ready = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut ready)?;
    let after = |word: &str| {
        let rest = ready.split_once(word).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split(' ').next()).map(str::to_owned)
    };
    let address = after("http://").ok_or("no address")?.parse()?;
    let db = after("database ").ok_or("no database")?;
    Ok((Server { child, address, ready }, db))
}

/// The README and every page of `docs/`.
fn pages() -> Result<Vec<PathBuf>, Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("README.md")];
    for entry in std::fs::read_dir(root.join("docs"))? {
        let path = entry?.path();
        found.extend(path.extension().is_some_and(|end| end == "md").then_some(path));
    }
    Ok(found)
}

/// Runs the commands of one page against a demo of its own. Returns how many there were.
fn run_page(page: &Path, has_curl: bool) -> Result<u32, Error> {
    let mut text = std::fs::read_to_string(page)?;
    let commands = shown(&text);
    if commands.is_empty() {
        return Ok(0);
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let (server, db) = demo()?;
    let folder = Path::new(env!("CARGO_BIN_EXE_relata")).parent().ok_or("no folder")?;
    let mut path = folder.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let elsewhere = tempfile::tempdir()?;
    let own = elsewhere.path().join("relata.db").display().to_string();
    let (mut tried, mut of_own) = (0, false);
    for (command, output) in commands {
        // An ellipsis is something that differs for every reader.
        if command.contains('…') || command.contains("$TOKEN") || output.contains('…') {
            continue;
        }
        // From here on it is the reader's own database.
        of_own |= command.starts_with("relata ingest");
        if ["relata serve", "relata token"].iter().any(|start| command.starts_with(start))
            || command.starts_with("curl") && !has_curl
        {
            continue;
        }
        let mut run = Command::new("bash");
        run.args(["-c", &command.replace("127.0.0.1:8787", &server.address.to_string())])
            .current_dir(root)
            .env("PATH", &path)
            .env("RELATA_DB", if of_own { &own } else { &db });
        if !of_own {
            run.env("RELATA_LOCATION", "seaside-realty");
        }
        let ran = run.output()?;
        let answered = String::from_utf8([ran.stdout, ran.stderr].concat())?;
        let (is, was) = (lasting(answered.trim_end()), lasting(output.trim_end()));
        if is != was && golden::is_blessed() {
            let shown = |output: &str| format!("$ {command}\n{output}");
            let answered = format!("{}\n", answered.trim_end());
            text = text.replacen(&shown(&output), &shown(&answered), 1);
            continue;
        }
        assert_eq!(is, was, "{}: $ {command}", page.display());
        tried += 1;
    }
    if golden::is_blessed() {
        std::fs::write(page, text)?;
    }
    Ok(tried)
}

#[test]
fn the_pages_show_what_is_answered() -> Result<(), Error> {
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    let mut tried = 0;
    for page in pages()? {
        tried += run_page(&page, has_curl)?;
    }
    assert!(tried >= if has_curl { 14 } else { 10 }, "{tried} tried");
    Ok(())
}

/// The texts of a picture, the ids of its links among them.
fn drawn(picture: &str) -> Result<BTreeSet<String>, Error> {
    let mut found = BTreeSet::new();
    for part in picture.split("<g id=\"").skip(1) {
        let id = part.split('"').next().ok_or("id")?;
        found.extend((id.contains(':')).then(|| id.to_owned()));
        let texts = part.split("<text ").skip(1).filter_map(|text| text.split(['>', '<']).nth(1));
        // Graphviz writes a hyphen and an apostrophe so.
        found.extend(texts.map(|text| text.replace("&#45;", "-").replace("&#39;", "'")));
    }
    Ok(found)
}

#[test]
fn the_pictures_show_what_the_demo_holds() -> Result<(), Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let store = Store::in_memory()?;
    for line in std::fs::read_to_string(root.join("data/real-estate.ndjson"))?.lines() {
        store.ingest(line.as_bytes())?;
    }
    let snapshot = store.location("seaside-realty")?.ok_or("no location")?.read().snapshot();
    let readme = std::fs::read_to_string(root.join("README.md"))?;
    for (picture, layer) in
        [("data/objects.svg", Layers::Objects), ("data/demo.svg", Layers::Records)]
    {
        let mut expected = BTreeSet::new();
        for link in snapshot.links(layer) {
            expected.insert(match link.relation {
                Some(relation) => format!("relation:{relation}"),
                None => format!("association:{}", link.association),
            });
            expected.extend(link.definition.map(|known| known.second.label.to_string()));
        }
        expected.extend(snapshot.nodes(layer).iter().map(|node| node.label.to_owned()));
        let shown = drawn(&std::fs::read_to_string(root.join(picture))?)?;
        assert_eq!(shown, expected, "data/draw makes {picture} anew");
        assert!(readme.contains(&format!("({picture})")), "{picture}");
    }
    Ok(())
}

/// The values of an attribute in the elements of this name.
fn attributes<'a>(text: &'a str, element: &str, attribute: &str) -> Vec<&'a str> {
    let (start, name) = (format!("<{element}"), format!(" {attribute}=\""));
    let tags = text.split(&*start).skip(1).filter_map(|rest| rest.split_once('>'));
    let of = |tag: &'a str| tag.split_once(&*name).and_then(|(_, rest)| rest.split_once('"'));
    tags.map(|(tag, _)| of(tag).map_or("", |(value, _)| value)).collect()
}

#[test]
fn every_screenshot_is_shown_with_words_for_it() -> Result<(), Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screenshots");
    let mut shown = BTreeSet::new();
    for page in pages()? {
        let text = std::fs::read_to_string(&page)?;
        let beside = page.parent().ok_or("no folder")?;
        let sources = [attributes(&text, "img", "src"), attributes(&text, "source", "srcset")];
        for source in sources.iter().flatten() {
            let file = beside.join(source);
            assert!(file.is_file(), "{}: there is no {source}", page.display());
            shown.insert(file.canonicalize()?);
        }
        for words in attributes(&text, "img", "alt") {
            assert!(words.len() > 20, "{}: {words}", page.display());
        }
    }
    let made: Result<BTreeSet<PathBuf>, Error> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path().canonicalize()?)).collect();
    assert_eq!(shown, made?, "tests/browser/screenshots makes them");
    Ok(())
}
