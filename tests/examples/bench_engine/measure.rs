//! What the kernel counted of this process.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU seconds of all threads so far.
pub(super) fn cpu() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

/// CPU seconds of this thread so far.
pub(super) fn thread_cpu() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Resident memory now, in bytes; 0 where the system does not say.
pub(super) fn resident() -> u64 {
    status("VmRSS:")
}

/// The most that was resident since [`forget_peak`].
pub(super) fn peak() -> u64 {
    status("VmHWM:")
}

/// Begins counting the peak anew: unlocking an officer takes Argon2's memory for a moment.
pub(super) fn forget_peak() {
    // Where this is not allowed the peak includes the unlocking.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(name));
    let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// The value below which the given part of all lies; sorts.
pub(super) fn quantile(values: &mut [Duration], part: f64) -> Duration {
    values.sort_unstable();
    let at = (values.len() as f64 * part) as usize;
    values
        .get(at.min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}
