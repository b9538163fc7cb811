//! An authority of the server's own, for phones in the same network.
//!
//! Its root is made once and stays in the data folder. It is constrained to private networks, the network that
//! the machine is in, and local names: whoever gets hold of its key can pretend to be no site of the internet
//! to a phone that trusts it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
    date_time_ymd,
};
use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::CalendarDate;

use crate::chance::Chance;

/// Days that a certificate is good for; phones refuse more than 825 under a root installed by hand.
const LEAF_DAYS: i64 = 397;
/// Days that the root is good for.
const ROOT_DAYS: i64 = 3_650;
const KEY_FILE: &str = "root.key";
const ROOT_FILE: &str = "root.crt";
const BOUNDS_FILE: &str = "root.bounds.json";

/// The private networks that every root may speak for.
const NETWORKS: [(&str, u8); 7] = [
    ("127.0.0.0", 8),
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("169.254.0.0", 16),
    ("100.64.0.0", 10),
    ("fc00::", 7),
];

/// The authority cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// A file of it.
    #[error("the authority's files cannot be read or written")]
    Files(#[from] std::io::Error),
    /// Its key or a certificate.
    #[error("the authority's key or certificate is damaged")]
    Keys(#[from] rcgen::Error),
    /// What it may speak for.
    #[error("the authority's bounds are damaged")]
    Bounds(#[from] serde_json::Error),
}

/// What a root may speak for; fixed when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Bounds {
    host: String,
    /// Network and length of its prefix.
    networks: Vec<(IpAddr, u8)>,
}

impl Bounds {
    /// The private networks and those of `addresses`: some local networks use public numbers.
    fn of(host: &str, addresses: &BTreeSet<IpAddr>) -> Self {
        let networks = NETWORKS
            .iter()
            .filter_map(|(network, prefix)| Some((network.parse().ok()?, *prefix)));
        let mut bounds = Self {
            host: host.to_owned(),
            networks: networks.collect(),
        };
        for address in addresses {
            if !bounds.hold(*address) && !address.is_loopback() {
                let prefix = if address.is_ipv4() { 24 } else { 64 };
                bounds.networks.push((masked(*address, prefix), prefix));
            }
        }
        bounds
    }

    fn hold(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|(network, prefix)| masked(address, *prefix) == *network)
    }
}

/// The first address of the network that `address` is in.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX
                .checked_shl(32_u32.saturating_sub(prefix.into()))
                .unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX
                .checked_shl(128_u32.saturating_sub(prefix.into()))
                .unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

/// A root that signs certificates for this machine.
pub struct Authority {
    root_der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
    bounds: Bounds,
}

/// A certificate for this machine with its key.
pub struct Leaf {
    /// The certificate, then the root.
    pub chain_der: Vec<Vec<u8>>,
    /// Its key, PKCS#8.
    pub key_der: Vec<u8>,
}

impl Authority {
    /// Reads the authority of a folder, or makes it.
    ///
    /// # Errors
    /// When its files cannot be read or written.
    pub fn open(
        folder: &Path,
        host: &str,
        addresses: &BTreeSet<IpAddr>,
        now_ms: TimestampMs,
    ) -> Result<Self, AuthorityError> {
        let key_file = folder.join(KEY_FILE);
        if !key_file.is_file() {
            make(folder, &Bounds::of(host, addresses), now_ms)?;
        }
        let key = KeyPair::from_pem(&fs::read_to_string(key_file)?)?;
        let root_der = fs::read(folder.join(ROOT_FILE))?;
        let bounds: Bounds = serde_json::from_slice(&fs::read(folder.join(BOUNDS_FILE))?)?;
        let issuer = Issuer::new(root_params(&key, &bounds, now_ms), key);
        Ok(Self {
            root_der,
            issuer,
            bounds,
        })
    }

    /// The root certificate, DER: what a phone installs.
    pub fn root_der(&self) -> &[u8] {
        &self.root_der
    }

    /// Those of `addresses` for which no certificate can be signed: the machine moved to another network.
    pub fn beyond_bounds(&self, addresses: &BTreeSet<IpAddr>) -> Vec<IpAddr> {
        addresses
            .iter()
            .copied()
            .filter(|address| !address.is_loopback() && !self.bounds.hold(*address))
            .collect()
    }

    /// A certificate for `localhost`, this machine's names and those of `addresses` that lie within the root's
    /// bounds.
    ///
    /// # Errors
    /// When signing fails.
    pub fn leaf(
        &self,
        addresses: &BTreeSet<IpAddr>,
        now_ms: TimestampMs,
        chance: &dyn Chance,
    ) -> Result<Leaf, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names(&self.bounds.host))?;
        let held = addresses.iter().filter(|address| self.bounds.hold(**address));
        params
            .subject_alt_names
            .extend(held.map(|address| SanType::IpAddress(*address)));
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Koumen");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let mut serial = chance.uuid().into_bytes().to_vec();
        // A serial number is positive.
        serial.iter_mut().take(1).for_each(|first| *first &= 0x7f);
        params.serial_number = Some(SerialNumber::from(serial));
        lasts(&mut params, now_ms, LEAF_DAYS);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain_der = vec![certificate.der().to_vec(), self.root_der.clone()];
        Ok(Leaf {
            chain_der,
            key_der: key.serialize_der(),
        })
    }
}

/// The machine's name, and its addresses in its networks.
pub fn local_names() -> (String, BTreeSet<IpAddr>) {
    let name = gethostname::gethostname().to_string_lossy().to_lowercase();
    let name: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(63)
        .collect();
    let mut addresses = BTreeSet::from([IpAddr::from([127, 0, 0, 1])]);
    if let Ok(interfaces) = if_addrs::get_if_addrs() {
        addresses.extend(interfaces.iter().map(|interface| interface.ip()));
    }
    (name, addresses)
}

fn make(folder: &Path, bounds: &Bounds, now_ms: TimestampMs) -> Result<(), AuthorityError> {
    let key = KeyPair::generate()?;
    let root = root_params(&key, bounds, now_ms).self_signed(&key)?;
    write(&folder.join(ROOT_FILE), root.der(), 0o644)?;
    write(&folder.join(BOUNDS_FILE), &serde_json::to_vec(bounds)?, 0o644)?;
    // The key last: it says that the rest is there.
    write(&folder.join(KEY_FILE), key.serialize_pem().as_bytes(), 0o600)?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn root_params(key: &KeyPair, bounds: &Bounds, now_ms: TimestampMs) -> CertificateParams {
    // The key's own hash tells the roots of two servers apart in a phone's list.
    let mark = blake3::hash(key.public_key_raw()).to_hex();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let short: String = mark.chars().take(8).collect();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("Koumen {short}"));
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Koumen, this network only");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let networks = bounds
        .networks
        .iter()
        .map(|(network, prefix)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*network, *prefix)));
    let permitted_subtrees = names(&bounds.host)
        .into_iter()
        .map(GeneralSubtree::DnsName)
        .chain(networks)
        .collect();
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees,
        excluded_subtrees: Vec::new(),
    });
    lasts(&mut params, now_ms, ROOT_DAYS);
    params
}

/// The names that a machine has in its own network.
fn names(host: &str) -> Vec<String> {
    let mut names = vec!["localhost".to_owned()];
    if !host.is_empty() && host != "localhost" {
        names.extend([host.to_owned(), format!("{host}.local")]);
    }
    names
}

/// From the day before, since a phone's clock may be behind.
fn lasts(params: &mut CertificateParams, now_ms: TimestampMs, days: i64) {
    let date = |days: i64| {
        let (year, month, day) = CalendarDate::of_ms(now_ms).plus_days(days).parts();
        date_time_ymd(
            year,
            u8::try_from(month).unwrap_or(1),
            u8::try_from(day).unwrap_or(1),
        )
    };
    params.not_before = date(-1);
    params.not_after = date(days);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SeededChance, TEST_START_MS};

    #[test]
    fn a_second_start_finds_the_same_root_and_its_leaf_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let at_first = BTreeSet::from([IpAddr::from([192, 0, 2, 2])]);
        let first = Authority::open(folder.path(), "server", &at_first, TEST_START_MS).unwrap();
        let later_ms = TEST_START_MS + 86_400_000 * 40;
        let second = Authority::open(folder.path(), "renamed", &BTreeSet::new(), later_ms).unwrap();
        assert_eq!(first.root_der(), second.root_der());
        let addresses = BTreeSet::from([[192, 168, 1, 7], [192, 0, 2, 9], [8, 8, 8, 8]].map(IpAddr::from));
        let leaf = second
            .leaf(&addresses, TEST_START_MS, &SeededChance::new(1))
            .unwrap();
        crate::tls::from_leaf(&leaf).unwrap();
        let has = |octets: [u8; 4]| {
            leaf.chain_der[0]
                .windows(6)
                .any(|six| six[..2] == [0x87, 4] && six[2..] == octets)
        };
        assert!(has([192, 168, 1, 7]));
        assert!(
            has([192, 0, 2, 9]),
            "the network that the machine was in when the root was made"
        );
        assert!(
            !has([8, 8, 8, 8]),
            "a public address lies outside the root's bounds"
        );
        assert_eq!(second.beyond_bounds(&addresses), [IpAddr::from([8, 8, 8, 8])]);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Authority::open(folder.path(), "server", &BTreeSet::new(), TEST_START_MS).unwrap();
        let mode = fs::metadata(folder.path().join(KEY_FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let bounds = Bounds::of("server", &BTreeSet::new());
        for private in ["10.1.2.3", "172.31.0.1", "192.168.0.9", "127.0.0.1", "fd12::1"] {
            assert!(bounds.hold(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "2001:db8::1", "193.168.0.1"] {
            assert!(!bounds.hold(public.parse().unwrap()), "{public}");
        }
    }
}
