//! The commands that touch photos, with a bucket: they work with it, or refuse in a sentence.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::ids::PhotoHash;
use sync_server::chance::OsChance;
use sync_server::clock::{Clock, SystemClock};
use sync_server::folders;
use sync_server::storage::Storage;
use sync_server::tls::{self, Authority};

use super::process::{Ground, Server};
use super::service::{BUCKET, Line, Tls};
use super::world::{PREFIX, World, identify};

fn koumen(words: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koumen-server"));
    command.args(words).arg("--data").arg(data);
    command.env("KOUMEN_LOG", "error");
    command
}

fn make_database(data: &Path) {
    Storage::open_file(&data.join("koumen.sqlite"), &OsChance).unwrap();
}

/// What a command printed, when it went well.
fn went_well(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command said when it refused.
fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// With two photos in the bucket.
async fn served() -> World {
    let world = World::with_photos(2).await;
    let server = world.serve();
    for bytes in &world.photos {
        assert_eq!(world.put(bytes).unwrap().status, 201);
    }
    server.kill();
    world
}

impl World {
    fn run(&self, words: &[&str], data: &Path) -> Output {
        let mut command = koumen(words, data);
        self.name_the_bucket(&mut command);
        command.output().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_the_photos_of_a_bucket_and_is_restored_into_another_or_a_folder() {
    let world = served().await;
    let backup = world.folder.path().join("backup");
    let backup_name = backup.to_string_lossy().into_owned();
    let made = went_well(&world.run(&["backup", &backup_name], &world.data()));
    assert!(made.contains("2 photos"), "{made}");
    for bytes in &world.photos {
        let name = PhotoHash::of(bytes).to_string();
        assert_eq!(
            fs::read(backup.join("photos").join(&name[..2]).join(name)).unwrap(),
            *bytes
        );
    }
    // Into a folder, as anywhere.
    let folder = world.folder.path().join("folder");
    let restored = koumen(&["restore", &backup_name], &folder).output().unwrap();
    assert!(went_well(&restored).contains("2 photos"));
    let checked = koumen(&["check"], &folder).output().unwrap();
    assert!(went_well(&checked).contains("2 photos"));
    let server = Server::start(&Ground::new(&folder, None), world.port);
    assert!(world.photos.iter().all(|bytes| world.is_whole(bytes)));
    server.kill();
    // Into another place of the bucket.
    let other = world.folder.path().join("other");
    let place = format!("s3://{BUCKET}/restored");
    let endpoint = world.service.endpoint();
    let words = ["--photos", &place, "--s3-endpoint", &endpoint];
    let in_the_bucket = |words_before: &[&str]| {
        let mut command = koumen(&[words_before, &words].concat(), &other);
        identify(&mut command);
        command
    };
    let restored = in_the_bucket(&["restore", &backup_name]).output().unwrap();
    assert!(went_well(&restored).contains("2 photos"));
    for bytes in &world.photos {
        let object = world.service.file("restored", PhotoHash::of(bytes));
        assert_eq!(fs::read(object).unwrap(), *bytes);
    }
    assert!(!other.join("photos").exists());
    let checked = in_the_bucket(&["check"]).output().unwrap();
    assert!(went_well(&checked).contains("no damage"));
    // And phones read them there.
    let server = Server::start_with(&Ground::new(&other, None), world.port, |command| {
        command.args(words);
        identify(command);
    });
    assert!(world.photos.iter().all(|bytes| world.is_whole(bytes)));
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_a_photo_that_the_bucket_lost_or_altered() {
    let world = served().await;
    assert!(went_well(&world.run(&["check"], &world.data())).contains("2 photos\nno damage"));
    let hashes = [0, 1].map(|number: usize| PhotoHash::of(&world.photos[number]));
    fs::remove_file(world.service.file(PREFIX, hashes[0])).unwrap();
    fs::write(world.service.file(PREFIX, hashes[1]), "other bytes").unwrap();
    let checked = world.run(&["check"], &world.data());
    refused(&checked);
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(
        hashes.iter().all(|hash| said.contains(&hash.to_string())),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_reach_the_photos_refuses_in_a_sentence() {
    let mut world = served().await;
    let data = world.data();
    let backup = world.folder.path().join("backup");
    let backup_name = backup.to_string_lossy().into_owned();
    let endpoint = world.service.endpoint();
    let bucket = format!("s3://{BUCKET}/{PREFIX}");
    let say = |words: &[&str], keys: bool| {
        let mut command = koumen(words, &data);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY");
        if keys {
            identify(&mut command);
        }
        refused(&command.output().unwrap())
    };
    let at =
        |place: &'static str| ["check", "--photos", place, "--s3-endpoint", &endpoint].map(str::to_owned);
    // A server that starts after all finds its port taken and ends.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let serve = ["serve", "--port", &port];
    // Nobody calls all photos lost, or takes them a second time, because a word was forgotten.
    for command in [&["check"][..], &serve] {
        let said = say(command, true);
        assert!(said.contains(&bucket) && said.contains("--photos"), "{said}");
    }
    let said = say(&["backup", &backup_name], true);
    assert!(said.contains(&bucket) && !backup.exists(), "{said}");
    let other = at("s3://another-bucket");
    let said = say(&other.each_ref().map(String::as_str), true);
    assert!(said.contains("lie in"), "{said}");
    let said = say(&["check", "--photos", &bucket], true);
    assert!(said.contains("--s3-endpoint"), "{said}");
    let whole = ["check", "--photos", &bucket, "--s3-endpoint", &endpoint];
    let said = say(&whole, false);
    assert!(said.contains("AWS_ACCESS_KEY_ID"), "{said}");
    let far = ["check", "--photos", &bucket, "--s3-endpoint", "http://s3.example"];
    fs::remove_file(data.join("photos.place")).unwrap();
    let said = say(&far, true);
    assert!(said.contains("plain HTTP"), "{said}");
    // Keys that do not fit, and a bucket that is not there, are told at the start.
    let mut command = koumen(&[&serve, &whole[1..]].concat(), &data);
    identify(&mut command);
    let said = refused(&command.env("AWS_SECRET_ACCESS_KEY", "another").output().unwrap());
    assert!(said.contains("do name and keys fit"), "{said}");
    let absent = ["--photos", "s3://no-such-bucket", "--s3-endpoint", &endpoint];
    let said = say(&[&serve[..], &absent].concat(), true);
    assert!(said.contains("do name and keys fit"), "{said}");
    // While the service is gone there is no backup, rather than one without photos; nor are photos called damaged.
    world.service.go_away();
    let said = refused(&world.run(&["backup", &backup_name], &data));
    assert!(said.contains("cannot be read") && !backup.exists(), "{said}");
    let checked = world.run(&["check"], &data);
    assert!(refused(&checked).contains("cannot be read"));
    assert!(!String::from_utf8_lossy(&checked.stdout).contains("damage"));
}

/// Half way through the first photo. That says nothing of the photos: none is called damaged, none is left out.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_breaks_off_meanwhile_gives_no_backup_and_no_damage() {
    let world = served().await;
    fs::remove_file(world.data().join("photos.place")).unwrap();
    let line = Line::to(world.service.port);
    let endpoint = format!("http://127.0.0.1:{}", line.port);
    let place = format!("s3://{BUCKET}/{PREFIX}");
    let backup = world.folder.path().join("backup");
    let backup_name = backup.to_string_lossy().into_owned();
    let run = |words: &[&str]| {
        let named = [words, &["--photos", &place, "--s3-endpoint", &endpoint]].concat();
        let mut command = koumen(&named, &world.data());
        identify(&mut command);
        command.output().unwrap()
    };
    let half = world.photos.iter().map(Vec::len).min().unwrap() / 2;
    for words in [&["backup", &backup_name][..], &["check"]] {
        line.mend();
        went_well(&run(&["check"]));
        let (_, down) = line.passed();
        let sent: usize = world.photos.iter().map(Vec::len).sum();
        line.breaks_after(usize::MAX, down - sent + half);
        let output = run(words);
        assert!(refused(&output).contains("the photo store failed"), "{output:?}");
        assert!(
            !String::from_utf8_lossy(&output.stdout).contains("damage"),
            "{output:?}"
        );
        assert!(!backup.exists());
    }
    line.mend();
    assert!(went_well(&run(&["backup", &backup_name])).contains("2 photos"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_of_the_system_sees_the_photos() {
    let world = served().await;
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let mut command = koumen(&["check"], &world.data());
    world.name_the_bucket(&mut command);
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(variable, &address);
    }
    assert!(went_well(&command.output().unwrap()).contains("2 photos"));
    assert!(proxy.accept().is_err(), "nobody asked it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_photos_is_not_left_behind_for_a_bucket() {
    let world = served().await;
    let data = world.folder.path().join("with-a-folder");
    folders::make(&data.join("photos").join("ab")).unwrap();
    make_database(&data);
    let said = refused(&world.run(&["check"], &data));
    assert!(said.contains("holds photos"), "{said}");
}

#[test]
fn a_folder_of_its_own_may_hold_the_photos_but_not_inside_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (data, elsewhere) = (folder.path().join("data"), folder.path().join("elsewhere"));
    let check = |photos: &Path| {
        let photos = photos.to_string_lossy().into_owned();
        koumen(&["check", "--photos", &photos], &data).output().unwrap()
    };
    folders::make(&data).unwrap();
    make_database(&data);
    went_well(&check(&elsewhere));
    assert!(elsewhere.is_dir() && !data.join("photos").exists());
    assert!(refused(&check(&data.join("photos"))).contains("leave out --photos"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_reached_by_tls_only_when_the_system_trusts_its_certificate() {
    let world = served().await;
    let authority_folder = world.folder.path().join("tls");
    fs::create_dir(&authority_folder).unwrap();
    let (name, addresses) = tls::local_names();
    let now_ms = SystemClock.now_ms();
    let authority = Authority::open(&authority_folder, &name, &addresses, now_ms).unwrap();
    let leaf = authority.leaf(&addresses, now_ms, &OsChance).unwrap();
    let before = Tls::before(world.service.port, tls::from_leaf(&leaf).unwrap());
    let root = world.folder.path().join("root.pem");
    let pem = STANDARD.encode(authority.root_der());
    fs::write(
        &root,
        format!("-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n"),
    )
    .unwrap();
    fs::remove_file(world.data().join("photos.place")).unwrap();
    let check = || {
        let (place, endpoint) = (
            format!("s3://{BUCKET}/{PREFIX}"),
            format!("https://localhost:{}", before.port),
        );
        let mut command = koumen(
            &["check", "--photos", &place, "--s3-endpoint", &endpoint],
            &world.data(),
        );
        identify(&mut command);
        command
    };
    let trusting = check().env("SSL_CERT_FILE", &root).output().unwrap();
    assert!(went_well(&trusting).contains("2 photos\nno damage"));
    assert!(refused(&check().output().unwrap()).contains("cannot be read"));
}
