//! How the certificate of a database server is verified.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::journal::error::JournalError;

/// Returns what verifies certificates: by Mozilla's roots, or by those in the file that
/// `PGSSLROOTCERT` names.
pub(super) fn connector() -> Result<MakeRustlsConnect, JournalError> {
    let mut roots = RootCertStore::empty();
    match std::env::var_os("PGSSLROOTCERT").filter(|path| !path.is_empty()) {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let bad = |reason: String| JournalError::Unsuited {
                reason: format!("{}: {reason}", path.display()),
                advice: "let PGSSLROOTCERT name a file of certificates in PEM",
            };
            let read =
                CertificateDer::pem_file_iter(&path).map_err(|error| bad(error.to_string()))?;
            for certificate in read {
                let added = certificate.map_err(|error| bad(error.to_string()))?;
                roots.add(added).map_err(|error| bad(error.to_string()))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| JournalError::Unsuited {
            reason: error.to_string(),
            advice: "look at the build of Relata",
        })?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}
