//! Who asks: the address that budgets count by, also behind a proxy.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::state::AppState;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request comes from, as far as one household or office is told from another: an IPv4 address, or the first
/// 64 bits of an IPv6 address, of which everybody has as many as they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller(IpAddr);

impl Caller {
    /// The caller at an address.
    pub fn at(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
            v4 => v4,
        })
    }
}

/// The proxies whose word about where a request comes from is believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies(BTreeSet<IpAddr>);

impl Proxies {
    /// These, and no others.
    pub fn at(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(
            addresses
                .into_iter()
                .map(|address| address.to_canonical())
                .collect(),
        )
    }

    /// Whether one of them is at this address.
    pub fn has(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Who asks. Each proxy adds the address that it saw at the end of `X-Forwarded-For`, so the last one there that is
    /// no proxy of ours is the caller's; what stands before it is what the caller says of itself.
    pub fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> Caller {
        let mut seen = peer;
        let lines = headers.get_all(&FORWARDED_FOR);
        let lines: Vec<&[u8]> = lines.iter().map(HeaderValue::as_bytes).collect();
        // What the caller wrote in front may be no text at all.
        let mut hops = lines
            .iter()
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','));
        while self.has(seen) {
            match hops.next().and_then(read_hop) {
                Some(hop) => seen = hop,
                None => break,
            }
        }
        Caller::at(seen)
    }
}

/// `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, each perhaps with a port.
fn read_hop(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse().ok();
    address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Notes who asks beside every request that came over a connection.
pub(crate) async fn note(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if let Some(ConnectInfo(peer)) = peer.copied() {
        let caller = state.bounds.proxies.caller(peer.ip(), request.headers());
        request.extensions_mut().insert(caller);
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(proxies: &[&str], peer: &str, forwarded: &[&'static str]) -> Caller {
        let proxies = Proxies::at(proxies.iter().map(|proxy| proxy.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(&FORWARDED_FOR, HeaderValue::from_static(line));
        }
        proxies.caller(peer.parse().unwrap(), &headers)
    }

    fn at(address: &str) -> Caller {
        Caller::at(address.parse().unwrap())
    }

    #[test]
    fn what_a_caller_writes_that_is_no_text_hides_nobody() {
        let proxies = Proxies::at(["127.0.0.1".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        let said = HeaderValue::from_bytes(b"\xff, 192.0.2.9, 198.51.100.7").unwrap();
        headers.append(&FORWARDED_FOR, said);
        let found = proxies.caller("127.0.0.1".parse().unwrap(), &headers);
        assert_eq!(found, at("198.51.100.7"));
    }

    #[test]
    fn only_a_proxy_that_was_named_is_believed() {
        let said = ["198.51.100.7"];
        assert_eq!(caller(&[], "127.0.0.1", &said), at("127.0.0.1"));
        assert_eq!(caller(&["127.0.0.1"], "127.0.0.2", &said), at("127.0.0.2"));
        assert_eq!(caller(&["127.0.0.1"], "127.0.0.1", &said), at("198.51.100.7"));
        assert_eq!(
            caller(&["127.0.0.1"], "::ffff:127.0.0.1", &said),
            at("198.51.100.7")
        );
    }

    #[test]
    fn what_a_caller_says_of_itself_stands_before_what_the_proxy_saw() {
        let proxies = ["127.0.0.1", "10.0.0.2"];
        let told = |lines: &[&'static str]| caller(&proxies, "127.0.0.1", lines);
        assert_eq!(told(&["203.0.113.9, 198.51.100.7"]), at("198.51.100.7"));
        assert_eq!(
            told(&["203.0.113.9", "198.51.100.7, 10.0.0.2"]),
            at("198.51.100.7")
        );
        assert_eq!(told(&["203.0.113.9, unknown"]), at("127.0.0.1"));
        assert_eq!(told(&[]), at("127.0.0.1"));
        assert_eq!(told(&["10.0.0.2"]), at("10.0.0.2"));
        assert_eq!(told(&["198.51.100.7:4711"]), at("198.51.100.7"));
        assert_eq!(told(&["[2001:db8::7]:4711"]), at("2001:db8::7"));
    }

    #[test]
    fn one_household_has_one_address_of_the_new_kind() {
        assert_eq!(at("2001:db8:1:2:3::4"), at("2001:db8:1:2:ffff::1"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }
}
