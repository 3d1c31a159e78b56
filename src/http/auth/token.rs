//! API tokens: creating, adopting and checking them.

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::RwLock;

use aws_lc_rs::{constant_time, digest, error, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::journal::{Scope, TokenRow};
use crate::model::Timestamp;
use crate::sync::IgnorePoison;

/// The prefix of every token, by which scanners for leaked secrets find it.
const PREFIX: &str = "rlt_";

const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;

/// Lengths of a secret that can be adopted, in bytes. One that is shorter could be guessed.
const ADOPTED_BYTES: RangeInclusive<usize> = 20..=4_096;

/// Creates a token: the row to store, and the text for its holder, which is not stored.
///
/// # Errors
///
/// Fails if the system has no random numbers.
pub fn new_token(
    name: &str,
    scope: Scope,
    locations: Vec<String>,
) -> Result<(TokenRow, String), error::Unspecified> {
    let (id, secret) = (random_id()?, random_text()?);
    let text = format!("{PREFIX}{id}_{secret}");
    let (name, created_at) = (name.to_owned(), Timestamp::now());
    Ok((TokenRow { id, name, scope, locations, hash: hash(&text), created_at }, text))
}

/// Returns a row by which the secret of another system is a token, too. White space around
/// the secret does not count.
///
/// # Errors
///
/// Fails if the secret could be guessed, cannot be in a header, or is one of Relata's own.
pub fn adopt_token(
    secret: &str,
    name: &str,
    scope: Scope,
    locations: Vec<String>,
) -> Result<TokenRow, AdoptError> {
    let secret = secret.trim();
    if secret.starts_with(PREFIX) {
        return Err(AdoptError::Own);
    }
    if !ADOPTED_BYTES.contains(&secret.len()) {
        return Err(AdoptError::Length);
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AdoptError::Characters);
    }
    let id = random_id().map_err(|_| AdoptError::Random)?;
    let (name, created_at) = (name.to_owned(), Timestamp::now());
    Ok(TokenRow { id, name, scope, locations, hash: hash(secret), created_at })
}

/// Why a secret cannot be adopted. Says nothing of the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptError {
    /// It is a token that Relata created.
    Own,
    /// It is too short or too long.
    Length,
    /// It has characters that no token has.
    Characters,
    /// The system provides no random numbers.
    Random,
}

impl fmt::Display for AdoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (ADOPTED_BYTES.start(), ADOPTED_BYTES.end());
        match self {
            Self::Own => write!(f, "the secret begins with {PREFIX}: it is a token of Relata"),
            Self::Length => write!(f, "the secret does not have {least} to {most} characters"),
            Self::Characters => {
                f.write_str("the secret has other characters than printable ASCII without spaces")
            }
            Self::Random => f.write_str("the system provides no random numbers"),
        }
    }
}

impl std::error::Error for AdoptError {}

fn random_id() -> Result<String, error::Unspecified> {
    let mut id = [0; ID_BYTES];
    rand::fill(&mut id)?;
    Ok(id.iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}")))
}

/// Returns the hash of a token. A token has 256 random bits, and a secret that was adopted is
/// long and random, too, so that a fast hash suffices.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}

/// Returns a text that nobody can guess, for use in a URL.
pub(crate) fn random_text() -> Result<String, error::Unspecified> {
    let mut secret = [0; SECRET_BYTES];
    rand::fill(&mut secret)?;
    Ok(URL_SAFE_NO_PAD.encode(secret))
}

/// The tokens that are valid now.
#[derive(Debug, Default)]
pub struct TokenTable(RwLock<Tokens>);

#[derive(Debug, Default)]
struct Tokens {
    by_id: HashMap<String, TokenRow>,
    /// The ids by the hashes: a secret that was adopted does not say its id.
    ids: HashMap<[u8; 32], String>,
}

impl TokenTable {
    /// Returns a table of these tokens.
    pub fn new(tokens: Vec<TokenRow>) -> Self {
        let table = Self::default();
        table.replace(tokens);
        table
    }

    /// Replaces all tokens by these.
    pub fn replace(&self, tokens: Vec<TokenRow>) {
        let ids = tokens.iter().map(|token| (token.hash, token.id.clone())).collect();
        let by_id = tokens.into_iter().map(|token| (token.id.clone(), token)).collect();
        *self.0.write().ignore_poison() = Tokens { by_id, ids };
    }

    /// Returns what a token grants, or `None` if it is not valid. The time it takes does
    /// not depend on how much of the secret is right.
    pub(crate) fn grant(&self, token: &str) -> Option<Grant> {
        let presented = hash(token);
        let tokens = self.0.read().ignore_poison();
        let id = match token.strip_prefix(PREFIX) {
            Some(own) => own.split_once('_')?.0,
            // The hash of what is presented says nothing of how near it is to a secret.
            None => tokens.ids.get(&presented)?,
        };
        let known = tokens.by_id.get(id)?;
        constant_time::verify_slices_are_equal(&presented, &known.hash).ok()?;
        let locations = Some(known.locations.clone()).filter(|locations| !locations.is_empty());
        Some(Grant { scope: known.scope, locations, token: Some(known.id.clone()) })
    }

    /// Returns whether the token of a grant is still valid. Nothing else of a token ever
    /// changes.
    pub(crate) fn is_good(&self, grant: &Grant) -> bool {
        let tokens = self.0.read().ignore_poison();
        grant.token.as_ref().is_some_and(|token| tokens.by_id.contains_key(token))
    }
}

/// What a request may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) scope: Scope,
    /// The only locations it may see; `None` for all.
    locations: Option<Vec<String>>,
    /// The id of its token.
    token: Option<String>,
}

impl Grant {
    /// What every request may do where tokens are not required.
    pub(crate) const ALL: Self = Self { scope: Scope::Admin, locations: None, token: None };

    /// Returns a grant to read this location alone.
    pub(crate) fn only(&self, location: &str) -> Self {
        let (scope, token) = (self.scope.min(Scope::Read), self.token.clone());
        Self { scope, locations: Some(vec![location.to_owned()]), token }
    }

    /// Returns a grant to read the same locations.
    pub(crate) fn reading(&self) -> Self {
        Self { scope: self.scope.min(Scope::Read), ..self.clone() }
    }

    /// Returns whether both are grants of the same token.
    pub(crate) fn is_of_token_of(&self, other: &Self) -> bool {
        self.token == other.token
    }

    /// Returns whether it may see a location.
    pub(crate) fn sees(&self, location: &str) -> bool {
        self.locations.as_ref().is_none_or(|seen| seen.iter().any(|seen| seen == location))
    }

    /// Returns the only locations it may see, or `None` for all.
    pub(crate) fn locations(&self) -> Option<&[String]> {
        self.locations.as_deref()
    }

    /// Returns the client that permits are shared out to: the token, or without tokens the
    /// location.
    pub(crate) fn client(&self, location: &str) -> String {
        match &self.token {
            Some(token) => format!("token {token}"),
            None => format!("location {location}"),
        }
    }

    /// Returns whether it may see what belongs to no known location.
    pub(crate) fn sees_all(&self) -> bool {
        self.locations.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(scope: Scope, locations: &[&str]) -> (TokenRow, String) {
        let locations = locations.iter().map(ToString::to_string).collect();
        new_token("test", scope, locations).unwrap()
    }

    #[test]
    fn a_token_is_good_until_it_is_gone_and_nothing_near_it_is() {
        let (row, text) = made(Scope::Write, &["here"]);
        let (other, other_text) = made(Scope::Read, &[]);
        assert_eq!(text.len(), 4 + 12 + 1 + 43);
        assert!(!format!("{row:?}").contains(&text[17..]), "the secret is not kept");
        let table = TokenTable::new(vec![row.clone(), other]);
        let grant = table.grant(&text).unwrap();
        assert_eq!(grant.scope, Scope::Write);
        assert!(grant.sees("here") && !grant.sees("there") && !grant.sees("") && !grant.sees_all());
        let all = table.grant(&other_text).unwrap();
        assert!(all.sees("here") && all.sees("there") && all.sees_all());

        let crossed = format!("{}{}", &text[..17], &other_text[17..]);
        let id = &text[..17];
        for near in ["", "rlt_", "rlt__", id, &text[..59], &text[4..], &crossed] {
            assert_eq!(table.grant(near), None, "{near}");
        }
        for changed in [format!("{text}A"), format!(" {text}"), text.to_uppercase()] {
            assert_eq!(table.grant(&changed), None, "{changed}");
        }
        for place in 0..text.len() {
            let mut near = text.clone().into_bytes();
            near[place] = if near[place] == b'x' { b'y' } else { b'x' };
            assert_eq!(table.grant(std::str::from_utf8(&near).unwrap()), None);
        }
        table.replace(vec![]);
        assert_eq!(table.grant(&text), None);
    }

    #[test]
    fn an_adopted_secret_is_a_token_as_a_whole() {
        let secret = "pit-0f5b2c1e-7a64-4d0a-9d43-8d2b1c6b7a11";
        let adopt = |secret: &str| adopt_token(secret, "sync", Scope::Read, vec!["here".into()]);
        let row = adopt(&format!(" {secret}\n")).unwrap();
        assert!(!format!("{row:?}").contains(&secret[4..]), "the secret is not kept");
        let (own, text) = made(Scope::Write, &[]);
        let table = TokenTable::new(vec![row.clone(), own]);
        let grant = table.grant(secret).unwrap();
        assert!(grant.sees("here") && !grant.sees("there") && grant.scope == Scope::Read);
        assert!(table.is_good(&grant));
        assert_eq!(table.grant(&text).unwrap().scope, Scope::Write);
        for near in ["", "pit-", &secret[1..], &secret[..39], &secret.to_uppercase(), &row.id] {
            assert_eq!(table.grant(near), None, "{near}");
        }
        for (secret, why) in [
            (&*text, AdoptError::Own),
            ("pit-0123456789abcde", AdoptError::Length),
            (&"x".repeat(4_097), AdoptError::Length),
            ("pit-0123456789 abcdef", AdoptError::Characters),
            ("pit-0123456789abcdéf", AdoptError::Characters),
            ("pit-0123456789abcde\u{7f}", AdoptError::Characters),
        ] {
            assert_eq!(adopt(secret), Err(why), "{secret}");
        }
        table.replace(vec![]);
        assert!(table.grant(secret).is_none() && !table.is_good(&grant));
    }
}
