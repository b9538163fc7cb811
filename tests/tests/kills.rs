//! Real processes are killed (SIGKILL) at random instants: a device while it records (F1), and a device and its
//! server while they synchronise (F1, F2). What was acknowledged is there afterwards, in value.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sync_server::chance::Chance;
use sync_server::testing::SeededChance;
use tests::processes::{COMMUNITY, Device, Programs, Site, copy_folder};

const PROGRAMS: Programs = Programs {
    server: env!("CARGO_BIN_EXE_koumen-server-under-test"),
    device: env!("CARGO_BIN_EXE_koumen-device-under-test"),
};
/// How many kills the ordinary run makes; `KOUMEN_TRIES` says otherwise.
const TRIES: u64 = 30;
/// The longest that a process lives.
const LIFE_US_MAX: u64 = 80_000;

fn tries() -> u64 {
    std::env::var("KOUMEN_TRIES")
        .ok()
        .and_then(|tries| tries.parse().ok())
        .unwrap_or(TRIES)
}

/// Lives for a random time, then is killed.
fn live_and_die(mut child: Child, chance: &SeededChance) {
    let mut life = [0; 8];
    chance.fill(&mut life);
    thread::sleep(Duration::from_micros(u64::from_le_bytes(life) % LIFE_US_MAX));
    // It may have come to its end by itself.
    let _ = child.kill();
    child.wait().unwrap();
}

fn a_site() -> (Site, Device) {
    let mut site = Site::new(PROGRAMS);
    site.add_user("zhao", "member");
    site.add_user("qian", "supervisor");
    site.start();
    let phone = site.enrolled("phone", "zhao");
    phone.ok(&["household", "--area", COMMUNITY, "--door", "3-2-501"]);
    (site, phone)
}

/// Ids that a device printed after they were durable; a line that was cut by the kill acknowledges nothing.
fn acknowledged(child: &mut Child) -> thread::JoinHandle<Vec<String>> {
    let out = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        let id = |line: &str| -> Option<String> {
            let value: Value = serde_json::from_str(line).ok()?;
            value.get("visit")?.as_str().map(str::to_owned)
        };
        out.lines()
            .map_while(Result::ok)
            .filter_map(|line| id(&line))
            .collect()
    })
}

fn shown(device: &Device) -> BTreeSet<String> {
    let visits = device.ok(&["show", "visits"]);
    let id = |visit: &Value| visit.get("visit").and_then(Value::as_str).map(str::to_owned);
    visits.iter().filter_map(id).collect()
}

#[test]
fn a_device_killed_while_it_records_keeps_what_it_acknowledged() {
    let (site, phone) = a_site();
    let chance = SeededChance::new(1);
    let (mut saved, mut killed_while_saving) = (BTreeSet::new(), 0);
    let tries = tries();
    for number in 0..tries {
        let note = format!("第{number}轮");
        let words = [
            "visit",
            "--door",
            "3-2-501",
            "--outcome",
            "met",
            "--note",
            &note,
            "--repeat",
            "100000",
        ];
        let mut child = phone.command(&words).stdout(Stdio::piped()).spawn().unwrap();
        let told = acknowledged(&mut child);
        live_and_die(child, &chance);
        let told = told.join().unwrap();
        killed_while_saving += u64::from(!told.is_empty());
        saved.extend(told);
        if number == tries / 2 {
            copy_folder(&phone.folder, &site.path("half-way"));
        }
    }
    let here = shown(&phone);
    let lost = saved.difference(&here).count();
    // Whole or absent: every record that is there has its operation, and the chain over all of them is one.
    let waiting = phone.ok(&["show", "status"])[0]["waiting_operations"]
        .as_u64()
        .unwrap();
    assert_eq!(waiting, here.len() as u64 + 1);
    phone.ok(&["sync"]);
    let office = site.enrolled("office", "qian");
    office.ok(&["sync"]);
    assert_eq!(shown(&office), here);
    println!(
        "device killed while recording (F1): {tries} tries / {lost} lost; {} saved, {killed_while_saving} kills between two saves",
        saved.len()
    );
    assert_eq!(lost, 0);
    assert!(
        killed_while_saving > tries / 4,
        "the kills came while it recorded"
    );
    // The control: a copy from half way lacks what came after, and this check sees it.
    let mut older = site.device("half-way");
    older.folder = site.path("half-way");
    assert!(saved.difference(&shown(&older)).count() > 0);
}

#[test]
fn a_device_killed_while_it_synchronises_sends_everything_once() {
    let (site, phone) = a_site();
    let chance = SeededChance::new(2);
    let tries = tries();
    let mut saved = BTreeSet::new();
    for number in 0..tries {
        let note = format!("第{number}次");
        let said = phone.ok(&["visit", "--door", "3-2-501", "--outcome", "met", "--note", &note]);
        saved.insert(said[0]["visit"].as_str().unwrap().to_owned());
        let child = phone
            .command(&["sync"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        live_and_die(child.unwrap(), &chance);
    }
    phone.ok(&["sync"]);
    let office = site.enrolled("office", "qian");
    office.ok(&["sync"]);
    let lost = saved.difference(&shown(&office)).count();
    println!("device killed while it synchronises (F1): {tries} tries / {lost} lost");
    assert_eq!((lost, shown(&office).len()), (0, saved.len()));
    assert!(site.koumen(&["check"], "").contains("no damage"));
}

#[test]
fn a_server_killed_while_devices_synchronise_keeps_what_it_receipted() {
    let (mut site, phone) = a_site();
    let chance = SeededChance::new(3);
    let tries = tries();
    let (mut receipted, mut receipts) = (BTreeSet::new(), 0);
    for number in 0..tries {
        site.start();
        let note = format!("第{number}次");
        let said = phone.ok(&["visit", "--door", "3-2-501", "--outcome", "met", "--note", &note]);
        let id = said[0]["visit"].as_str().unwrap().to_owned();
        let mut sync = phone
            .command(&["sync"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut life = [0; 8];
        chance.fill(&mut life);
        thread::sleep(Duration::from_micros(u64::from_le_bytes(life) % LIFE_US_MAX));
        site.stop();
        sync.wait().unwrap();
        let status = phone.ok(&["show", "status"]);
        if status[0]["waiting_operations"] == 0 {
            receipts += 1;
            receipted.insert(id);
            // Everything before is receipted with it.
            receipted.extend(shown(&phone));
        }
        if number == tries / 2 {
            copy_folder(&site.data(), &site.path("half-way"));
        }
    }
    site.start();
    let fresh = site.enrolled("fresh", "qian");
    fresh.ok(&["sync"]);
    let lost = receipted.difference(&shown(&fresh)).count();
    phone.ok(&["sync"]);
    fresh.ok(&["sync"]);
    assert_eq!(shown(&fresh), shown(&phone));
    println!(
        "server killed while a device synchronises (F2): {tries} tries / {lost} lost; {receipts} receipts"
    );
    assert_eq!(lost, 0);
    assert!(
        receipts > 0 && receipts < tries,
        "some syncs were cut, some not: {receipts}"
    );
    site.stop();
    // The control: a data folder from half way lacks what came after.
    fs::remove_dir_all(site.data()).unwrap();
    copy_folder(&site.path("half-way"), &site.data());
    site.start();
    let control = site.enrolled("control", "qian");
    control.ok(&["sync"]);
    assert!(receipted.difference(&shown(&control)).count() > 0);
}
