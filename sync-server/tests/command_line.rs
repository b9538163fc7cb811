//! The binary as an operator uses it: accounts, devices, a second server, TLS with its own authority.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const AREAS: &str = "community_code,community,street_code,street,district_code,district,city,province\n\
    130803001001,元宝山社区,130803001,元宝山街道,130803,双滦区,承德市,河北省\n";

fn koumen(data: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koumen-server"));
    command
        .args(words)
        .arg("--data")
        .arg(data)
        .env("KOUMEN_LOG", "warn");
    command
}

fn run(data: &Path, words: &[&str], input: &str) -> Output {
    let mut command = koumen(data, words);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Ends the server when a test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(data: &Path, words: &[&str], port: u16) -> Running {
    let port_word = port.to_string();
    let words = [&["serve", "--port", &port_word], words].concat();
    let running = Running(koumen(data, &words).spawn().unwrap());
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "the server starts");
        thread::sleep(Duration::from_millis(5));
    }
    running
}

fn get(stream: &mut (impl Read + Write), path: &str) -> Vec<u8> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // The end of a TLS stream may come without a farewell; what was read counts.
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn prepared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("areas.csv");
    fs::write(&table, AREAS).unwrap();
    let data = folder.path().join("data");
    let imported = run(&data, &["import", "areas", &table.to_string_lossy()], "");
    assert!(text(&imported.stdout).contains("3 added"), "{imported:?}");
    folder
}

#[test]
fn accounts_are_added_listed_changed_and_removed() {
    let folder = prepared();
    let data = folder.path().join("data");
    let add = |name: &str, area: &str, password: &str| {
        let words = [
            "user",
            "add",
            name,
            "--display",
            "赵敏",
            "--role",
            "member",
            "--area",
            area,
            "--password-stdin",
        ];
        run(&data, &words, password)
    };
    assert!(add("zhao", "130803001001", "koumen-test\n").status.success());
    for (name, area, password, reason) in [
        ("zhao", "130803001001", "koumen-test", "already"),
        ("qian", "130803001009", "koumen-test", "not imported"),
        ("qian", "nowhere", "koumen-test", "area code"),
        ("qian", "130803001001", "short", "at least 8"),
        ("q n", "130803001001", "koumen-test", "without blanks"),
    ] {
        let refused = add(name, area, password);
        assert!(!refused.status.success());
        assert!(text(&refused.stderr).contains(reason), "{refused:?}");
    }
    // One account, however its name is typed; and none whose name hides something.
    for (name, reason) in [
        ("Zhao", "already"),
        ("ｚｈａｏ", "already"),
        ("zh\u{202e}ao", "cannot be seen"),
        ("zh\u{7f}ao", "cannot be seen"),
    ] {
        let refused = add(name, "130803001001", "koumen-test");
        assert!(text(&refused.stderr).contains(reason), "{name:?}: {refused:?}");
    }
    let listed = run(&data, &["user", "list"], "");
    assert_eq!(text(&listed.stdout), "zhao\t赵敏\tmember\t130803001001\n");
    assert!(
        run(&data, &["user", "areas", "zhao", "--area", "130803001"], "")
            .status
            .success()
    );
    assert!(
        run(
            &data,
            &["user", "password", "Zhao", "--password-stdin"],
            "another-one"
        )
        .status
        .success()
    );
    assert!(run(&data, &["user", "remove", "zhao"], "").status.success());
    assert!(!run(&data, &["user", "remove", "zhao"], "").status.success());
    let checked = run(&data, &["check"], "");
    assert!(
        checked.status.success() && text(&checked.stdout).contains("no damage"),
        "{checked:?}"
    );
}

#[test]
fn who_works_for_a_unit_is_given_it_by_its_id() {
    let folder = prepared();
    let data = folder.path().join("data");
    assert_eq!(
        text(&run(&data, &["units"], "").stdout),
        "",
        "nobody has entered one"
    );
    let unit = "0197 8a2e 55c1 7c4d 9aab cdef 0123 4567".replace(' ', "");
    let add = |role: &str, place: [&str; 2]| {
        let words = ["user", "add", "wu", "--display", "吴工", "--role", role];
        let words = [&words[..], &place, &["--password-stdin"]].concat();
        run(&data, &words, "koumen-test\n")
    };
    let refused = add("responder", ["--unit", &unit]);
    assert!(text(&refused.stderr).contains("no such unit"), "{refused:?}");
    let refused = add("member", ["--area", "uabcdef01234567"]);
    assert!(text(&refused.stderr).contains("no such unit"), "{refused:?}");
    let refused = add("responder", ["--unit", "property"]);
    assert!(!refused.status.success());
}

#[test]
fn no_password_is_the_name_of_the_account_or_of_who_has_it() {
    let folder = prepared();
    let data = folder.path().join("data");
    let words = [
        "user",
        "add",
        "ouyang",
        "--display",
        "欧阳建国",
        "--role",
        "member",
    ];
    let words = [&words[..], &["--area", "130803001001", "--password-stdin"]].concat();
    for password in ["欧阳建国2024", "ouyang2024"] {
        let refused = run(&data, &words, password);
        assert!(text(&refused.stderr).contains("too easy to guess"), "{refused:?}");
    }
    assert!(run(&data, &words, "koumen-test").status.success());
    let set = |password| {
        run(
            &data,
            &["user", "password", "ouyang", "--password-stdin"],
            password,
        )
    };
    for password in ["欧阳建国2024", "ouyang2024"] {
        let refused = set(password);
        assert!(text(&refused.stderr).contains("too easy to guess"), "{refused:?}");
    }
    assert!(set("another-one").status.success());
}

/// A folder with something in it, which others can read.
#[cfg(unix)]
fn open_folder(at: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(at).unwrap();
    fs::write(at.join("something"), "").unwrap();
    fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_read_is_refused_by_the_program_and_what_it_makes_is_closed() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = prepared();
    let data = folder.path().join("data");
    assert_eq!(mode(&data) & 0o077, 0);
    assert_eq!(mode(&data.join("koumen.sqlite")) & 0o077, 0);
    // The copy of photos beside the data, the data itself, and a data folder that is begun.
    let photos = folder.path().join("photos of all");
    open_folder(&photos);
    let begun = folder.path().join("begun");
    open_folder(&begun);
    let beside = photos.to_string_lossy().into_owned();
    let port = free_port().to_string();
    let refused = [
        (
            run(&data, &["serve", "--port", &port, "--photos", &beside], ""),
            &photos,
        ),
        (run(&data, &["check", "--photos", &beside], ""), &photos),
        (run(&begun, &["serve", "--port", &port], ""), &begun),
    ];
    for (refused, named) in refused {
        let said = text(&refused.stderr);
        let command = format!("chmod -R go= '{}'", named.display());
        assert!(
            !refused.status.success() && said.contains(&command),
            "{refused:?}"
        );
    }
    fs::set_permissions(&photos, fs::Permissions::from_mode(0o700)).unwrap();
    let checked = run(&data, &["check", "--photos", &beside], "");
    assert!(checked.status.success(), "{checked:?}");
    let backup = folder.path().join("backup");
    let backed_up = run(
        &data,
        &["backup", &backup.to_string_lossy(), "--photos", &beside],
        "",
    );
    assert!(backed_up.status.success(), "{backed_up:?}");
    assert!(
        text(&backed_up.stdout).contains("keep it like the server"),
        "{backed_up:?}"
    );
    assert_eq!(mode(&backup) & 0o077, 0);
    for entry in fs::read_dir(&backup).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn a_folder_that_is_not_there_is_said_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("mistyped");
    for words in [
        &["check"] as &[&str],
        &["check-receipt"],
        &["user", "list"],
        &["user", "remove", "zhao"],
        &["device", "list"],
        &["backup", "elsewhere"],
    ] {
        let refused = run(&data, words, "");
        assert!(!refused.status.success(), "{words:?}");
        assert!(
            text(&refused.stderr).contains("no database in"),
            "{words:?}: {refused:?}"
        );
        assert!(!data.exists(), "{words:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_no_command() {
    let folder = prepared();
    let data = folder.path().join("data");
    let register = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/registers/register-fuqiang.xlsx"
    );
    for words in [
        &["import", "register", register, "--community", "130803001001"] as &[&str],
        &["check"],
        &["user", "list"],
    ] {
        let mut child = koumen(&data, words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{words:?}: {ended:?}");
        assert!(!text(&ended.stderr).contains("panicked"), "{words:?}: {ended:?}");
    }
    // It was written all the same, and whole.
    let again = run(
        &data,
        &["import", "register", register, "--community", "130803001001"],
        "",
    );
    assert!(text(&again.stdout).contains("共改动 0 条记录"), "{again:?}");
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_not_read_for_ever() {
    let folder = prepared();
    let data = folder.path().join("data");
    for words in [
        &["import", "register", "/dev/zero", "--community", "130803001001"] as &[&str],
        &["import", "areas", "/dev/zero"],
    ] {
        let refused = run(&data, words, "");
        assert!(!refused.status.success());
        assert!(
            text(&refused.stderr).contains("too_large") || text(&refused.stderr).contains("larger"),
            "{refused:?}"
        );
    }
}

#[test]
fn a_start_that_fails_for_another_reason_keeps_the_room_that_is_held_back() {
    let folder = prepared();
    let data = folder.path().join("data");
    fs::write(data.join("reserve"), b"room").unwrap();
    fs::write(data.join("koumen.sqlite"), b"no database").unwrap();
    let failed = run(&data, &["serve", "--port", &free_port().to_string()], "");
    assert!(!failed.status.success(), "{failed:?}");
    assert!(data.join("reserve").is_file(), "{failed:?}");
}

#[test]
fn commands_work_beside_a_server_and_a_second_server_is_refused() {
    let folder = prepared();
    let data = folder.path().join("data");
    let _server = serve(&data, &[], free_port());
    let words = [
        "user",
        "add",
        "sun",
        "--display",
        "孙丽",
        "--role",
        "supervisor",
        "--area",
        "130803001001",
    ];
    let added = run(
        &data,
        &[&words[..], &["--password-stdin"]].concat(),
        "koumen-test",
    );
    assert!(added.status.success(), "{added:?}");
    let second = run(&data, &["serve", "--port", &free_port().to_string()], "");
    assert!(!second.status.success());
    assert!(text(&second.stderr).contains("another server"), "{second:?}");
}

#[test]
fn a_phone_that_installed_the_root_reaches_the_server_by_tls() {
    let folder = prepared();
    let data = folder.path().join("data");
    let (port, tls_port) = (free_port(), free_port());
    let _server = serve(&data, &["--tls-port", &tls_port.to_string()], port);
    let page = text(&get(&mut TcpStream::connect(("127.0.0.1", port)).unwrap(), "/ca"));
    assert!(page.contains(&format!("https://localhost:{tls_port}/")), "{page}");
    assert!(page.contains("安卓手机") && page.contains("iPhone"));
    let answer = get(
        &mut TcpStream::connect(("127.0.0.1", port)).unwrap(),
        "/ca/root.crt",
    );
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let root = CertificateDer::from(answer.get(body..).unwrap().to_vec());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let reach = |roots: RootCertStore, name: &'static str| {
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut connection =
            ClientConnection::new(Arc::new(config), ServerName::try_from(name).unwrap()).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", tls_port)).unwrap();
        connection.complete_io(&mut stream)?;
        Ok::<_, std::io::Error>(text(&get(&mut StreamOwned::new(connection, stream), "/healthz")))
    };
    let mut trusting = RootCertStore::empty();
    trusting.add(root).unwrap();
    for name in ["localhost", "127.0.0.1"] {
        let answer = reach(trusting.clone(), name).unwrap();
        assert!(answer.contains(r#"{"status":"ok"}"#), "{name}");
        // Or the browser would not come to the page about the root over plain HTTP any more.
        assert!(
            !answer.to_lowercase().contains("strict-transport-security"),
            "{answer}"
        );
    }
    assert!(
        reach(trusting, "example.com").is_err(),
        "the certificate is for this machine only"
    );
    assert!(
        reach(RootCertStore::empty(), "localhost").is_err(),
        "without the root nobody trusts it"
    );
}

#[cfg(unix)]
#[test]
fn a_server_that_is_asked_to_stop_ends_well() {
    let folder = prepared();
    let mut server = serve(&folder.path().join("data"), &[], free_port());
    let asked = Command::new("kill")
        .arg(server.0.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    assert!(server.0.wait().unwrap().success());
}
