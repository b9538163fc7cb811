//! Everything that happened, as a hash, and as lines when somebody wants to read them.

use blake3::Hasher;

/// The trace of one world.
#[derive(Debug)]
pub(super) struct Trace {
    hasher: Hasher,
    /// `None`: nobody reads them.
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(super) fn new(told: bool) -> Self {
        Self {
            hasher: Hasher::new(),
            lines: told.then(Vec::new),
        }
    }

    /// Something happened `after_ms` after the beginning.
    pub(super) fn note(&mut self, after_ms: u64, line: impl FnOnce() -> String) {
        let line = line();
        self.hasher.update(&after_ms.to_le_bytes());
        self.hasher.update(line.as_bytes());
        if let Some(lines) = &mut self.lines {
            let (days, ms) = (after_ms / 86_400_000, after_ms % 86_400_000);
            lines.push(format!("day {days:>4} {:>12.3} s  {line}", ms as f64 / 1_000.0));
        }
    }

    /// Bytes that travelled.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
