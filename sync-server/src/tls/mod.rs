//! TLS: with files that somebody gives, or with an authority of the server's own.

mod authority;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub use authority::{Authority, AuthorityError, Leaf, local_names};

/// A configuration from PEM files.
///
/// # Errors
/// When a file cannot be read or does not hold what it should.
pub fn from_files(certificates: &Path, key: &Path) -> Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read certificates from {}", certificates.display()))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("cannot read a key from {}", key.display()))?;
    config(chain, key)
}

/// A configuration from a certificate of our own authority.
///
/// # Errors
/// When rustls refuses it.
pub fn from_leaf(leaf: &Leaf) -> Result<Arc<ServerConfig>> {
    let key = PrivateKeyDer::try_from(leaf.key_der.clone()).map_err(|error| anyhow::anyhow!("{error}"))?;
    config(
        leaf.chain_der.iter().cloned().map(CertificateDer::from).collect(),
        key,
    )
}

fn config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
