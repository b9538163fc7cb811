//! What the service worker keeps on the device (D14: precached by content hash).

use anyhow::{Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use sha2::{Digest, Sha256};

/// A file that the service worker fetches when it is installed, and checks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Precached {
    /// The address below the app's origin.
    url: String,
    /// Subresource Integrity text: a proxy's or portal's page in its place is refused.
    integrity: String,
}

impl Precached {
    /// The entry of a file with this address and content.
    pub(crate) fn of(url: String, bytes: &[u8]) -> Self {
        Self {
            url,
            integrity: format!("sha256-{}", STANDARD.encode(Sha256::digest(bytes))),
        }
    }
}

/// Fills the service worker's template in.
///
/// The version is a hash over the list and the template, so that any change of any file makes a new service worker.
///
/// # Errors
/// When the template lacks a place for the version or the list.
pub(crate) fn service_worker(template: &str, kept: &[Precached]) -> Result<String> {
    let list: Vec<_> = kept
        .iter()
        .map(|file| json!({ "url": file.url, "integrity": file.integrity }))
        .collect();
    let list = serde_json::to_string_pretty(&list)?;
    for place in ["{{version}}", "{{precache}}"] {
        if !template.contains(place) {
            bail!("the service worker's template lacks {place}");
        }
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(template.as_bytes()).update(list.as_bytes());
    let version: String = hasher.finalize().to_hex().chars().take(16).collect();
    Ok(template
        .replace("{{version}}", &version)
        .replace("{{precache}}", &list))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "const VERSION = '{{version}}';\nconst PRECACHE = {{precache}};\n";

    #[test]
    fn integrity_is_the_browsers_spelling_of_sha_256() {
        let file = Precached::of("/".to_owned(), b"abc");
        assert_eq!(
            file.integrity,
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
        );
    }

    #[test]
    fn the_list_is_json() {
        let filled = service_worker(TEMPLATE, &[Precached::of("/a-\"1.js".to_owned(), b"x")]).unwrap();
        let list = filled
            .split_once("PRECACHE = ")
            .unwrap()
            .1
            .trim_end()
            .trim_end_matches(';');
        let list: serde_json::Value = serde_json::from_str(list).unwrap();
        assert_eq!(list[0]["url"], "/a-\"1.js");
    }

    #[test]
    fn the_version_changes_with_any_file_and_only_then() {
        let version =
            |bytes: &[u8]| service_worker(TEMPLATE, &[Precached::of("/".to_owned(), bytes)]).unwrap();
        assert_eq!(version(b"1"), version(b"1"));
        assert_ne!(version(b"1"), version(b"2"));
    }

    #[test]
    fn a_template_without_a_list_is_refused() {
        assert!(service_worker("'{{version}}'", &[]).is_err());
    }
}
