//! Which pages may ask for changes: those that this server handed out itself.

use std::str::FromStr;

/// Where a page comes from: scheme, host, port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    is_secure: bool,
    host: String,
    port: u16,
}

/// A text that names no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an origin looks like https://koumen.example or https://koumen.example:8443")]
pub struct NoOrigin;

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(NoOrigin)?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(NoOrigin),
        };
        let (host, port) = split_host(rest.strip_suffix('/').unwrap_or(rest)).ok_or(NoOrigin)?;
        Ok(Self {
            is_secure,
            host,
            port: port.unwrap_or(if is_secure { 443 } else { 80 }),
        })
    }
}

/// Host and port, if the latter is said. `None` when this cannot be a host.
fn split_host(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (text, None),
    };
    let can_be = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
    let is_one = !host.is_empty() && host.len() <= 255 && host.bytes().all(can_be);
    is_one.then(|| (host.to_ascii_lowercase(), port))
}

/// Whether a page of `origin` is one of this server's own: of the `named` origins, where there are such; else of the
/// `host` that the request itself is for. A host that says no port says nothing about it: some proxies leave it out.
///
/// Without named origins a name that somebody else points at this server passes, too; with them it does not.
pub fn is_own(origin: &str, host: Option<&str>, named: &[Origin]) -> bool {
    let Ok(origin) = origin.parse::<Origin>() else {
        return false;
    };
    if !named.is_empty() {
        return named.contains(&origin);
    }
    host.and_then(split_host)
        .is_some_and(|(host, port)| host == origin.host && port.is_none_or(|port| port == origin.port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_and_a_host_are_the_same_also_when_one_leaves_the_usual_port_out() {
        for (origin, host) in [
            ("https://x.example", "x.example"),
            ("https://x.example", "x.example:443"),
            ("https://x.example:443", "x.example"),
            ("http://x.example", "x.example:80"),
            ("https://x.example:8443", "x.example"),
            ("https://X.example:8443", "x.EXAMPLE:8443"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("http://[::1]", "[::1]"),
        ] {
            assert!(is_own(origin, Some(host), &[]), "{origin} {host}");
        }
        for (origin, host) in [
            ("http://x.example", "x.example:443"),
            ("https://x.example", "x.example:80"),
            ("https://x.example", "x.example:8443"),
            ("https://y.example", "x.example"),
            ("https://x.example.evil", "x.example"),
            ("ftp://x.example", "x.example"),
            ("null", "null"),
            ("", ""),
            ("https://", ""),
            ("https://x.example/path", "x.example"),
            ("https://x.example@evil", "evil"),
        ] {
            assert!(!is_own(origin, Some(host), &[]), "{origin} {host}");
        }
        assert!(!is_own("https://x.example", None, &[]));
    }

    #[test]
    fn where_origins_are_named_no_other_passes_whatever_the_host() {
        let named = [
            "https://koumen.example".parse().unwrap(),
            "http://localhost:8080".parse().unwrap(),
        ];
        for host in [None, Some("127.0.0.1:8080"), Some("koumen.example")] {
            assert!(is_own("https://koumen.example", host, &named));
            assert!(is_own("https://koumen.example:443", host, &named));
            assert!(is_own("http://localhost:8080", host, &named));
        }
        for (origin, host) in [
            ("http://rebound.example:8080", "rebound.example:8080"),
            ("http://koumen.example", "koumen.example"),
            ("https://koumen.example:8443", "koumen.example:8443"),
        ] {
            assert!(!is_own(origin, Some(host), &named), "{origin}");
        }
    }

    #[test]
    fn what_names_no_origin_is_refused() {
        for text in [
            "koumen.example",
            "https://",
            "https://a/b",
            "https://a:0x1",
            "https://a:70000",
            "https://a b",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(NoOrigin), "{text}");
        }
    }
}
