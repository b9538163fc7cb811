//! A bucket of an S3 service as the place of photos, for a server that runs on more than one machine.
//!
//! The service is the operator's own: there is no default address, nothing is asked of the machine that the server
//! runs on, no proxy is used and no redirect followed. Buckets stand in the path of an address, not in its host name.
//! A photo is one request and one object; so nothing unfinished is left behind, and what a service keeps of unfinished
//! uploads of others is a matter of its own lifecycle rules. Every request is signed over its body, so a body that
//! was cut or altered on its way is refused by the service.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{HttpClient, HttpConnector};
use object_store::path::Path as ObjectPath;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use reqwest::Url;
use reqwest::redirect::Policy;

/// How long anything asked of a bucket may take, with all tries; a phone waits longer for its answer.
pub const BUCKET_SECONDS_MAX: u64 = 20;
const CONNECT_SECONDS_MAX: u64 = 3;
const TRY_SECONDS_MAX: u64 = 15;
/// After the first try.
const TRIES_AGAIN: usize = 2;
/// What an S3 service says of a bucket that it does not have; the status is that of an absent object.
const NO_BUCKET: &str = "NoSuchBucket";

/// Where a bucket is and how it is opened.
#[derive(Debug, Clone)]
pub struct BucketPlace {
    /// The address of the service, `https://HOST` or `https://HOST:PORT`.
    pub endpoint: String,
    /// The bucket's name.
    pub bucket: String,
    /// What stands before the names of photos; may be empty.
    pub prefix: String,
    /// The region that requests are signed for; most services of one's own know `us-east-1`.
    pub region: String,
    /// Whether bytes may go over plain HTTP to another machine.
    pub plain_http: bool,
    /// Who the server is for the service.
    pub keys: BucketKeys,
}

/// The two keys of a bucket's user.
#[derive(Clone)]
pub struct BucketKeys {
    /// Names the user.
    pub id: String,
    /// Signs requests; never sent.
    pub secret: String,
}

impl fmt::Debug for BucketKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BucketKeys")
    }
}

/// A bucket cannot be what was said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// The address of the service is none.
    #[error("{0} is no address of an S3 service, such as https://s3.example:9000")]
    Endpoint(String),
    /// Photos would go over the network for everybody to read.
    #[error("{0} is plain HTTP to another machine; that must be allowed explicitly")]
    PlainHttp(String),
    /// No service knows such a bucket.
    #[error("{0} is no name of a bucket: 3 to 63 of a-z, 0-9, dots and dashes")]
    Name(String),
    /// A name inside the bucket has parts that no object may have.
    #[error("{0} cannot stand before the names of photos")]
    Prefix(String),
    /// The client cannot be made.
    #[error("the client of the S3 service cannot be made")]
    Client(#[from] object_store::Error),
}

/// Opens a bucket without asking it anything.
pub(super) fn open(place: &BucketPlace) -> Result<(AmazonS3, ObjectPath), BucketError> {
    let endpoint = endpoint(place)?;
    let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    if !(3..=63).contains(&place.bucket.len()) || !place.bucket.bytes().all(named) {
        return Err(BucketError::Name(place.bucket.clone()));
    }
    let prefix = ObjectPath::parse(&place.prefix).map_err(|_| BucketError::Prefix(place.prefix.clone()))?;
    let again = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries: TRIES_AGAIN,
        retry_timeout: Duration::from_secs(BUCKET_SECONDS_MAX),
    };
    let bucket = AmazonS3Builder::new()
        .with_endpoint(endpoint.as_str())
        .with_bucket_name(&place.bucket)
        .with_region(&place.region)
        .with_access_key_id(&place.keys.id)
        .with_secret_access_key(&place.keys.secret)
        .with_virtual_hosted_style_request(false)
        .with_retry(again)
        .with_http_connector(OwnClient)
        .build()?;
    Ok((bucket, prefix))
}

/// Asks for a name that no photo has. Only who may read the bucket is told that there is none; that the bucket itself
/// is not there, some services say only when they are asked for a list.
pub(super) async fn reach(bucket: &dyn ObjectStore, prefix: &ObjectPath) -> object_store::Result<()> {
    let probe: ObjectPath = prefix.parts().chain(["koumen".into()]).collect();
    match bucket.get(&probe).await {
        Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    match bucket.list(Some(&probe)).try_next().await {
        Err(error) if error.to_string().contains(NO_BUCKET) => Err(object_store::Error::NotFound {
            path: probe.to_string(),
            source: Box::new(error),
        }),
        listed => listed.map(|_| ()),
    }
}

fn endpoint(place: &BucketPlace) -> Result<Url, BucketError> {
    let unusable = || BucketError::Endpoint(place.endpoint.clone());
    let url = Url::parse(&place.endpoint).map_err(|_| unusable())?;
    let host = url.host_str().ok_or_else(unusable)?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !is_bare || !["http", "https"].contains(&url.scheme()) {
        return Err(unusable());
    }
    if url.scheme() == "http" && !place.plain_http && !is_this_machine(host) {
        return Err(BucketError::PlainHttp(place.endpoint.clone()));
    }
    Ok(url)
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Makes the HTTP client: bounded in time, straight to the service, with the TLS of the rest of the server and the
/// certificates that the system trusts.
#[derive(Debug)]
struct OwnClient;

impl HttpConnector for OwnClient {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        // Only the first call counts; a provider that is there already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .http1_only()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .timeout(Duration::from_secs(TRY_SECONDS_MAX))
            .build()
            .map_err(|error| object_store::Error::Generic {
                store: "S3",
                source: Box::new(error),
            })?;
        Ok(HttpClient::new(client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(endpoint: &str) -> BucketPlace {
        BucketPlace {
            endpoint: endpoint.to_owned(),
            bucket: "koumen".to_owned(),
            prefix: "photos".to_owned(),
            region: "us-east-1".to_owned(),
            plain_http: false,
            keys: BucketKeys {
                id: "user".to_owned(),
                secret: "not to be seen".to_owned(),
            },
        }
    }

    #[test]
    fn plain_http_leaves_this_machine_only_when_that_is_said() {
        for near in [
            "http://127.0.0.1:9000",
            "http://localhost",
            "http://[::1]:9000/",
            "https://s3.example",
        ] {
            assert!(open(&place(near)).is_ok(), "{near}");
        }
        let mut far = place("http://s3.example:9000");
        assert!(matches!(open(&far), Err(BucketError::PlainHttp(_))));
        far.plain_http = true;
        assert!(open(&far).is_ok());
    }

    #[test]
    fn what_is_no_bucket_is_said_before_anything_is_asked() {
        for no_address in [
            "",
            "s3.example",
            "ftp://s3.example",
            "https://u:p@s3.example",
            "https://s3.example/path",
        ] {
            let opened = open(&place(no_address));
            assert!(matches!(opened, Err(BucketError::Endpoint(_))), "{no_address}");
        }
        for no_name in ["", "ab", "UPPER", "a/b", "../..", "a b c"] {
            let mut place = place("https://s3.example");
            place.bucket = no_name.to_owned();
            assert!(matches!(open(&place), Err(BucketError::Name(_))), "{no_name}");
        }
        let mut up = place("https://s3.example");
        up.prefix = "photos/../others".to_owned();
        assert!(matches!(open(&up), Err(BucketError::Prefix(_))));
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert!(!format!("{:?}", place("https://s3.example")).contains("seen"));
    }
}
