//! Writes a history down while it happens: in memory for the checker, and in a file for whoever looks at it later.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bench::clock;

use crate::history::{Act, Call, Entry, History, Outcome};

/// The recorder of one run. Every thread of the driver writes to it.
#[derive(Debug)]
pub struct Recorder {
    begun: Instant,
    path: PathBuf,
    lines: Mutex<Lines>,
}

#[derive(Debug)]
struct Lines {
    file: BufWriter<File>,
    entries: Vec<Entry>,
}

impl Recorder {
    /// Begins a history in `path`.
    pub fn begin(path: &Path, row: u8, seed: u64) -> Result<Self, String> {
        let file = File::create(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
        let lines = Lines { file: BufWriter::new(file), entries: Vec::new() };
        let recorder = Self { begun: clock::now(), path: path.to_owned(), lines: Mutex::new(lines) };
        recorder.add(Entry::Run { row, seed });
        Ok(recorder)
    }

    /// The time of the run.
    pub fn now(&self) -> u64 {
        clock::micros(self.begun.elapsed())
    }

    /// Where the history is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line.
    pub fn add(&self, entry: Entry) {
        let mut lines = self.lines();
        // A history that cannot be written is still judged: the file is for people.
        if let Ok(text) = serde_json::to_string(&entry) {
            let _ = writeln!(lines.file, "{text}");
        }
        lines.entries.push(entry);
    }

    /// Adds a call that ends now.
    pub fn call(&self, start: u64, node: usize, act: Act, outcome: Outcome) {
        self.add(Entry::Call(Call { start, end: self.now(), node, act, outcome }));
    }

    /// Adds a fault that is over now.
    pub fn fault(&self, what: impl Into<String>, start: u64) {
        self.add(Entry::Fault { what: what.into(), start, end: self.now() });
    }

    /// Everything so far.
    pub fn history(&self) -> History {
        let mut lines = self.lines();
        let _ = lines.file.flush();
        History::of(lines.entries.iter().cloned())
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
