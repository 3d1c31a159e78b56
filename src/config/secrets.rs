//! Tokens for other servers: from a file, standard input, systemd or the environment, and
//! never from an argument, which every process of the machine may read.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, ensure};
use relata::pull::Secret;

/// Largest file of a token, in bytes.
const SECRET_BYTES: u64 = 64 << 10;

/// Reads a secret from a file, or from standard input for `-`; else, if there is no file, from
/// the credentials that systemd passes on under a name, or from a variable.
pub(super) fn secret(
    file: Option<&Path>,
    credential: Option<&str>,
    variable: &str,
) -> anyhow::Result<Option<Secret>> {
    if let Some(path) = file {
        let shown = path.display().to_string();
        return parse(path).context(shown).map(Some);
    }
    if let Some((folder, name)) = std::env::var_os("CREDENTIALS_DIRECTORY").zip(credential) {
        let path = Path::new(&folder).join(name);
        if path.exists() {
            let shown = path.display().to_string();
            return parse(&path).context(shown).map(Some);
        }
    }
    let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let text = value.into_string().ok().with_context(|| format!("{variable}: not UTF-8"))?;
    Ok(Some(Secret::parse(text).with_context(|| variable.to_owned())?))
}

fn parse(path: &Path) -> anyhow::Result<Secret> {
    Ok(Secret::parse(read_secret(path, "others may read this token: chmod 600")?)?)
}

/// Reads the text of a secret from a file, or from standard input for `-`; warns if others may
/// read the file.
pub(crate) fn read_secret(path: &Path, warning: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(SECRET_BYTES + 1).read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(path)?;
        let found = file.metadata()?;
        if found.is_file() && found.permissions().mode() & 0o077 != 0 {
            tracing::warn!(file = %path.display(), "{warning}");
        }
        file.take(SECRET_BYTES + 1).read_to_string(&mut text)?;
    }
    ensure!(text.len() as u64 <= SECRET_BYTES, "it is too long for a token");
    Ok(text)
}
