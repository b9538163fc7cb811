//! Uploads in chunks: the headers of tus 1.0, as `docs/sync-protocol.md` says.

use reqwest::header::{HeaderMap, LOCATION};
use shared::ids::PhotoHash;

use super::transport::Standing;

const RESUMABLE: &str = "Tus-Resumable";
const VERSION: &str = "1.0.0";
const OFFSET: &str = "Upload-Offset";
/// The longest address of an upload.
const PLACE_BYTES_MAX: usize = 128;

/// The header that every request about uploads has.
pub(super) fn spoken() -> Vec<(&'static str, String)> {
    vec![(RESUMABLE, VERSION.to_owned())]
}

/// The headers that say what is going to be uploaded.
pub(super) fn announcement(hash: PhotoHash, length: u64) -> Vec<(&'static str, String)> {
    let metadata = format!(
        "hash {},filetype {}",
        base64(hash.to_string().as_bytes()),
        base64(b"image/jpeg")
    );
    vec![
        (RESUMABLE, VERSION.to_owned()),
        ("Upload-Length", length.to_string()),
        ("Upload-Metadata", metadata),
    ]
}

/// The headers that say where a chunk belongs and what it adds up to. It goes as a POST that means PATCH: some
/// networks let only GET and POST through.
pub(super) fn belonging(offset: u64, chunk: &[u8]) -> Vec<(&'static str, String)> {
    vec![
        (RESUMABLE, VERSION.to_owned()),
        ("X-HTTP-Method-Override", "PATCH".to_owned()),
        ("Content-Type", "application/offset+octet-stream".to_owned()),
        (OFFSET, offset.to_string()),
        (
            "Upload-Checksum",
            format!("blake3 {}", base64(&PhotoHash::of(chunk).0)),
        ),
    ]
}

/// Whether an answer speaks the protocol: no captive portal does.
pub(super) fn is_spoken(headers: &HeaderMap) -> bool {
    headers.get(RESUMABLE).is_some_and(|version| version == VERSION)
}

/// Where an upload stands, as an answer's headers say; `None` when they are not those of this protocol. `place` is where
/// it was before; a creation names it.
pub(super) fn standing(headers: &HeaderMap, place: Option<&str>) -> Option<Standing> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let offset = text(OFFSET)?.parse().ok()?;
    let place = place.or_else(|| text(LOCATION.as_str()))?;
    // Never another host: the token goes with every request.
    let ours = place.starts_with("/v1/uploads/") && place.len() <= PLACE_BYTES_MAX;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_');
    (is_spoken(headers) && ours && place.bytes().all(plain)).then(|| Standing {
        place: place.to_owned(),
        offset,
    })
}

/// The code of a refusal whose body is not sent because the request was a HEAD.
pub(super) fn code_without_body(status: u16) -> &'static str {
    match status {
        // Refused as a whole: begun again, the last chunk says why.
        404 | 422 => "upload.unknown",
        410 => "upload.expired",
        _ => "upload.head",
    }
}

/// Base64 with the standard alphabet and padding (RFC 4648, 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4_usize {
            let index = (bits >> (18 - 6 * place)) & 63;
            let letter = ALPHABET.get(index as usize).filter(|_| place <= group.len());
            text.push(char::from(*letter.unwrap_or(&b'=')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xef, 0xbe]), "/+++");
    }

    fn read(pairs: &[(&'static str, &'static str)]) -> Option<Standing> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        standing(&headers, None)
    }

    #[test]
    fn an_upload_lies_on_the_own_server_or_nowhere() {
        let at = |place| {
            read(&[
                ("tus-resumable", "1.0.0"),
                ("upload-offset", "7"),
                ("location", place),
            ])
        };
        assert_eq!(at("/v1/uploads/0af3").map(|standing| standing.offset), Some(7));
        for place in [
            "https://elsewhere.example/v1/uploads/1",
            "//elsewhere.example/",
            "/v1/session",
            "/v1/uploads/../session",
            "/v1/uploads/1?x",
            "/v1/uploads/1@elsewhere.example",
        ] {
            assert_eq!(at(place), None, "{place}");
        }
        assert_eq!(
            read(&[("upload-offset", "7"), ("location", "/v1/uploads/1")]),
            None
        );
        assert_eq!(
            read(&[("tus-resumable", "1.0.0"), ("location", "/v1/uploads/1")]),
            None
        );
    }
}
