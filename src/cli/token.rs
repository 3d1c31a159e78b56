//! `relata token`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use relata::http::{adopt_token, new_token};
use relata::journal::{Database, TokenRow, Tokens};
use serde_json::{Value, json};

use crate::cli::database::ensure_exists;
use crate::cli::output::{print_json, print_line, print_table};
use crate::config::{AdoptedToken, NewToken, TokenAction, read_secret};

pub(super) fn run(db: &Database, action: TokenAction) -> anyhow::Result<ExitCode> {
    let open = || Tokens::open(db).with_context(|| db.to_string());
    if !matches!(action, TokenAction::New(_) | TokenAction::Adopt(_)) {
        ensure_exists(db)?;
    }
    match action {
        TokenAction::New(wanted) => new(&mut open()?, wanted)?,
        TokenAction::Adopt(wanted) => adopt(&mut open()?, wanted)?,
        TokenAction::List { json } => {
            let tokens = Tokens::open_read_only(db).with_context(|| db.to_string());
            list(&mut tokens?, json)?;
        }
        TokenAction::Revoke { token } => {
            let revoked = open()?.revoke(&token)?;
            let id = revoked.with_context(|| {
                format!("no token has the id {token}, and not exactly one has that name")
            })?;
            print_line(format_args!("token {id} is revoked"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn new(tokens: &mut Tokens, NewToken { grant: wanted }: NewToken) -> anyhow::Result<()> {
    let made = new_token(&wanted.name, wanted.scope, wanted.location);
    let (row, text) = made.map_err(|_| anyhow::anyhow!("the system provides no random numbers"))?;
    anyhow::ensure!(tokens.add(&row)?, "the system's random numbers repeat");
    if let Err(error) = print_secret(&row, text, wanted.json) {
        // Nobody has received it, and nobody ever can.
        return match tokens.revoke(&row.id) {
            // As text, so that this is reported for a closed pipe, too.
            Ok(_) => {
                Err(anyhow::anyhow!("the token could not be printed, so it was not kept: {error}"))
            }
            Err(failed) => Err(anyhow::Error::new(failed).context(format!(
                "the token could not be printed; revoke it with `relata token revoke {}`",
                row.id
            ))),
        };
    }
    if !wanted.json {
        tracing::info!(
            id = row.id,
            scope = row.scope.as_str(),
            "keep the token: it is not shown again"
        );
    }
    Ok(())
}

fn adopt(tokens: &mut Tokens, wanted: AdoptedToken) -> anyhow::Result<()> {
    let AdoptedToken { from_file, grant: wanted } = wanted;
    let path = from_file.as_deref().unwrap_or(Path::new("-"));
    let secret = read_secret(path, "other users can read the secret")
        .with_context(|| path.display().to_string())?;
    let row = adopt_token(&secret, &wanted.name, wanted.scope, wanted.location)?;
    anyhow::ensure!(tokens.add(&row)?, "this secret is a token already");
    if wanted.json {
        return print_json(&shown(&row));
    }
    print_line(format_args!("token {} is adopted, with the scope {}", row.id, row.scope.as_str()))?;
    Ok(())
}

fn print_secret(row: &TokenRow, text: String, json: bool) -> anyhow::Result<()> {
    if !json {
        // The only line on standard output, so that a script can read it.
        return Ok(print_line(text)?);
    }
    let mut shown = shown(row);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("token".to_owned(), Value::String(text));
    }
    print_json(&shown)
}

fn list(tokens: &mut Tokens, json: bool) -> anyhow::Result<()> {
    let rows = tokens.list()?;
    if json {
        return print_json(&rows.iter().map(shown).collect::<Vec<_>>());
    }
    let row = |row: &TokenRow| {
        let locations =
            if row.locations.is_empty() { "all".to_owned() } else { row.locations.join(", ") };
        let scope = row.scope.as_str().to_owned();
        vec![row.id.clone(), row.name.clone(), scope, locations, row.created_at.to_string()]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
    print_table(&["id", "name", "scope", "locations", "created"], &rows)?;
    Ok(())
}

fn shown(row: &TokenRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "scope": row.scope.as_str(),
        "locations": row.locations,
        "createdAt": row.created_at.to_string(),
    })
}
