//! What several test modules of this crate share. Owns nothing that ships.

use std::path::{Path, PathBuf};

use crate::request_id::RequestId;

/// A directory that goes with the test.
pub struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    /// A new, empty one.
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("tokenmint-{}", RequestId::new()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
