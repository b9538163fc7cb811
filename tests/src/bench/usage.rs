//! What a process has used: processor time and memory.

use std::fs;
use std::time::Duration;

/// The processor time of this process so far, all threads, user and system.
pub fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// The most memory that this process held since [`forget_peak`], bytes; 0 where the system does not say.
pub fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0) * 1024
}

/// Begins a new peak, where the system allows it.
pub fn forget_peak() {
    // Linux only; elsewhere the peak is that of the whole run, which says no less than the truth.
    let _ = fs::write("/proc/self/clear_refs", "5");
}
