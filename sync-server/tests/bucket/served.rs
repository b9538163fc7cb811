//! Phones and the real server, with photos in a bucket: the server is killed, the service goes away, bytes are altered.

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use shared::ids::PhotoHash;
use sync_server::chance::Chance;
use sync_server::testing::SeededChance;

use super::world::{PREFIX, World, code, offset};

const KILLS: usize = 30;
const PHOTOS: u64 = 18;
/// The longest that a server lives once it answers.
const LIFE_US_MAX: u64 = 40_000;

/// Sends photos until the server is gone, every other one in a single request; those that were acknowledged.
fn send(world: &World, from: usize) -> (Vec<usize>, Option<io::Error>) {
    let mut acknowledged = Vec::new();
    let mut send = |number: usize, bytes: &[u8]| -> io::Result<()> {
        if number.is_multiple_of(2) {
            let put = world.put(bytes)?;
            assert!([201, 204].contains(&put.status), "{}", put.status);
        } else {
            let place = world.begin(bytes)?;
            let standing = world.standing(&place)?;
            if offset(&standing) < bytes.len() {
                let sent = world.send(&place, bytes, offset(&standing))?;
                assert_eq!((sent.status, offset(&sent)), (204, bytes.len()));
            }
        }
        acknowledged.push(number);
        Ok(())
    };
    let count = world.photos.len();
    for number in (from..from + count).map(|number| number % count) {
        if let Err(error) = send(number, &world.photos[number]) {
            return (acknowledged, Some(error));
        }
    }
    (acknowledged, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_has_every_acknowledged_photo_in_the_bucket() {
    let world = World::with_photos(PHOTOS).await;
    let chance = SeededChance::new(12);
    let (mut while_sending, mut lost) = (0, 0);
    let mut acknowledged = vec![false; world.photos.len()];
    for kill in 0..KILLS {
        let server = world.serve();
        for (bytes, _) in world.photos.iter().zip(&acknowledged).filter(|photo| *photo.1) {
            lost += usize::from(!world.is_whole(bytes));
        }
        let mut life = [0; 8];
        chance.fill(&mut life);
        let life = Duration::from_micros(u64::from_le_bytes(life) % LIFE_US_MAX);
        let (taken, broke) = thread::scope(|scope| {
            let sender = scope.spawn(|| send(&world, kill));
            thread::sleep(life);
            server.kill();
            sender.join().unwrap()
        });
        while_sending += usize::from(broke.is_some());
        for number in taken {
            acknowledged[number] = true;
        }
    }
    let early = acknowledged.iter().filter(|taken| **taken).count();
    let server = world.serve();
    assert!(send(&world, 0).1.is_none(), "the rest is taken");
    lost += world.photos.iter().filter(|bytes| !world.is_whole(bytes)).count();
    println!(
        "bucket, server killed: {KILLS} tries, {while_sending} while photos were sent, {early} of {PHOTOS} photos \
         acknowledged before the last start, {lost} lost"
    );
    assert!(while_sending > KILLS / 4 && early > 0);
    assert_eq!(lost, 0);
    // The control: a bucket that has lost an object, and this test would have seen it.
    let gone = &world.photos[0];
    fs::remove_file(world.service.file(PREFIX, PhotoHash::of(gone))).unwrap();
    assert!(!world.is_whole(gone));
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_service_is_gone_phones_are_told_to_wait_and_nothing_is_lost() {
    let mut world = World::with_photos(3).await;
    let [there, in_chunks, in_one] = [0, 1, 2].map(|number| world.photos[number].clone());
    let server = world.serve();
    assert_eq!(world.put(&there).unwrap().status, 201);
    let place = world.begin(&in_chunks).unwrap();
    let half = in_chunks.len() / 2;
    assert_eq!(offset(&world.send(&place, &in_chunks[..half], 0).unwrap()), half);
    world.service.go_away();
    let put = world.put(&in_one).unwrap();
    assert_eq!((put.status, code(&put).as_str()), (503, "photo.away"));
    let last = world.send(&place, &in_chunks, half).unwrap();
    assert_eq!((last.status, code(&last).as_str()), (503, "photo.away"));
    assert_eq!(world.standing(&place).unwrap().status, 503, "it is no photo yet");
    let got = world.get(&there).unwrap();
    assert_eq!(
        (got.status, code(&got).as_str()),
        (503, "photo.away"),
        "not: unknown"
    );
    // Killed with a photo that has arrived but is not in the bucket, and started before the service.
    server.kill();
    let server = world.serve();
    assert_eq!(world.standing(&place).unwrap().status, 503);
    world.service.come_back();
    let standing = world.standing(&place).unwrap();
    assert_eq!((standing.status, offset(&standing)), (200, in_chunks.len()));
    assert_eq!(world.put(&in_one).unwrap().status, 201);
    for bytes in [&there, &in_chunks, &in_one] {
        assert!(world.is_whole(bytes));
    }
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_whose_bytes_were_altered_in_the_bucket_is_not_handed_out() {
    let world = World::with_photos(1).await;
    let bytes = world.photos[0].clone();
    let server = world.serve();
    assert_eq!(world.put(&bytes).unwrap().status, 201);
    let object = world.service.file(PREFIX, PhotoHash::of(&bytes));
    let mut altered = bytes.clone();
    altered[bytes.len() / 2] ^= 1;
    fs::write(&object, altered).unwrap();
    let got = world.get(&bytes).unwrap();
    assert_eq!((got.status, code(&got).as_str()), (404, "photo.unknown"));
    fs::write(&object, &bytes).unwrap();
    assert!(world.is_whole(&bytes));
    server.kill();
}
