//! What a process has used, as `/proc` tells it: processor time, resident memory, bytes written to disk.

use std::fs;

/// The kernel tells processor time in hundredths of a second; that is part of its interface, not a setting.
const MICROS_PER_TICK: u64 = 10_000;

/// Processor time of all threads, those that have ended included, in microseconds.
pub fn cpu_micros(pid: u32) -> Result<u64, String> {
    let text = read(pid, "stat")?;
    ticks(&text).map(|ticks| ticks * MICROS_PER_TICK).ok_or_else(|| format!("process {pid}: odd stat"))
}

/// The process that started it, as long as both are there.
pub fn parent(pid: u32) -> Option<u32> {
    let text = read(pid, "status").ok()?;
    field(&text, "PPid:").and_then(|parent| u32::try_from(parent).ok())
}

/// Whether it is there and has not ended.
pub fn is_running(pid: u32) -> bool {
    let text = read(pid, "status").unwrap_or_default();
    text.lines()
        .any(|line| line.strip_prefix("State:").is_some_and(|state| !state.trim().starts_with(['Z', 'X'])))
}

/// Resident memory now, in KiB.
pub fn resident_kib(pid: u32) -> Result<u64, String> {
    let text = read(pid, "status")?;
    field(&text, "VmRSS:").ok_or_else(|| format!("process {pid}: no VmRSS"))
}

/// The most resident memory since the start or the last `forget_peak`, in KiB.
pub fn peak_kib(pid: u32) -> Result<u64, String> {
    let text = read(pid, "status")?;
    field(&text, "VmHWM:").ok_or_else(|| format!("process {pid}: no VmHWM"))
}

/// Lets the peak begin anew. A kernel that cannot leaves the peak of the start in, which is no less strict.
pub fn forget_peak(pid: u32) {
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// Bytes sent to disk, where the kernel counts them.
pub fn written_bytes(pid: u32) -> Option<u64> {
    field(&read(pid, "io").ok()?, "write_bytes:")
}

fn read(pid: u32, file: &str) -> Result<String, String> {
    fs::read_to_string(format!("/proc/{pid}/{file}")).map_err(|error| format!("process {pid}: {error}"))
}

fn ticks(stat: &str) -> Option<u64> {
    // The name, in brackets, may hold blanks and brackets itself.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// The number after `name` in a text of lines `name number …`.
pub fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_user_and_system_time_whatever_the_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 17 5 6 20 0 3 0 1000";
        assert_eq!(ticks(stat), Some(267));
        assert_eq!(ticks("42 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_by_name() {
        let status = "Name:\tx\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(field(status, "VmRSS:"), Some(10240));
        assert_eq!(field(status, "VmHWM:"), Some(20480));
        assert_eq!(field(status, "VmSwap:"), None);
    }

    #[test]
    fn this_process_has_used_something() {
        assert!(cpu_micros(std::process::id()).is_ok());
        assert!(resident_kib(std::process::id()).unwrap() > 0);
        assert!(peak_kib(std::process::id()).unwrap() > 0);
        assert!(is_running(std::process::id()));
        assert_eq!(parent(std::process::id()), Some(std::os::unix::process::parent_id()));
    }
}
