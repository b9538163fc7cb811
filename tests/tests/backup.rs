//! Backup and restore with real processes: made while the server serves, tried before it is called good, and
//! after a restore the phones bring back what it lacks (F27, F40).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;
use sync_server::testing::a_jpeg;
use tests::processes::{COMMUNITY, Device, Programs, Site, text};

const PROGRAMS: Programs = Programs {
    server: env!("CARGO_BIN_EXE_koumen-server-under-test"),
    device: env!("CARGO_BIN_EXE_koumen-device-under-test"),
};

fn site() -> Site {
    let mut site = Site::new(PROGRAMS);
    site.add_user("zhao", "member");
    site.add_user("qian", "supervisor");
    site.start();
    site
}

fn visit(device: &Device, note: &str, picture: Option<&Path>) -> Option<String> {
    let mut words = vec!["visit", "--door", "3-2-501", "--outcome", "met", "--note", note];
    let file = picture.map(|file| file.to_string_lossy().into_owned());
    if let Some(file) = &file {
        words.extend(["--photo", file]);
    }
    let printed = device.ok(&words);
    printed[0]["photos"][0].as_str().map(str::to_owned)
}

fn a_picture(site: &Site, seed: u64) -> std::path::PathBuf {
    let file = site.path(&format!("{seed}.jpg"));
    fs::write(&file, a_jpeg(320, 240, seed)).unwrap();
    file
}

fn back_up(site: &Site, name: &str) -> String {
    let to = site.path(name);
    site.koumen(&["backup", &to.to_string_lossy()], "")
}

fn restore(site: &Site, name: &str) {
    let from = site.path(name);
    site.koumen(&["restore", &from.to_string_lossy(), "--force"], "");
}

#[test]
fn after_a_restore_phones_bring_back_visits_and_photos() {
    let mut site = site();
    let phone = site.enrolled("phone", "zhao");
    phone.ok(&["household", "--area", COMMUNITY, "--door", "3-2-501"]);
    let early = visit(&phone, "备份前", Some(&a_picture(&site, 1))).unwrap();
    phone.ok(&["sync"]);
    let said = back_up(&site, "backup");
    assert!(said.contains("1 photos") && said.contains("checked"), "{said}");
    let late = visit(&phone, "备份后", Some(&a_picture(&site, 2))).unwrap();
    phone.ok(&["sync"]);
    // A phone that the backup does not know at all.
    let newer = site.enrolled("newer", "zhao");
    newer.ok(&["sync"]);
    let newest = visit(&newer, "新手机", Some(&a_picture(&site, 3))).unwrap();
    newer.ok(&["sync"]);
    site.stop();
    restore(&site, "backup");
    site.start();
    let office = site.enrolled("office", "qian");
    office.ok(&["sync"]);
    assert_eq!(
        office.notes(),
        ["备份前"],
        "the control: the restored server lacks the rest"
    );
    phone.ok(&["sync"]);
    let closed = newer.run(&["sync"], "");
    assert_eq!(
        closed.status.code(),
        Some(2),
        "its session is not in the backup: {closed:?}"
    );
    newer.enrol("zhao");
    newer.ok(&["sync"]);
    office.ok(&["sync"]);
    assert_eq!(office.notes(), ["备份前", "备份后", "新手机"]);
    for hash in [early, late, newest] {
        let out = site.path("seen.jpg");
        office.ok(&["photo", &hash, "--out", &out.to_string_lossy()]);
    }
    for device in [&phone, &newer] {
        assert_eq!(device.ok(&["show", "waiting"]), Vec::<Value>::new());
        assert_eq!(device.ok(&["show", "status"])[0]["waiting_photos"], 0);
    }
    site.stop();
    let checked = site.koumen(&["check"], "");
    assert!(
        checked.contains("3 photos") && checked.contains("no damage"),
        "{checked}"
    );
}

#[test]
fn backups_made_while_phones_send_are_all_good_and_only_grow() {
    let mut site = site();
    let phone = site.enrolled("phone", "zhao");
    phone.ok(&["household", "--area", COMMUNITY, "--door", "3-2-501"]);
    let done = AtomicBool::new(false);
    let said = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                visit(&phone, &format!("第{rounds}次"), None);
                phone.ok(&["sync"]);
                rounds += 1;
            }
            rounds
        });
        let said: Vec<String> = (0..5)
            .map(|number| back_up(&site, &format!("backup{number}")))
            .collect();
        done.store(true, Ordering::Relaxed);
        assert!(sending.join().unwrap() > 0, "the phone sent meanwhile");
        said
    });
    let operations = |said: &String| -> u64 {
        let number = said.split(": ").nth(1).and_then(|rest| rest.split(' ').next());
        number.unwrap().parse().unwrap()
    };
    let counts: Vec<u64> = said.iter().map(operations).collect();
    assert!(counts.is_sorted(), "{counts:?}");
    for number in 0..5 {
        site.stop();
        restore(&site, &format!("backup{number}"));
        assert!(site.koumen(&["check"], "").contains("no damage"));
    }
    println!("backups made while a phone sent: 5 tries / 0 bad, operations in them: {counts:?}");
}

#[test]
fn nothing_is_overwritten_and_nothing_bad_is_called_a_backup() {
    let mut site = site();
    let phone = site.enrolled("phone", "zhao");
    phone.ok(&["household", "--area", COMMUNITY, "--door", "3-2-501"]);
    let hash = visit(&phone, "一次", Some(&a_picture(&site, 1))).unwrap();
    phone.ok(&["sync"]);
    back_up(&site, "backup");
    let refused = |words: &[&str], reason: &str| {
        let output = site.try_koumen(words, "");
        assert!(!output.status.success(), "{words:?}");
        assert!(text(&output.stderr).contains(reason), "{words:?}: {output:?}");
    };
    let (backup, nothing) = (site.path("backup"), site.path("nothing"));
    let (backup, nothing) = (backup.to_string_lossy(), nothing.to_string_lossy());
    refused(&["backup", &backup], "not empty");
    refused(&["restore", &nothing], "is no backup");
    refused(&["restore", &backup], "not empty");
    refused(&["restore", &backup, "--force"], "another server serves");
    site.stop();
    // A photo that rotted is told, and the rest is still a backup.
    let photo = site.data().join("photos").join(&hash[..2]).join(&hash);
    fs::write(&photo, b"rotten").unwrap();
    let to = site.path("second");
    let output = site.try_koumen(&["backup", &to.to_string_lossy()], "");
    assert!(
        !output.status.success() && text(&output.stdout).contains(&hash),
        "{output:?}"
    );
    assert!(to.join("backup.json").is_file());
    // A database that rotted is no backup, and no folder says it were.
    let database = site.data().join("koumen.sqlite");
    let mut bytes = fs::read(&database).unwrap();
    let place = bytes.windows(6).position(|six| six == "一次".as_bytes()).unwrap();
    bytes[place] ^= 1;
    fs::write(&database, bytes).unwrap();
    let to = site.path("third");
    let output = site.try_koumen(&["backup", &to.to_string_lossy()], "");
    assert!(!output.status.success(), "{output:?}");
    assert!(!to.exists());
    // A damaged backup does not replace anything.
    let copy = site.path("backup").join("koumen.sqlite");
    fs::write(&copy, b"rotten").unwrap();
    let output = site.try_koumen(&["restore", &backup, "--force"], "");
    assert!(!output.status.success(), "{output:?}");
    assert!(database.is_file());
    site.start();
}
