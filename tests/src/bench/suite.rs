//! Every figure of the sync in one run, each with its bar.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::server::Failure;

/// A figure's bars: `(key of the line, at most, at least)`.
type Bars = &'static [(&'static str, Option<f64>, Option<f64>)];

const PUSH: Bars = &[
    ("cpu_ratio", Some(3.0), None),
    ("records_per_s", None, Some(12_000.0)),
    ("bytes_per_record", Some(240.0), None),
    ("requests", Some(2.0), None),
];
const CREATE: Bars = &[
    ("create_cpu_ratio", Some(2.0), None),
    ("waiting_size_ratio", Some(2.2), None),
    ("receipted_size_ratio", Some(1.3), None),
];
const PULL: Bars = &[
    ("cpu_ratio", Some(2.5), None),
    ("bytes_per_record", Some(230.0), None),
    ("client_peak_bytes", Some(64.0 * 1024.0 * 1024.0), None),
];
const EDIT: Bars = &[
    ("requests", Some(1.0), None),
    ("bytes_per_record", Some(40.0), None),
    ("cpu_ms", Some(10.0), None),
];
const NOOP: Bars = &[("requests", Some(1.0), None), ("bytes", Some(300.0), None)];

/// Two devices with other fields of the same 1,000 records.
const PAIR: Bars = &[
    ("lost", Some(0.0), None),
    ("diverged", Some(0.0), None),
    ("bytes", Some(72_000.0), None),
];
/// Two devices with the same field of 1,000 records: on each of them one value lost, and is seen.
const PAIR_SAME: Bars = &[
    ("lost", Some(0.0), None),
    ("diverged", Some(0.0), None),
    ("losers_visible", Some(2_000.0), Some(2_000.0)),
];

const READS: Bars = &[("p95_ms", Some(50.0), None)];

const CROWD: Bars = &[
    ("failed", Some(0.0), None),
    ("records", Some(10_000.0), Some(10_000.0)),
];

/// Runs everything; `program` is this one. Returns how many bars were missed.
///
/// # Errors
/// When a process cannot be started or does not answer as it should.
pub fn run(program: &Path) -> Result<u32, Failure> {
    let folder = tempfile::tempdir()?;
    let mut missed = 0;
    let mut suite = Suite {
        program,
        folder: folder.path().to_path_buf(),
        database: None,
        missed: &mut missed,
    };
    let server = suite.serve("ten-thousand")?;
    suite.report("push 10,000", &server, "push", &["--count", "10000"], "a", PUSH)?;
    suite.report(
        "first sync after the initial pull",
        &server,
        "noop",
        &[],
        "a",
        NOOP,
    )?;
    drop(server);
    for (records, name) in [(1_000, "1000"), (50_000, "50000")] {
        let server = suite.serve(name)?;
        let count = records.to_string();
        let bars: Bars = if records == 50_000 { CREATE } else { &[] };
        suite.report(
            &format!("record {count} and push"),
            &server,
            "push",
            &["--count", &count],
            name,
            bars,
        )?;
        suite.report(
            &format!("prepare segments of {count}"),
            &server,
            "prepare",
            &["--count", &count],
            name,
            &[],
        )?;
        let fresh = format!("{name}-fresh");
        let bars: Bars = if records == 50_000 { PULL } else { &[] };
        suite.report(&format!("pull {count}"), &server, "pull", &[], &fresh, bars)?;
        let edits = ["--records", "60", "--fields", "100"];
        suite.report(
            &format!("edit 100 fields beside {count}"),
            &server,
            "edit",
            &edits,
            &fresh,
            EDIT,
        )?;
        suite.report("nothing to do", &server, "noop", &[], &fresh, NOOP)?;
        if records == 50_000 {
            suite.report(
                "local reads during a pull of 50000",
                &server,
                "reads",
                &["--times", "4"],
                "reads",
                READS,
            )?;
        }
    }
    suite.pair()?;
    let server = suite.serve_crowd("crowd", 500)?;
    suite.report(
        "500 devices with 20 visits each at once",
        &server,
        "crowd",
        &["--devices", "500", "--each", "20"],
        "crowd",
        CROWD,
    )?;
    drop(server);
    suite.beside_half_a_million()?;
    Ok(missed)
}

/// The same servers on SQLite and on PostgreSQL, both durable, one after the other. There are no bars.
///
/// # Errors
/// When a process cannot be started or does not answer as it should.
#[cfg(unix)]
pub async fn run_on_postgres(program: &Path) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let postgres = sync_server::testing::TestPostgres::start(&[]);
    let mut missed = 0;
    for name in ["SQLite", "PostgreSQL"] {
        let mut suite = Suite {
            program,
            folder: folder.path().join(name),
            database: None,
            missed: &mut missed,
        };
        let on_postgres = name == "PostgreSQL";
        let is_new = || async {
            match on_postgres {
                true => Some(postgres.database().await),
                false => None,
            }
        };
        suite.database = is_new().await;
        let server = suite.serve("many")?;
        let count = ["--count", "50000"];
        suite.report(
            &format!("{name}: record 50000 and push"),
            &server,
            "push",
            &count,
            "a",
            &[],
        )?;
        let beside = ["--beside", "no"];
        suite.report(&format!("{name}: pull 50000"), &server, "pull", &beside, "b", &[])?;
        let edits = ["--records", "60", "--fields", "100"];
        suite.report(
            &format!("{name}: edit 100 fields"),
            &server,
            "edit",
            &edits,
            "b",
            &[],
        )?;
        suite.report(&format!("{name}: nothing to do"), &server, "noop", &[], "b", &[])?;
        drop(server);
        suite.database = is_new().await;
        let server = suite.serve_crowd("crowd", 500)?;
        let title = format!("{name}: 500 devices with 20 visits each at once");
        let crowd = ["--devices", "500", "--each", "20"];
        suite.report(&title, &server, "crowd", &crowd, "crowd", CROWD)?;
    }
    match missed {
        0 => Ok(()),
        missed => Err(format!("{missed} figures of the crowd are not as they should be").into()),
    }
}

struct Suite<'a> {
    program: &'a Path,
    folder: PathBuf,
    /// The PostgreSQL of the servers, if it is not SQLite.
    database: Option<String>,
    missed: &'a mut u32,
}

/// A server process; ended when it is dropped.
struct Server {
    child: Child,
    origin: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is to be done then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Suite<'_> {
    fn pair(&mut self) -> Result<(), Failure> {
        let server = self.serve("pair")?;
        let count = ["--count", "1000"];
        self.report("record 1000 and push", &server, "push", &count, "pair-first", &[])?;
        for (edits, bars) in [("different", PAIR), ("same", PAIR_SAME)] {
            let title = format!("two devices edit 1000 records, {edits} field");
            let options = ["--records", "1000", "--edits", edits];
            let line = self.report(&title, &server, "pair", &options, "pair", bars)?;
            match number(&line, "lost") {
                Some(0.0) => {}
                lost => return Err(format!("{title}: {} edits are lost", lost.unwrap_or(f64::NAN)).into()),
            }
        }
        Ok(())
    }

    /// What an edit costs does not depend on what lies beside it.
    fn beside_half_a_million(&mut self) -> Result<(), Failure> {
        let server = self.serve("500000")?;
        let count = ["--count", "500000"];
        self.report("record 500000 and push", &server, "fill", &count, "500000", &[])?;
        let (fresh, title) = ("500000-fresh", "edit 100 fields beside 500000");
        self.report("pull 500000", &server, "pull", &["--beside", "no"], fresh, &[])?;
        let edits = ["--records", "60", "--fields", "100"];
        self.report(title, &server, "edit", &edits, fresh, EDIT)?;
        self.report("nothing to do", &server, "noop", &[], fresh, NOOP)?;
        Ok(())
    }

    fn serve(&self, name: &str) -> Result<Server, Failure> {
        self.serve_crowd(name, 0)
    }

    fn serve_crowd(&self, name: &str, crowd: u64) -> Result<Server, Failure> {
        // A free port: asked of the system, given back, and taken by the server at once.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(self.program);
        if let Some(address) = &self.database {
            command.env("KOUMEN_DATABASE", address);
        }
        let child = command
            .args(["serve", "--port", &port.to_string()])
            .args(["--crowd", &crowd.to_string(), "--dir"])
            .arg(self.folder.join(format!("server-{name}")))
            .stdout(Stdio::piped())
            .spawn()?;
        let mut server = Server {
            child,
            origin: format!("http://127.0.0.1:{port}"),
        };
        let output = server.child.stdout.take().ok_or("the server has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        match line.trim() {
            "ready" => Ok(server),
            other => Err(format!("the server said {other:?}").into()),
        }
    }

    fn report(
        &mut self,
        title: &str,
        server: &Server,
        command: &str,
        options: &[&str],
        device: &str,
        bars: Bars,
    ) -> Result<Value, Failure> {
        let output = Command::new(self.program)
            .args([command, "--server", &server.origin, "--dir"])
            .arg(self.folder.join(device))
            .args(options)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("{title}: {command} failed").into());
        }
        let mut line: Value = serde_json::from_slice(&output.stdout)?;
        let sum = |line: &Value, keys: [&str; 2]| {
            let [one, other] = keys.map(|key| number(line, key));
            Some(one? + other?)
        };
        let bytes = sum(&line, ["sent_bytes", "received_bytes"]);
        let cpu_s = sum(&line, ["client_cpu_s", "server_cpu_s"]);
        let mut bad = Vec::new();
        if let Some(object) = line.as_object_mut() {
            object.insert("title".to_owned(), json!(title));
            object.extend(bytes.map(|bytes| ("bytes".to_owned(), json!(bytes))));
            object.extend(cpu_s.map(|cpu_s| ("cpu_ms".to_owned(), json!(cpu_s * 1_000.0))));
        }
        for (key, at_most, at_least) in bars {
            let value = number(&line, key).ok_or_else(|| format!("{title}: there is no {key}"))?;
            let good = at_most.is_none_or(|bar| value <= bar) && at_least.is_none_or(|bar| value >= bar);
            if !good {
                bad.push(format!(
                    "{key} {value:.2}, bar {}",
                    at_most.or(*at_least).unwrap_or(0.0)
                ));
            }
        }
        *self.missed += u32::try_from(bad.len()).unwrap_or(u32::MAX);
        if let Some(object) = line.as_object_mut() {
            object.insert("missed".to_owned(), json!(bad));
        }
        println!("{line}");
        Ok(line)
    }
}

fn number(line: &Value, key: &str) -> Option<f64> {
    line.get(key).and_then(Value::as_f64)
}
