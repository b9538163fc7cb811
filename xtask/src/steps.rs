//! Runs the steps of a test run one after the other, shows them, and counts what they report.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result};

use crate::toolchain::{say, show};

/// How many checks passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Checks that passed.
    pub(crate) passed: u64,
    /// Checks that failed.
    pub(crate) failed: u64,
}

impl Counts {
    /// Reads one line of output: cargo's `test result:` line, or `N passed, N failed` alone on a line.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let plain = without_colours(line);
        let counts = match plain.trim().strip_prefix("test result:") {
            Some(rest) => rest.split_once('.').map(|(_, counts)| counts)?,
            None => plain.trim(),
        };
        let mut numbers = counts.split([';', ',']).map(str::trim);
        let passed = numbers.next()?.strip_suffix(" passed")?.parse().ok()?;
        let failed = numbers.next()?.strip_suffix(" failed")?.parse().ok()?;
        Some(Self { passed, failed })
    }
}

/// Removes terminal colour codes.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, code)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = code.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    total: Counts,
    broken: Vec<String>,
}

impl Steps {
    /// Does one step; a step that fails without counting anything counts as one failed check.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Counts>) -> bool {
        say(format!("== {name}"));
        let start = Instant::now();
        let (counts, error) = match work() {
            Ok(counts) => (counts, None),
            Err(error) => (Counts::default(), Some(error)),
        };
        self.total.passed += counts.passed;
        self.total.failed += counts.failed;
        let seconds = start.elapsed().as_secs();
        match error {
            None if counts.failed == 0 => {
                say(format!("== {name}: good, {seconds} s"));
                return true;
            }
            None => say(format!("== {name}: FAILED, {seconds} s")),
            Some(error) => {
                self.total.failed += 1;
                say(format!("== {name}: FAILED, {seconds} s: {error:#}"));
            }
        }
        self.broken.push(name.to_owned());
        false
    }

    /// Says what failed and prints the closing line; true when all is well.
    pub(crate) fn close(&self) -> bool {
        if !self.broken.is_empty() {
            say(format!("failed: {}", self.broken.join(", ")));
        }
        let Counts { passed, failed } = self.total;
        println!("{passed} passed, {failed} failed");
        failed == 0 && self.broken.is_empty()
    }
}

/// Runs a command that checks without counting: one check.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn check(command: &mut Command) -> Result<Counts> {
    let shown = show(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start: {shown}"))?;
    let good = u64::from(status.success());
    Ok(Counts {
        passed: good,
        failed: 1 - good,
    })
}

/// Runs a command that reports counts, showing its output while it runs.
///
/// A command that fails although it counted no failure (it did not compile, or it died) adds one.
///
/// # Errors
/// When it cannot be started or read.
pub(crate) fn count(command: &mut Command) -> Result<Counts> {
    let shown = show(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start: {shown}"))?;
    let output = child.stdout.take().context("no output to read")?;
    let mut total = Counts::default();
    let mut stdout = std::io::stdout();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read the output")?;
        let line = String::from_utf8_lossy(&line);
        writeln!(stdout, "{line}").context("cannot write")?;
        if let Some(counts) = Counts::of_line(&line) {
            total.passed += counts.passed;
            total.failed += counts.failed;
        }
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for: {shown}"))?;
    if !status.success() && total.failed == 0 {
        total.failed = 1;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_line(line: &str, expect: Option<(u64, u64)>) {
        let expect = expect.map(|(passed, failed)| Counts { passed, failed });
        assert_eq!(Counts::of_line(line), expect, "{line:?}");
    }

    #[test]
    fn counts_are_read_from_cargo_and_from_node() {
        check_line(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s",
            Some((12, 0)),
        );
        check_line("test result: FAILED. 3 passed; 2 failed; 0 ignored", Some((3, 2)));
        check_line(
            "test result: \u{1b}[32mok\u{1b}[0m. 7 passed; 0 failed; 0 ignored",
            Some((7, 0)),
        );
        check_line("41 passed, 1 failed", Some((41, 1)));
        check_line("  41 passed, 1 failed, 2 skipped", Some((41, 1)));
    }

    #[test]
    fn other_lines_count_nothing() {
        check_line("", None);
        check_line("running 3 tests", None);
        check_line("all passed, none failed", None);
        check_line("story: 3 passed, 0 failed", None);
        check_line("test result:", None);
        check_line("\u{1b}", None);
    }

    #[test]
    fn a_command_that_dies_counts_as_failed() {
        let counts = count(Command::new("sh").args(["-c", "echo '2 passed, 0 failed'; exit 3"])).unwrap();
        assert_eq!(counts, Counts { passed: 2, failed: 1 });
    }

    #[test]
    fn a_failed_step_makes_the_whole_run_fail() {
        let mut steps = Steps::default();
        assert!(steps.step("good", || Ok(Counts { passed: 1, failed: 0 })));
        assert!(steps.close());
        assert!(!steps.step("bad", || anyhow::bail!("no")));
        assert!(!steps.close());
        assert_eq!(steps.total, Counts { passed: 1, failed: 1 });
    }
}
