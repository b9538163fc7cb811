//! Whether and how the connection to the database is encrypted.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::AddressError;
use crate::storage::{StorageError, StorageResult};

/// Settles it in `config`, and gives what encrypts. With an authority (PEM) the database must show a certificate from
/// it; without one the connection is plain, where nobody else can listen or the address says that nobody may mind.
pub(super) fn settle(config: &mut Config, authority: Option<&Path>) -> StorageResult<MakeRustlsConnect> {
    let failed = |error| StorageError::Failed(Box::new(error));
    let mut roots = RootCertStore::empty();
    match authority {
        Some(file) => {
            let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let found = found.map_err(|_| failed(AddressError::Authority))?;
            if found.is_empty() || roots.add_parsable_certificates(found).0 == 0 {
                return Err(failed(AddressError::Authority));
            }
            config.ssl_mode(SslMode::Require);
        }
        None if config.get_ssl_mode() == SslMode::Disable || config.get_hosts().iter().all(is_here) => {
            config.ssl_mode(SslMode::Disable);
        }
        None => return Err(failed(AddressError::InTheClear)),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StorageError::Failed(Box::new(error)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(client))
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}
