//! On what it was measured: processor, kernel, disk, compiler. No host name and no path of the machine.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::{clock, usage};

const SYNCS: usize = 1000;

/// The facts, one to a line of a list.
pub fn gather(data: &Path) -> Result<Vec<String>, String> {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = usage::field(&memory, "MemTotal:").unwrap_or(0) / 1024 / 1024;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let path = data.canonicalize().map_err(|error| error.to_string())?;
    let (median, worst) = sync_cost(data)?;
    Ok(vec![
        format!("Processor: {}, {cores} cores, shared by server and driver", model_name(&processor)),
        format!("Memory: {memory} GiB"),
        format!("Kernel: Linux {}", kernel.trim().split('-').next().unwrap_or_default()),
        format!("Disk under the data: {}", disk(&mounts, &path)),
        format!(
            "`write` of 4 KiB and `fdatasync` on it, {SYNCS} times: median {} µs, 99th percentile {} µs",
            median.as_micros(),
            worst.as_micros()
        ),
        format!("Compiler: {}", said_by("rustc", &["--version"])),
    ])
}

/// The day.
pub fn today() -> String {
    said_by("date", &["-u", "+%Y-%m-%d"])
}

/// The load of the minute before, to be taken before anything is started.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

fn model_name(cpuinfo: &str) -> &str {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, name)| name.trim())
}

/// File system, device and options of the mount that holds `path`.
fn disk(mounts: &str, path: &Path) -> String {
    let fields = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some((fields.next()?, fields.next()?, fields.next()?, fields.next()?))
    });
    let holding = fields.filter(|(_, point, ..)| path.starts_with(point));
    // Of two mounts on the same point, the later one is seen.
    let Some((device, _, kind, options)) = holding.max_by_key(|(_, point, ..)| point.len()) else {
        return "unknown".to_owned();
    };
    match device.strip_prefix("/dev/") {
        Some(device) => format!("{kind} on `{device}` ({options}){}", turning(device)),
        None => format!("{kind} ({options})"),
    }
}

fn turning(device: &str) -> &'static str {
    match fs::read_to_string(format!("/sys/block/{device}/queue/rotational")).as_deref().map(str::trim) {
        Ok("0") => ", not rotating",
        Ok("1") => ", calls itself rotating",
        _ => "",
    }
}

/// What it costs to make 4 KiB durable: median and 99th percentile.
fn sync_cost(data: &Path) -> Result<(Duration, Duration), String> {
    let path = data.join("sync");
    let told = |error: std::io::Error| format!("writing to the data directory: {error}");
    let mut file = File::create(&path).map_err(told)?;
    let mut taken = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = clock::now();
        file.write_all(&[7; 4096]).map_err(told)?;
        file.sync_data().map_err(told)?;
        taken.push(begun.elapsed());
    }
    fs::remove_file(&path).map_err(told)?;
    taken.sort_unstable();
    Ok((taken[SYNCS / 2], taken[SYNCS * 99 / 100]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str =
        "/dev/none0 / ext4 rw,relatime 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/none1 /tmp/x xfs ro 0 0\n";

    #[test]
    fn the_innermost_mount_is_named_without_its_path() {
        assert_eq!(disk(MOUNTS, Path::new("/srv/data")), "ext4 on `none0` (rw,relatime)");
        assert_eq!(disk(MOUNTS, Path::new("/tmp/data")), "tmpfs (rw)");
        assert_eq!(disk(MOUNTS, Path::new("/tmp/x/data")), "xfs on `none1` (ro)");
        assert_eq!(disk(MOUNTS, Path::new("/tmp/xy")), "tmpfs (rw)");
        assert_eq!(disk("", Path::new("/")), "unknown");
    }

    #[test]
    fn the_processor_has_a_name() {
        assert_eq!(model_name("processor\t: 0\nmodel name\t: A CPU\n"), "A CPU");
        assert_eq!(model_name(""), "unknown");
    }
}
