//! The line to the bucket breaks at any byte of a photo on its way, or of the answer: what was acknowledged is there,
//! and what was not is taken the next time.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use bytes::Bytes;
use shared::ids::PhotoHash;
use sync_server::photos::{BUCKET_SECONDS_MAX, PhotoStore};
use tokio::time::Instant;

use super::service::{Line, Service, place_at};

/// In the ordinary run; each that fails is tried again inside, which takes half a second.
const TRIES: usize = 36;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_line_does_what_was_acknowledged_is_there() {
    let tries = env::var("KOUMEN_TRIES").ok().and_then(|tries| tries.parse().ok());
    let tries: usize = tries.unwrap_or(TRIES);
    let service = Service::start();
    let line = Line::to(service.port);
    let store = PhotoStore::s3(&place_at(line.port, "cut")).unwrap();
    let photo = |number: usize| {
        let bytes = number.to_le_bytes().repeat(2_500);
        (PhotoHash::of(&bytes), Bytes::from(bytes))
    };
    let (hash, bytes) = photo(0);
    line.mend();
    store.put(hash, bytes).await.unwrap();
    let (up, down) = line.passed();
    assert!(up > 20_000 && down > 100, "{up} bytes up, {down} down");
    let (mut acknowledged, mut refused, mut lost, mut would_be_lost, mut not_taken) = (0, 0, 0, 0, 0);
    for number in 1..=tries {
        let (hash, bytes) = photo(number);
        // Two thirds on the way up, one third on the way back; the last of each lets everything through.
        match number % 3 {
            0 => line.breaks_after(usize::MAX, down * number / tries),
            _ => line.breaks_after(up * number / (tries - 1), usize::MAX),
        }
        let put = store.put(hash, bytes.clone()).await;
        line.mend();
        let held = fs::read(service.file("cut", hash)).ok();
        let is_there = held.as_ref().is_some_and(|held| *held == bytes);
        assert!(is_there || held.is_none(), "half a photo lies under its name");
        match put {
            Ok(()) => {
                acknowledged += 1;
                lost += usize::from(!is_there);
            }
            Err(_) => {
                refused += 1;
                would_be_lost += usize::from(!is_there);
            }
        }
        store.put(hash, bytes.clone()).await.unwrap();
        not_taken += usize::from(store.get(hash).await.unwrap() != Some(bytes));
    }
    println!(
        "bucket behind a line that breaks: {tries} tries, {acknowledged} acknowledged, {refused} refused, {lost} lost, \
         {not_taken} not taken the next time"
    );
    assert!(acknowledged > 0 && refused > tries / 2);
    assert_eq!((lost, not_taken), (0, 0));
    // The control: who took every photo for stored once it was sent would have lost these.
    assert!(would_be_lost > tries / 4, "{would_be_lost}");
}

/// The ordinary case of a broken connection: the next one works. Nobody is asked to wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_closed_the_connection_meanwhile_is_asked_again() {
    let mut service = Service::start();
    let store = PhotoStore::s3(&place_at(service.port, "")).unwrap();
    let bytes = Bytes::from_static(b"a lamp");
    let hash = PhotoHash::of(&bytes);
    store.put(hash, bytes.clone()).await.unwrap();
    service.go_away();
    assert!(store.get(hash).await.is_err());
    service.come_back();
    assert_eq!(store.get(hash).await.unwrap(), Some(bytes));
}

/// Requests are signed over their bytes, also without TLS.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_were_altered_on_their_way_are_not_acknowledged() {
    let service = Service::start();
    let line = Line::to(service.port);
    let store = PhotoStore::s3(&place_at(line.port, "")).unwrap();
    let bytes = Bytes::from(b"a lamp ".repeat(4_000));
    let hash = PhotoHash::of(&bytes);
    line.alters();
    assert!(store.put(hash, bytes.clone()).await.is_err());
    assert_ne!(store.get(hash).await.ok().flatten(), Some(bytes.clone()));
    line.mend();
    store.put(hash, bytes.clone()).await.unwrap();
    assert_eq!(store.get(hash).await.unwrap(), Some(bytes));
}

/// On a clock that jumps ahead whenever nothing else happens.
#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_is_given_up_before_a_phone_gives_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = PhotoStore::s3(&place_at(silent.local_addr().unwrap().port(), "")).unwrap();
    let bytes = Bytes::from_static(b"a lamp");
    let hash = PhotoHash::of(&bytes);
    let began = Instant::now();
    assert!(store.put(hash, bytes).await.is_err());
    assert!(began.elapsed() <= Duration::from_secs(BUCKET_SECONDS_MAX + 1));
    let began = Instant::now();
    assert!(store.get(hash).await.is_err());
    assert!(began.elapsed() <= Duration::from_secs(BUCKET_SECONDS_MAX + 1));
}
