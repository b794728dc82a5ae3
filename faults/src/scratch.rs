//! A directory of one run, which goes when the run was good and stays when somebody has to look.

use std::fs;
use std::path::{Path, PathBuf};

/// The directory.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes an empty directory of this process within `parent`.
    pub fn new(parent: &Path, name: &str) -> Result<Self, String> {
        let path = parent.join(format!("faults-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
        Ok(Self { path })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it.
    pub fn forget(self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
