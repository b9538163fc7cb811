//! The lines that are never crossed, held against schema, API and screens (`docs/lines.md`).

use std::fs;
use std::path::{Path, PathBuf};

use shared::domain::need::Need;
use shared::domain::schema::kinds;
use sync_server::testing::TestServer;

/// Words of which each would be a line crossed, in code and in Chinese.
const FORBIDDEN: &[&str] = &[
    "check_in",
    "checkin",
    "check-in",
    "attendance",
    "punch_card",
    "route_track",
    "tracking",
    "trajectory",
    "geolocation",
    "ranking",
    "leaderboard",
    "score",
    "points",
    "time_online",
    "online_time",
    "duration",
    "ethnic",
    "nationality",
    "religio",
    "political",
    "party_member",
    "identity_number",
    "id_card",
    "identity_card",
    "risk",
    "key_person",
    "petition",
    "criminal",
    "face_",
    "打卡",
    "签到",
    "考勤",
    "轨迹",
    "排名",
    "排行",
    "积分",
    "得分",
    "在线时长",
    "民族",
    "宗教",
    "政治面貌",
    "党员",
    "身份证",
    "重点人",
    "风险",
    "信访",
    "上访",
    "前科",
    "人脸",
];

/// Sentences that say the line itself.
const KEYS_THAT_SAY_THE_LINE: &[&str] = &["about-lines", "invalid-text-identity-number"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn crossed(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    FORBIDDEN
        .iter()
        .copied()
        .filter(|word| text.contains(word))
        .collect()
}

fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("the folder is there") {
        let path = entry.expect("the folder is read").path();
        if path.extension().is_some_and(|extension| extension == ending) {
            let text = fs::read_to_string(&path).expect("the file is read");
            found.push((path, text));
        }
    }
    assert!(!found.is_empty(), "{folder} has no .{ending} file");
    found
}

#[test]
fn the_check_finds_a_crossed_line() {
    assert_eq!(crossed("CREATE TABLE visit (check_in_at INTEGER)"), ["check_in"]);
    assert_eq!(crossed("本月走访排名"), ["排名"]);
    assert_eq!(crossed("ranking of workers"), ["ranking"]);
    assert!(crossed("started_at, note, promise_due").is_empty());
}

#[test]
fn no_record_has_a_field_for_it() {
    for kind in kinds() {
        for field in kind.fields {
            assert_eq!(crossed(field.name), [""; 0], "{}.{}", kind.name, field.name);
        }
    }
    for need in Need::ALL {
        assert_eq!(crossed(need.code()), [""; 0]);
    }
}

#[test]
fn no_table_has_a_column_for_it() {
    let migrations = files("app/replica/src/storage/migrations", "sql").into_iter();
    for (path, sql) in migrations.chain(files("sync-server/migrations/sqlite", "sql")) {
        assert_eq!(crossed(&sql), [""; 0], "{}", path.display());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn no_route_speaks_of_it() {
    let server = TestServer::start().await;
    let answer = server.get("/openapi.json", None).await;
    let described = String::from_utf8(answer.body.to_vec()).expect("the description is text");
    assert!(
        described.contains("/v1/session"),
        "the description describes the routes"
    );
    assert_eq!(crossed(&described), [""; 0]);
}

#[test]
fn no_screen_says_it() {
    for (path, texts) in files("assets/i18n", "ftl") {
        let lines = texts.lines().filter(|line| !line.trim_start().starts_with('#'));
        for line in lines.filter(|line| !KEYS_THAT_SAY_THE_LINE.iter().any(|key| line.starts_with(key))) {
            assert_eq!(crossed(line), [""; 0], "{}: {line}", path.display());
        }
    }
}

#[test]
fn nothing_on_a_screen_asks_for_a_position_or_another_host() {
    let policy = files("assets/pwa", "html");
    for (path, page) in policy {
        assert!(
            !page.contains("http://") && !page.contains("https://"),
            "{}",
            path.display()
        );
    }
    for (path, styles) in files("assets/styles", "css") {
        assert!(
            !styles.contains("url(http") && !styles.contains("@import"),
            "{}",
            path.display()
        );
    }
}
