//! `koumen-device` as a script uses it: real processes, a real server, real files.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use sync_server::testing::a_jpeg;
use tests::processes::{COMMUNITY, Device, PASSWORD, Programs, Site, holds, lines, text};

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

fn a_household(device: &Device, door: &str) -> String {
    let made = device.ok(&["household", "--area", COMMUNITY, "--door", door]);
    made[0]["household"].as_str().unwrap().to_owned()
}

fn a_picture(site: &Site) -> PathBuf {
    let file = site.path("lamp.jpg");
    fs::write(&file, a_jpeg(640, 480, 5)).unwrap();
    file
}

#[test]
fn what_one_device_records_another_one_shows_with_its_photo() {
    let site = site();
    let phone = site.enrolled("phone", "zhao");
    let home = a_household(&phone, "3栋2单元501室");
    let picture = a_picture(&site);
    let visit = phone.ok(&[
        "visit",
        "--door",
        "3-2-501",
        "--outcome",
        "met",
        "--note",
        "灯已修好",
        "--photo",
        &picture.to_string_lossy(),
    ]);
    let hash = visit[0]["photos"][0].as_str().unwrap();
    let issue = phone.ok(&[
        "issue",
        "--household",
        &home,
        "--category",
        "facilities",
        "--title",
        "楼道灯不亮",
    ]);
    assert_eq!(phone.ok(&["show", "waiting"]).len(), 4);
    let synced = phone.ok(&["sync"]);
    assert_eq!(synced[0]["phase"], "UpToDate");
    assert_eq!(
        (&synced[0]["waiting_operations"], &synced[0]["waiting_photos"]),
        (&Value::from(0), &Value::from(0))
    );
    let office = site.enrolled("office", "qian");
    office.ok(&["sync"]);
    let seen = office.ok(&["show", "visits"]);
    assert_eq!(seen[0]["visit"], visit[0]["visit"]);
    assert_eq!(seen[0]["note"], "灯已修好");
    assert_eq!(office.ok(&["show", "issues"])[0]["issue"], issue[0]["issue"]);
    assert_eq!(office.ok(&["show", "households"])[0]["door"], "3-2-501");
    let bytes = |device: &Device, name: &str| {
        let out = site.path(name);
        device.ok(&["photo", hash, "--out", &out.to_string_lossy()]);
        fs::read(out).unwrap()
    };
    assert_eq!(bytes(&office, "seen.jpg"), bytes(&phone, "own.jpg"));
}

#[test]
fn the_same_id_twice_is_one_record_and_repeat_makes_many() {
    let site = site();
    let phone = site.enrolled("phone", "zhao");
    a_household(&phone, "3-2-501");
    let id = "0190c1d4-0000-7000-8000-000000000001";
    let words = [
        "visit",
        "--door",
        "3-2-501",
        "--outcome",
        "met",
        "--note",
        "一次",
        "--id",
        id,
    ];
    assert_eq!(phone.ok(&words), phone.ok(&words));
    let many = phone.ok(&[
        "visit",
        "--door",
        "3-2-501",
        "--outcome",
        "met",
        "--note",
        "第",
        "--repeat",
        "3",
    ]);
    assert_eq!(many.len(), 3);
    assert_eq!(phone.notes(), ["一次", "第 1", "第 2", "第 3"]);
}

#[test]
fn bad_input_is_one_sentence_and_exit_code_2() {
    let site = site();
    let phone = site.enrolled("phone", "zhao");
    a_household(&phone, "3-2-501");
    let no_picture = site.path("areas.csv");
    let no_picture = no_picture.to_string_lossy();
    let nowhere = site.path("nothing.jpg");
    let nowhere = nowhere.to_string_lossy();
    let cases: [(&[&str], &str); 9] = [
        (
            &["visit", "--door", "9-9-999", "--outcome", "met"],
            "no household behind",
        ),
        (&["visit", "--door", "???", "--outcome", "met"], "no door number"),
        (&["visit", "--outcome", "met"], "which household"),
        (
            &["visit", "--door", "3-2-501", "--outcome", "happy"],
            "one of: met",
        ),
        (
            &[
                "visit",
                "--door",
                "3-2-501",
                "--outcome",
                "met",
                "--photo",
                &no_picture,
            ],
            "no photo",
        ),
        (
            &[
                "visit",
                "--door",
                "3-2-501",
                "--outcome",
                "met",
                "--photo",
                &nowhere,
            ],
            "cannot read",
        ),
        (
            &["household", "--area", COMMUNITY, "--door", ""],
            "household.door",
        ),
        (
            &["issue", "--category", "facilities", "--title", "灯"],
            "issue.area_missing",
        ),
        (&["photo", "xyz", "--out", "x.jpg"], "64 hexadecimal digits"),
    ];
    for (words, reason) in cases {
        let refused = phone.run(words, "");
        assert_eq!(refused.status.code(), Some(2), "{words:?}: {refused:?}");
        assert!(text(&refused.stderr).contains(reason), "{words:?}: {refused:?}");
        assert_eq!(text(&refused.stdout), "", "{words:?}");
    }
    assert_eq!(phone.ok(&["show", "visits"]), Vec::<Value>::new());
    assert_eq!(phone.ok(&["show", "waiting"]).len(), 1, "nothing half is kept");
    let stranger = site.device("stranger");
    assert_eq!(stranger.run(&["sync"], "").status.code(), Some(2));
    let wrong = stranger.run(
        &[
            "enrol",
            "--server",
            &site.origin(),
            "--user",
            "zhao",
            "--password-stdin",
        ],
        "another-one",
    );
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    let no_scheme = stranger.run(
        &[
            "enrol",
            "--server",
            "localhost",
            "--user",
            "zhao",
            "--password-stdin",
        ],
        PASSWORD,
    );
    assert_eq!(no_scheme.status.code(), Some(2), "{no_scheme:?}");
}

#[test]
fn without_a_server_the_work_is_kept_and_goes_out_when_it_is_back() {
    let mut site = site();
    let phone = site.enrolled("phone", "zhao");
    site.stop();
    a_household(&phone, "3-2-501");
    phone.ok(&[
        "visit",
        "--door",
        "3-2-501",
        "--outcome",
        "met",
        "--note",
        "地下室",
    ]);
    let offline = phone.run(&["sync"], "");
    assert_eq!(offline.status.code(), Some(1), "{offline:?}");
    let state = lines(&offline.stdout);
    assert_eq!(
        (&state[0]["phase"], &state[0]["waiting_operations"]),
        (&"Offline".into(), &2.into())
    );
    site.start();
    phone.ok(&["sync"]);
    assert_eq!(phone.ok(&["show", "waiting"]), Vec::<Value>::new());
    assert!(site.koumen(&["check"], "").contains("2 operations"));
}

#[test]
fn two_programs_never_work_in_one_folder_at_once() {
    let site = site();
    let phone = site.enrolled("phone", "zhao");
    let lock = fs::File::create(phone.folder.join("device.lock")).unwrap();
    lock.lock().unwrap();
    let second = phone.run(&["show", "status"], "");
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second.stderr).contains("another koumen-device"),
        "{second:?}"
    );
    drop(lock);
    phone.ok(&["show", "status"]);
}

#[test]
fn a_revoked_device_is_sealed_in_its_files_until_its_worker_enrols_again() {
    let site = site();
    let phone = site.enrolled("phone", "zhao");
    a_household(&phone, "3-2-501");
    phone.ok(&["sync"]);
    let note = "撤销以前写的";
    phone.ok(&["visit", "--door", "3-2-501", "--outcome", "met", "--note", note]);
    let readable = || holds(&phone.folder, note);
    assert!(readable());
    let id = phone.ok(&["show", "status"])[0]["device"]
        .as_str()
        .unwrap()
        .to_owned();
    site.koumen(&["device", "revoke", &id], "");
    let refused = phone.run(&["sync"], "");
    assert!(!refused.status.success());
    assert!(
        text(&refused.stderr).contains("run `enrol` again"),
        "{}",
        text(&refused.stderr)
    );
    let shown = phone.ok(&["show", "status"]);
    assert_eq!(
        (&shown[0]["worker"], &shown[0]["sealed"]["operations"]),
        (&Value::Null, &Value::from(1))
    );
    assert!(!readable());
    assert_eq!(phone.ok(&["show", "visits"]), Vec::<Value>::new());
    phone.enrol("zhao");
    assert!(readable());
    assert_eq!(phone.ok(&["sync"])[0]["waiting_operations"], 0);
    let office = site.enrolled("office", "qian");
    office.ok(&["sync"]);
    assert_eq!(office.notes(), [note]);
}

#[test]
fn a_damaged_file_is_put_right_from_the_server_and_says_so() {
    let mut site = site();
    let phone = site.enrolled("phone", "zhao");
    let office = site.enrolled("office", "qian");
    a_household(&phone, "3-2-501");
    phone.ok(&["visit", "--door", "3-2-501", "--outcome", "met", "--note", "原话"]);
    for device in [&phone, &office] {
        device.ok(&["sync"]);
        assert_eq!(device.ok(&["show", "status"])[0]["verified_at"], 0);
        let verified = device.ok(&["verify"]);
        assert_eq!(verified[0]["areas"], serde_json::json!([COMMUNITY]));
        assert_eq!(
            (&verified[0]["repaired"], &verified[0]["differing"]),
            (&0.into(), &0.into())
        );
    }
    for device in [&phone, &office] {
        let file = rusqlite::Connection::open(device.folder.join("replica.sqlite")).unwrap();
        assert_eq!(file.execute("UPDATE visit SET note = '别的话'", []).unwrap(), 1);
        drop(file);
        device.ok(&["sync"]);
        assert_eq!(
            device.notes(),
            ["别的话"],
            "the control: an ordinary sync does not look"
        );
        assert_eq!(device.ok(&["verify"])[0]["repaired"], 1);
        assert_eq!(device.notes(), ["原话"]);
        let status = device.ok(&["show", "status"]);
        assert_eq!(
            (&status[0]["repaired"], &status[0]["differing"]),
            (&1.into(), &0.into())
        );
        assert_ne!(status[0]["verified_at"], 0);
    }
    site.stop();
    let offline = phone.run(&["verify"], "");
    assert_eq!(offline.status.code(), Some(1));
    assert!(text(&offline.stderr).contains("no connection"), "{offline:?}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_read_is_refused_with_the_command_that_closes_it() {
    use std::os::unix::fs::PermissionsExt;
    let site = site();
    let phone = site.enrolled("phone", "zhao");
    let folder = phone.folder.clone();
    let mode = || fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o700);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
    let refused = phone.run(&["show", "visits"], "");
    let said = text(&refused.stderr);
    assert!(!refused.status.success(), "{refused:?}");
    assert!(
        said.contains(&format!("chmod -R go= '{}'", folder.display())),
        "{said}"
    );
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    phone.ok(&["show", "visits"]);
}
