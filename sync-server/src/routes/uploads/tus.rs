//! The headers of tus 1.0: read strictly, within bounds, and written.
//!
//! Source: <https://tus.io/protocols/resumable-upload>, version 1.0.0, with the extensions in [`EXTENSIONS`].

use std::time::{Duration, SystemTime};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::ids::PhotoHash;

use crate::refused::Refused;
use crate::storage::Upload;

/// The one version of the protocol.
pub(super) const VERSION: &str = "1.0.0";
/// What is offered beside the core protocol.
pub(super) const EXTENSIONS: &str = "creation,creation-with-upload,checksum,expiration,termination";
/// How a chunk may be summed; SHA-1 is what the protocol asks of every server.
pub(super) const ALGORITHMS: &str = "blake3,sha256,sha1";
/// The media type of a chunk.
pub(super) const CHUNK: &str = "application/offset+octet-stream";
/// The longest metadata.
const METADATA_BYTES_MAX: usize = 256;

pub(super) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const VERSIONS: HeaderName = HeaderName::from_static("tus-version");
pub(super) const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(super) const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(super) const CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
/// What a request means when it cannot say so by its method.
pub(super) const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// Refuses requests of another version, and names the version in every answer.
pub(in crate::routes) async fn speak(request: Request, next: Next) -> Response {
    let spoken = request.headers().get(RESUMABLE);
    let fits = request.method() == Method::OPTIONS || spoken.is_some_and(|version| version == VERSION);
    let mut response = if fits {
        next.run(request).await
    } else {
        let refused = Refused::new(
            StatusCode::PRECONDITION_FAILED,
            "upload.version",
            "uploads speak tus 1.0.0",
        );
        ([(VERSIONS, VERSION)], refused).into_response()
    };
    let version = HeaderValue::from_static(VERSION);
    response.headers_mut().insert(RESUMABLE, version);
    response
}

/// What a client says about an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    /// What the bytes must be in the end.
    pub(super) hash: PhotoHash,
    /// The header as it came; it holds `hash` and `filetype` and nothing else.
    pub(super) text: String,
}

/// Reads the metadata: `hash` (64 hexadecimal digits) must be there, `filetype` may be.
pub(super) fn metadata(headers: &HeaderMap) -> Result<Metadata, Refused> {
    let bad = || {
        Refused::bad(
            "upload.metadata",
            "metadata must be hash and filetype, nothing else",
        )
    };
    let text = only(headers, &METADATA).ok_or_else(bad)?;
    if text.len() > METADATA_BYTES_MAX {
        return Err(bad());
    }
    let (mut hash, mut filetype) = (None, None);
    for pair in text.split(',') {
        let (key, value) = pair.trim().split_once(' ').ok_or_else(bad)?;
        let value = STANDARD.decode(value).map_err(|_| bad())?;
        let value = String::from_utf8(value).map_err(|_| bad())?;
        let known = match key {
            "hash" => &mut hash,
            "filetype" => &mut filetype,
            _ => return Err(bad()),
        };
        if known.replace(value).is_some() {
            return Err(bad());
        }
    }
    if filetype.is_some_and(|filetype| filetype != "image/jpeg") {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "request.media_type",
            "another content type is wanted",
        ));
    }
    let hash = hash.as_deref().map(str::parse).and_then(Result::ok);
    Ok(Metadata {
        hash: hash.ok_or_else(bad)?,
        text: text.to_owned(),
    })
}

/// Reads how long an upload will be: at least one byte, at most `bytes_max`.
pub(super) fn length(headers: &HeaderMap, bytes_max: usize) -> Result<u64, Refused> {
    let bad = Refused::bad("upload.length", "the length must be known and more than nothing");
    match number(headers, &LENGTH) {
        None | Some(0) => Err(bad),
        Some(length) if length > bytes_max as u64 => Err(Refused::too_large()),
        Some(length) => Ok(length),
    }
}

/// Reads where a chunk begins.
pub(super) fn offset(headers: &HeaderMap) -> Result<u64, Refused> {
    number(headers, &OFFSET).ok_or(Refused::bad("upload.header", "the chunk's offset is missing"))
}

/// What a chunk's bytes must add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checksum {
    algorithm: Algorithm,
    sum: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Blake3,
    Sha256,
    Sha1,
}

impl Checksum {
    /// Whether these are the bytes.
    pub(super) fn fits(&self, bytes: &[u8]) -> bool {
        let digest = |algorithm| ring::digest::digest(algorithm, bytes).as_ref() == self.sum;
        match self.algorithm {
            Algorithm::Blake3 => blake3::hash(bytes).as_bytes() == self.sum.as_slice(),
            Algorithm::Sha256 => digest(&ring::digest::SHA256),
            Algorithm::Sha1 => digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY),
        }
    }
}

/// Reads a chunk's checksum, when it has one.
pub(super) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Refused> {
    if !headers.contains_key(CHECKSUM) {
        return Ok(None);
    }
    let bad = || Refused::bad("upload.header", "the checksum cannot be read");
    let (name, sum) = only(headers, &CHECKSUM)
        .and_then(|text| text.split_once(' '))
        .ok_or_else(bad)?;
    let algorithm = match name {
        "blake3" => Algorithm::Blake3,
        "sha256" => Algorithm::Sha256,
        "sha1" => Algorithm::Sha1,
        _ => return Err(bad()),
    };
    let sum = STANDARD.decode(sum).map_err(|_| bad())?;
    Ok(Some(Checksum { algorithm, sum }))
}

/// How an upload stands, as headers.
pub(super) fn standing(upload: &Upload) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(OFFSET, HeaderValue::from(upload.offset));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let expires = SystemTime::UNIX_EPOCH + Duration::from_millis(upload.expires_at);
    if let Ok(expires) = HeaderValue::from_str(&httpdate::fmt_http_date(expires)) {
        headers.insert(EXPIRES, expires);
    }
    headers
}

/// The same, with what was said at its creation.
pub(super) fn description(upload: &Upload) -> HeaderMap {
    let mut headers = standing(upload);
    headers.insert(LENGTH, HeaderValue::from(upload.length));
    if let Ok(metadata) = HeaderValue::from_str(&upload.metadata) {
        headers.insert(METADATA, metadata);
    }
    headers
}

/// A header that stands there once, as text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

/// A header that is a number: digits and nothing else.
fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = only(headers, name)?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn pair(key: &str, value: &str) -> String {
        format!("{key} {}", STANDARD.encode(value))
    }

    #[test]
    fn metadata_is_hash_and_filetype_and_nothing_else() {
        let hash = PhotoHash::of(b"lamp");
        let good = pair("hash", &hash.to_string());
        let jpeg = pair("filetype", "image/jpeg");
        for text in [&good, &format!("{jpeg},{good}"), &format!("{good}, {jpeg}")] {
            let read = metadata(&headers(&METADATA, &[text])).unwrap();
            assert_eq!((read.hash, &read.text), (hash, text));
        }
        let long = "0".repeat(METADATA_BYTES_MAX + 1);
        for text in [
            "",
            "hash",
            "hash !",
            &jpeg,
            &pair("hash", "../../etc/passwd"),
            &pair("hash", &"A".repeat(64)),
            &format!("{good},{good}"),
            &format!("{good},{}", pair("filename", "lamp.jpg")),
            &format!("{good},"),
            &pair("hash", &long),
        ] {
            assert!(metadata(&headers(&METADATA, &[text])).is_err(), "{text}");
        }
        let two = headers(&METADATA, &[&good, &good]);
        assert!(metadata(&two).is_err());
        let svg = format!("{good},{}", pair("filetype", "image/svg+xml"));
        let refused = metadata(&headers(&METADATA, &[&svg])).unwrap_err();
        assert_eq!(refused.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[test]
    fn numbers_are_digits_and_nothing_else() {
        for (text, expected) in [
            ("0", Some(0)),
            ("17", Some(17)),
            ("18446744073709551615", Some(u64::MAX)),
        ] {
            assert_eq!(number(&headers(&OFFSET, &[text]), &OFFSET), expected);
        }
        for text in ["", "+1", "-1", "1.0", "0x1", "18446744073709551616", "1 "] {
            assert_eq!(number(&headers(&OFFSET, &[text]), &OFFSET), None, "{text:?}");
        }
        assert_eq!(number(&headers(&OFFSET, &["1", "1"]), &OFFSET), None);
    }

    #[test]
    fn a_checksum_fits_its_bytes_only() {
        // SHA-1 and SHA-256 of "abc" from FIPS 180-4.
        let sha1 = "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";
        let sha256 = "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let blake3 = format!("blake3 {}", STANDARD.encode(blake3::hash(b"abc").as_bytes()));
        for text in [sha1, sha256, &blake3] {
            let sum = checksum(&headers(&CHECKSUM, &[text])).unwrap().unwrap();
            assert!(sum.fits(b"abc") && !sum.fits(b"abd"), "{text}");
        }
        for text in ["md5 AAAA", "sha1", "sha1 ?", ""] {
            assert!(checksum(&headers(&CHECKSUM, &[text])).is_err(), "{text}");
        }
        assert_eq!(checksum(&HeaderMap::new()).unwrap(), None);
    }
}
