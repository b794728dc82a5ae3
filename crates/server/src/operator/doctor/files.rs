//! The data directory: whose it is, what others may read in it, and how much room there is.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use store::DATABASE_FILE;

use super::finding::Findings;

const MIB: u64 = 1024 * 1024;
/// With less, the next commits may fail.
const FREE_MIN_BYTES: u64 = 64 * MIB;
/// With less, it is time to make room.
const FREE_LOW_BYTES: u64 = 1024 * MIB;
/// Files in the data directory that hold secrets.
const PRIVATE: [&str; 3] = [DATABASE_FILE, "tokenmint.db-wal", "tls-ca.key"];

/// Whether anybody but its owner may read a file. One that is not there nobody reads.
pub fn others_may_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

/// Files within the directory that others may read, which matters where they may enter it.
pub fn contents(data: &Path, findings: &mut Findings) {
    for name in PRIVATE {
        let path = data.join(name);
        if others_may_read(&path) {
            let path = path.display();
            findings.warning(format!("data directory: others may read `{path}`: chmod 600 closes it"));
        }
    }
}

/// How much room there is.
pub fn room(data: &Path, findings: &mut Findings) {
    if let Ok(found) = rustix::fs::statvfs(data) {
        judge_room(data, found.f_bavail.saturating_mul(found.f_frsize), findings);
    }
}

fn judge_room(data: &Path, free: u64, findings: &mut Findings) {
    let text = format!("disk: {} MiB are free where `{}` lies", free / MIB, data.display());
    match free {
        0..FREE_MIN_BYTES => findings.error(format!(
            "{text}, and the next commits may fail: make room, or move the directory (--data)"
        )),
        FREE_MIN_BYTES..FREE_LOW_BYTES => findings.warning(format!("{text}: make room soon")),
        _ => findings.ok(text),
    }
}

/// Examines the directory itself.
pub fn directory(data: &Path, findings: &mut Findings) {
    let shown = data.display();
    match std::fs::metadata(data) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            findings.ok(format!("data directory: `{shown}` is not there; serve makes it"));
        }
        Err(error) => {
            findings.error(format!("data directory: `{shown}` cannot be read: {error}; see --data"));
        }
        Ok(found) if !found.is_dir() => {
            findings.error(format!("data directory: `{shown}` is no directory; see --data"));
        }
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            findings.warning(format!("data directory: others may enter `{shown}`: chmod 700 closes it"));
        }
        // Who we are stands on what the kernel says of us.
        Ok(found) if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() != found.uid()) => {
            findings.warning(format!(
                "data directory: `{shown}` belongs to another user; run serve and doctor as that one"
            ));
        }
        Ok(_) => findings.ok(format!("data directory: `{shown}` is there, for its owner alone")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::doctor::finding::Mark;

    #[test]
    fn little_room_is_a_warning_and_hardly_any_an_error() {
        for (free, mark) in [
            (0, Mark::Error),
            (FREE_MIN_BYTES - 1, Mark::Error),
            (FREE_MIN_BYTES, Mark::Warning),
            (FREE_LOW_BYTES - 1, Mark::Warning),
            (FREE_LOW_BYTES, Mark::Ok),
        ] {
            let mut findings = Findings::default();
            judge_room(Path::new("x"), free, &mut findings);
            assert_eq!(findings.0[0].mark, mark, "{free}");
        }
    }
}
