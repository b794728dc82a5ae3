//! A file system of a few megabytes, so that it can be filled. Only root may mount one.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted file system; it goes with its owner.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one at `path`; nothing where that is not allowed.
    pub fn mount(path: &Path, megabytes: u32) -> Result<Option<Self>, String> {
        fs::create_dir_all(path).map_err(|error| error.to_string())?;
        let size = format!("size={megabytes}m,mode=0700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path);
        let mounted = mount.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let is_mounted = mounted.is_ok_and(|status| status.success());
        Ok(is_mounted.then(|| Self { path: path.to_owned() }))
    }

    /// Takes every byte that is left.
    pub fn fill(&self) -> Result<(), String> {
        let mut file = File::create(self.ballast()).map_err(|error| error.to_string())?;
        for size in [1 << 20, 4096] {
            let block = vec![7; size];
            while file.write_all(&block).is_ok() {}
        }
        Ok(())
    }

    /// Gives them back.
    pub fn free(&self) -> Result<(), String> {
        fs::remove_file(self.ballast()).map_err(|error| error.to_string())
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}
