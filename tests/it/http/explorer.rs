//! The explorer: how its files are served, and the rules that they keep.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::json;

use crate::support::database::fresh;
use crate::support::server::{Error, Server, relata};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Bytes of all files of the page, at most: as they are, and compressed.
const BYTES_MAX: (usize, usize) = (392 << 10, 148 << 10);

/// Lines of a module, at most.
const LINES_MAX: usize = 300;

/// Modules in layers. Each imports only from its own layer and those before it. A `*` at the
/// start matches every module that ends so.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "pure: plain data, no document",
        &[
            "appearance",
            "badge",
            "bodies",
            "camera",
            "curves",
            "change-log",
            "change-words",
            "data-export",
            "dead-letters",
            "deletions",
            "diff-model",
            "force-layout",
            "highlight",
            "history",
            "hit-test",
            "label-places",
            "labels",
            "layered-layout",
            "live-marks",
            "object-kinds",
            "occupancy",
            "overlaps",
            "parallel-links",
            "path-model",
            "picture-model",
            "placement",
            "quadtree",
            "router",
            "scene",
            "shapes",
            "sizes",
            "sse",
            "svg-export",
            "text-width",
            "theme",
            "time-range",
            "violation-rows",
        ],
    ),
    ("canvas: what is given one", &["canvas-renderer", "pointer"]),
    ("requests", &["api-client", "live"]),
    ("state", &["state"]),
    ("elements", &["dom", "dialog", "menu", "picture", "picture-export"]),
    (
        "parts of views",
        &[
            "*-dialog",
            "change-table",
            "dead-letter-panel",
            "first-run",
            "graph-actions",
            "keyboard",
            "list-view",
            "live-changes",
            "record-cards",
            "record-events",
            "record-link",
            "record-panel",
            "search-box",
            "time-control",
        ],
    ),
    ("views", &["*-view"]),
    ("the page", &["views", "frame", "main"]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/explorer/page")
}

/// Every file of the page by its name, and its text.
fn files() -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    };
    entries.map(|entry| read(entry.unwrap().path())).collect()
}

fn modules() -> BTreeMap<String, String> {
    let named =
        |(name, text): (String, String)| Some((name.strip_suffix(".mjs")?.to_owned(), text));
    files().into_iter().filter_map(named).collect()
}

fn path_of(name: &str) -> String {
    if name == "index.html" { "/explore/".to_owned() } else { format!("/explore/{name}") }
}

#[test]
fn every_file_is_served_under_the_policy_and_sent_once() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    for (name, text) in files() {
        let path = path_of(&name);
        let answer = server.get(&path)?;
        assert!(answer.status == 200 && answer.text() == text, "{name}: {}", answer.status);
        let kind = match name.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            _ => "text/javascript; charset=utf-8",
        };
        for (header, value) in [
            ("content-type", kind),
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-cache"),
            ("vary", "accept-encoding"),
        ] {
            assert_eq!(answer.header(header), Some(value), "{name}: {header}");
        }
        let packed = server.request("GET", &path, &[("accept-encoding", "br, gzip")], b"")?;
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{name}");
        let mut unpacked = String::new();
        GzDecoder::new(&*packed.body).read_to_string(&mut unpacked)?;
        assert!(unpacked == text, "{name}");
        let tag = answer.header("etag").ok_or("no tag")?;
        let strong = tag.trim_start_matches("W/");
        for known in [tag, strong, "*", &format!("\"other\", {tag}")] {
            let again = server.request("GET", &path, &[("if-none-match", known)], b"")?;
            assert_eq!((again.status, again.body.len()), (304, 0), "{name}: {known}");
            assert_eq!(again.header("etag"), Some(tag), "{name}");
        }
        let other = server.request("GET", &path, &[("if-none-match", "\"other\"")], b"")?;
        assert_eq!(other.status, 200, "{name}");
    }
    Ok(())
}

#[test]
fn fixed_texts_of_the_api_are_compressed_and_sent_once() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    for path in ["/openapi.json", "/docs"] {
        let plain = server.get(path)?;
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        let packed = server.request("GET", path, &[("accept-encoding", "gzip")], b"")?;
        assert!(packed.body.len() * 3 < plain.body.len(), "{path}: {}", packed.body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&*packed.body).read_to_end(&mut unpacked)?;
        assert_eq!(unpacked, plain.body, "{path}");
        let tag = plain.header("etag").ok_or("no tag")?;
        assert_eq!(packed.header("etag"), Some(tag), "{path}");
        let again = server.request("GET", path, &[("if-none-match", tag)], b"")?;
        assert_eq!(again.status, 304, "{path}");
    }
    Ok(())
}

#[test]
fn the_root_leads_browsers_to_the_page_and_programs_to_the_api() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--api-auth", "required"])?;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let answer = server.request("GET", "/", &[("accept", browser)], b"")?;
    assert_eq!((answer.status, answer.header("location")), (303, Some("explore/")));
    assert_eq!(answer.header("vary"), Some("accept"));
    for accept in ["*/*", "application/json", "text/html-not"] {
        let answer = server.request("GET", "/", &[("accept", accept)], b"")?;
        assert_eq!(answer.status, 200, "{accept}");
        let index = answer.json();
        for (name, path) in
            [("explorer", "explore/"), ("docs", "docs"), ("openapi", "openapi.json")]
        {
            assert_eq!(index[name], json!(path), "{accept}");
            assert_eq!(server.get(&format!("/{path}"))?.status, 200, "{path}");
        }
        assert_eq!(index["version"], json!(env!("CARGO_PKG_VERSION")), "{accept}");
    }
    let answer = server.get("/explore")?;
    assert_eq!((answer.status, answer.header("location")), (308, Some("explore/")));
    for missing in ["/explore/index.html", "/explore/nothing.mjs", "/explore/..%2fdocs.html"] {
        let answer = server.get(missing)?;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (404, &json!("not_found")),
            "{missing}"
        );
    }
    Ok(())
}

#[test]
fn the_page_is_small_and_loads_all_modules_at_once() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let (mut bytes, mut packed) = (0, 0);
    let files = files();
    for (name, text) in &files {
        bytes += text.len();
        let gzip = [("accept-encoding", "gzip")];
        packed += server.request("GET", &path_of(name), &gzip, b"")?.body.len();
    }
    assert!(bytes <= BYTES_MAX.0 && packed <= BYTES_MAX.1, "{bytes} bytes, {packed} compressed");
    let page = &files["index.html"];
    let links = page.split("rel=\"modulepreload\" href=\"").skip(1);
    let loaded: BTreeSet<&str> = links.filter_map(|rest| rest.split('"').next()).collect();
    let modules: Vec<String> = modules().into_keys().map(|name| name + ".mjs").collect();
    let expected = modules.iter().map(String::as_str).filter(|name| *name != "main.mjs").collect();
    assert_eq!(loaded, expected);
    assert!(page.contains("<script type=\"module\" src=\"main.mjs\"></script>"));
    Ok(())
}

/// Text of others becomes markup or code through these alone.
#[test]
fn no_text_becomes_markup_or_code() {
    for (name, text) in files() {
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            "srcdoc",
            "createContextualFragment",
            "DOMParser",
            "setHTML",
            "javascript:",
            " style=",
            "new Worker",
            "importScripts",
            "localStorage",
            "document.cookie",
        ] {
            assert!(!text.contains(sink), "{name}: {sink}");
        }
        let own = ["http://www.w3.org/2000/svg", "http://www.w3.org/1999"];
        let hosts = text.matches("://").count();
        let known: usize = own.iter().map(|host| text.matches(host).count()).sum();
        assert_eq!(hosts, known, "{name} names another host");
    }
}

#[test]
fn modules_say_what_they_are_and_stay_short() {
    for (name, text) in modules() {
        assert!(text.starts_with("/**"), "{name}");
        assert!(text.lines().count() <= LINES_MAX, "{name}: {} lines", text.lines().count());
    }
}

/// The layer of a module.
fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, names)| {
        names.iter().any(|it| it.strip_prefix('*').map_or(name == *it, |end| name.ends_with(end)))
    })
}

/// The modules that a module imports. (Types of others are named by `import(…)` in comments.)
fn imports(text: &str) -> Vec<String> {
    let named = |rest: &str| Some(rest.split_once(".mjs\"")?.0.to_owned());
    text.split("from \"./").skip(1).filter_map(named).collect()
}

#[test]
fn imports_point_one_way() {
    let modules = modules();
    let mut faults = Vec::new();
    for (name, text) in &modules {
        let Some(own) = layer(name) else {
            faults.push(format!("{name} is in no layer"));
            continue;
        };
        for other in imports(text) {
            match layer(&other) {
                Some(layer) if layer <= own && modules.contains_key(&other) => {}
                _ => faults.push(format!("{name} imports {other}")),
            }
        }
        if own == 0 && ["document.", "window.", "fetch("].iter().any(|it| text.contains(it)) {
            faults.push(format!("{name} is not pure"));
        }
    }
    let mut waiting: BTreeMap<&str, Vec<String>> =
        modules.iter().map(|(name, text)| (&**name, imports(text))).collect();
    loop {
        let before = waiting.len();
        let left: BTreeSet<String> = waiting.keys().map(|&name| name.to_owned()).collect();
        waiting.retain(|_, imports| imports.iter().any(|it| left.contains(it)));
        if waiting.len() == before {
            break;
        }
    }
    faults.extend((!waiting.is_empty()).then(|| format!("in a circle: {:?}", waiting.keys())));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// `tests/explorer` needs nothing but Node. Where that is missing the test says so and passes,
/// unless `RELATA_BROWSER=required`.
#[test]
fn modules_pass_their_own_tests() {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = Path::new(root).join("tests/explorer");
    let scripts = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let tests = scripts.filter(|path| path.to_string_lossy().ends_with(".test.mjs"));
    let node = std::process::Command::new("node").arg("--test").args(tests).output();
    let Ok(output) = node else {
        let required = std::env::var_os("RELATA_BROWSER").is_some_and(|value| value == "required");
        assert!(!required, "there is no Node.js");
        // Past the capture of the test runner.
        std::io::stderr().write_all(b"tests/explorer is not run: there is no Node.js\n").unwrap();
        return;
    };
    let told = String::from_utf8_lossy(&output.stdout);
    let failed: Vec<&str> =
        told.split("\n# Subtest").filter(|it| it.contains("\nnot ok")).collect();
    assert!(output.status.success(), "{}", failed.join("\n"));
}

/// The line after that of the address names the page; a browser is opened where one is asked
/// for. This one is a script that writes down what it is given.
#[test]
#[cfg(target_os = "linux")]
fn serve_prints_the_address_of_the_page_and_opens_it() -> Result<(), Error> {
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Stdio;

    let (directory, db) = fresh()?;
    let opened = directory.path().join("opened");
    assert!(std::process::Command::new("mkfifo").arg(&opened).status()?.success());
    let browser = directory.path().join("xdg-open");
    std::fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > '{}'\n", opened.display()))?;
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755))?;
    let path = std::env::join_paths(
        std::iter::once(directory.path().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    let mut child = relata()
        .args(["serve", "--open", "--listen", "127.0.0.1:0", "--log", "error", "--db"])
        .arg(&db)
        .env("PATH", path)
        .stdout(Stdio::piped())
        .spawn()?;
    // Opening the pipe waits for the script.
    let page = std::fs::read_to_string(&opened)?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let first = lines.next().ok_or("no line")??;
    let second = lines.next().ok_or("one line")??;
    child.kill()?;
    child.wait()?;
    let address = first.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
    let expected = format!("http://{}/explore/", address.ok_or("no address")?);
    assert_eq!((page.trim(), second), (&*expected, format!("explorer {expected}")));
    Ok(())
}
