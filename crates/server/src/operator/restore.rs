//! `tokenmint restore`: puts a backup in the place of a database. Owns the order of the steps and what a person is asked;
//! leaves out how the database is made (`service::backup::restore`).
//!
//! Until the last step nothing has happened to what was there.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::PathBuf;

use jose::KeyRing;
use model::{OrgId, Timestamp};
use service::backup::restore;
use service::backup::undone::{ASSERTIONS_REFUSED, Undone};
use service::backup::{Portrait, Summary};
use service::org_secrets::OrgSecrets;
use store::{CopyError, Place, Staging};

use super::backup::{describe, read, tell};
use super::runtime;
use super::terminal::{plain, plain_lines, say, show};
use crate::clock;
use crate::error::with_causes;
use crate::secret::Secret;

/// What a person said.
pub struct Wanted {
    /// The backup.
    pub file: PathBuf,
    /// What it is put in the place of.
    pub place: Place,
    /// The text of the master key, if there is one.
    pub key: Option<Secret>,
    /// Whether a database that is there may be moved aside.
    pub replace: bool,
    /// Whether what is undone was accepted.
    pub accept: bool,
    /// Whether every token of before is to be over.
    pub end_tokens: bool,
}

/// The database that is there.
enum Present {
    Nothing,
    Readable(Portrait),
    Unreadable(String),
}

/// Restores, or says why not.
pub fn run(wanted: &Wanted) -> Result<(), String> {
    say("reading the backup");
    let (backup, summary) = read(&wanted.file, |input| Portrait::of_backup(input, &mut tell))?;
    say(plain_lines(&describe(&summary, clock::now())).trim_end());
    check_key(wanted, &backup, &summary)?;
    let runtime = runtime::current_thread()?;
    let staging = runtime.block_on(Staging::begin(&wanted.place)).map_err(|error| with_causes(&error))?;
    let lies = runtime.block_on(restore(wanted, &staging, &backup, &summary));
    let lies = match lies {
        Ok(()) => runtime.block_on(staging.put_in_place(&aside(clock::now()))),
        Err(refusal) => {
            // What was begun is removed the next time, if it cannot be now.
            let _ = runtime.block_on(staging.discard());
            return Err(refusal);
        }
    };
    let lies = lies.map_err(|error| with_causes(&error))?;
    conclude(wanted, &summary, lies.as_deref());
    Ok(())
}

async fn restore(
    wanted: &Wanted,
    staging: &Staging,
    backup: &Portrait,
    summary: &Summary,
) -> Result<(), String> {
    let present = look(&wanted.place).await;
    if !matches!(present, Present::Nothing) && !wanted.replace {
        return Err(
            "there is a database already: with --replace it is moved aside, never removed, and the backup takes its place"
                .to_owned(),
        );
    }
    let now = clock::now();
    agree(wanted, &undone(&present, backup, summary, now))?;
    let file =
        File::open(&wanted.file).map_err(|error| format!("the backup cannot be read again: {error}"))?;
    let known = if let Present::Readable(known) = &present { Some(known) } else { None };
    say("writing, then reading back");
    restore::prepare(staging, BufReader::new(file), summary, known, wanted.end_tokens, &mut tell, now)
        .await
        .map_err(|error| with_causes(&error))
}

async fn look(place: &Place) -> Present {
    match Portrait::of_place(place).await {
        Ok(found) if found.is_empty() => Present::Nothing,
        Ok(found) => Present::Readable(found),
        Err(CopyError::Empty) => Present::Nothing,
        Err(error) => Present::Unreadable(with_causes(&error)),
    }
}

/// What the restore would undo, in lines; none if that is certainly nothing.
fn undone(present: &Present, backup: &Portrait, summary: &Summary, now: Timestamp) -> Vec<String> {
    let created = summary.created();
    let unknown = |why: &str| {
        vec![
            format!("{why}, so nobody can say what has ended since the backup."),
            format!("Everything that was revoked, deactivated or deleted after {created} stands again."),
            format!("Nor which client assertions were used: {ASSERTIONS_REFUSED}."),
        ]
    };
    match present {
        Present::Nothing => unknown("the database that it replaces is not there"),
        Present::Unreadable(why) => unknown(&format!("the database that is there cannot be read ({why})")),
        Present::Readable(present) => {
            let undone = Undone::between(backup, present, now);
            if undone.is_empty() {
                return Vec::new();
            }
            let head = format!("Since the backup of {created} this has ended or changed, and is undone:");
            std::iter::once(head).chain(undone.lines().iter().map(|line| format!("  {line}"))).collect()
        }
    }
}

/// Asks, unless it was said before.
fn agree(wanted: &Wanted, undone: &[String]) -> Result<(), String> {
    for line in undone {
        say(&plain(line));
    }
    if undone.is_empty() {
        say("Nothing has ended or changed since the backup.");
        return Ok(());
    }
    if !wanted.end_tokens {
        say(
            "With --end-tokens every access token that was decided before the restore is over at introspection.",
        );
    }
    if wanted.accept {
        return Ok(());
    }
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        say("Type yes to go on.");
        let mut answer = String::new();
        if std::io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes" {
            return Ok(());
        }
    }
    Err("nothing was changed: the restore undoes what is said above; say --accept if that is meant"
        .to_owned())
}

/// A master key that is here must be the one that the backup was sealed under.
fn check_key(wanted: &Wanted, backup: &Portrait, summary: &Summary) -> Result<(), String> {
    let Some(key) = &wanted.key else { return Ok(()) };
    for (org, root) in backup.roots() {
        let ring = KeyRing::parse(key.expose()).map_err(|error| format!("the master key: {error}"))?;
        let org =
            OrgId::parse(org).ok_or_else(|| format!("the backup names an org `{org}`, which is no id"))?;
        if OrgSecrets::open(org, ring, root).is_err() {
            return Err(format!(
                "the master key that is here does not open this backup, which needs the key {}: put that key in its \
                 place, or give it by --master-key-file or TOKENMINT_MASTER_KEY",
                summary.keys.join(", ")
            ));
        }
    }
    Ok(())
}

fn conclude(wanted: &Wanted, summary: &Summary, lies: Option<&str>) {
    let mut text = format!("restored the backup of {}: {} rows\n", summary.created(), summary.rows());
    if let Some(lies) = lies {
        let _ = writeln!(text, "the database that was there before is kept in {lies}");
    }
    if wanted.end_tokens {
        text.push_str("every access token of before is over, for whoever introspects\n");
    }
    if wanted.key.is_none() && !summary.keys.is_empty() {
        let _ = writeln!(
            text,
            "no master key was given: before you start, put the key {} into master.key in the data directory, or give \
             it by --master-key-file",
            summary.keys.join(", ")
        );
    }
    show(&text);
}

/// A name for what was there before: of letters and digits, for it names a directory or a schema.
fn aside(now: Timestamp) -> String {
    let time: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("before_restore_{}", time.to_ascii_lowercase())
}
