//! `tokenmint backup`: writes a backup beside the running server, or reads one and says what it holds. Owns the file: a
//! name that is only there once it is whole, its owner's alone. Leaves out what is in it (`service::backup`).

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use model::Timestamp;
use service::backup::{self, Progress, Summary};
use store::Place;

use crate::clock;
use crate::operator::{runtime, terminal};

/// Large reads and writes: a backup is read once, from end to end.
const BUFFER_BYTES: usize = 1024 * 1024;

/// Writes everything in `place` to `file`, reads that back, and says what it holds.
pub fn make(place: &Place, file: &Path) -> Result<(), String> {
    if file.symlink_metadata().is_ok() {
        return Err(format!("`{}` is there already; choose another name", file.display()));
    }
    let written = write(place, file)?;
    let draft = &written.draft;
    let read = read(draft.path(), |input| backup::verify(input, &mut silent))?;
    if read != written.summary {
        return Err(format!(
            "`{}` reads back differently from what was written: check the disk",
            file.display()
        ));
    }
    draft.put_in_place(file).map_err(|error| format!("cannot make `{}`: {error}", file.display()))?;
    let mut text = format!("{} is written and verified\n", file.display());
    text.push_str(&describe(&read, clock::now()));
    text.push_str(&keep_the_key(&read));
    terminal::show(&text);
    Ok(())
}

/// Reads a backup to its end and says what it holds.
pub fn verify(file: &Path) -> Result<(), String> {
    let summary = read(file, |input| backup::verify(input, &mut tell))?;
    let text = format!("{} is whole\n{}", file.display(), describe(&summary, clock::now()));
    terminal::show(&terminal::plain_lines(&(text + &keep_the_key(&summary))));
    Ok(())
}

struct Written {
    draft: Draft,
    summary: Summary,
}

fn write(place: &Place, file: &Path) -> Result<Written, String> {
    let failed = |error: std::io::Error| format!("cannot write `{}`: {error}", file.display());
    let (draft, out) = Draft::create(file).map_err(failed)?;
    let out = BufWriter::with_capacity(BUFFER_BYTES, out);
    let release = env!("CARGO_PKG_VERSION");
    let copied =
        runtime::current_thread()?.block_on(backup::write(place, out, release, &mut tell, clock::now()));
    let (out, summary) = copied.map_err(|error| crate::error::with_causes(&error))?;
    let out = out.into_inner().map_err(|error| failed(error.into_error()))?;
    out.sync_all().map_err(failed)?;
    Ok(Written { draft, summary })
}

/// A file that is not whole yet. It goes if it does not become so.
struct Draft(PathBuf);

impl Draft {
    fn create(file: &Path) -> std::io::Result<(Self, File)> {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = file.with_file_name(name);
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok((Self(path), opened))
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn put_in_place(&self, file: &Path) -> std::io::Result<()> {
        fs::rename(&self.0, file)?;
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or_else(|| Path::new(".")))?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already where it was put in place.
        let _ = fs::remove_file(&self.0);
    }
}

/// Opens a backup and reads it; an error names the file.
pub(super) fn read<T>(
    file: &Path,
    with: impl FnOnce(BufReader<File>) -> Result<T, backup::Damage>,
) -> Result<T, String> {
    let shown = file.display();
    let opened = File::open(file).map_err(|error| format!("cannot read the backup `{shown}`: {error}"))?;
    with(BufReader::with_capacity(BUFFER_BYTES, opened))
        .map_err(|damage| terminal::plain(&format!("the backup `{shown}` cannot be used: {damage}")))
}

/// What a backup holds, for a person.
pub(super) fn describe(summary: &Summary, now: Timestamp) -> String {
    let (header, created) = (&summary.header, summary.created());
    let mut text = format!(
        "  made     {created}, {} ago, by release {}\n  holds    {} rows in {} tables, {} bytes, schema {}\n",
        age(created, now),
        header.release,
        summary.rows(),
        summary.sections.len(),
        summary.bytes,
        header.schema,
    );
    for (org, revision) in &header.orgs {
        let _ = writeln!(text, "  org      {org}, configuration revision {revision}");
    }
    text
}

/// Which master key goes with a backup.
fn keep_the_key(summary: &Summary) -> String {
    if summary.keys.is_empty() {
        return "  key      none: nothing in it is sealed\n".to_owned();
    }
    format!(
        "  key      {}: the id of the master key that its secrets are sealed under\n\
         The master key is not in it, and without that key it cannot be served from. Keep a copy of the key (the file\n\
         master.key in the data directory, or the key that you give to serve) in another place than this file: who has\n\
         both has every secret.\n",
        summary.keys.join(", ")
    )
}

/// How long ago, in the largest unit that says something.
pub(super) fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = (now.seconds() - then.seconds()).max(0);
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Says on stderr how far it has come.
pub(super) fn tell(progress: Progress) {
    let Progress { table, rows, done } = progress;
    if rows == 0 {
        return;
    }
    let more = if done { "" } else { " …" };
    terminal::say(&format!("{table}: {rows} rows{more}"));
}

fn silent(_: Progress) {}
