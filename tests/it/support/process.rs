//! The memory of processes, and tests that need a process of their own.

use std::process::{Command, Stdio};

/// Bytes of memory that a process has now, where the system reports it.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    status(pid, "VmRSS:")
}

/// The same without files, of which the program itself is the largest.
pub(crate) fn anonymous(pid: u32) -> Option<u64> {
    status(pid, "RssAnon:")
}

/// Bytes of addresses that a process uses now, where the system reports it.
pub(crate) fn address_space(pid: u32) -> Option<u64> {
    status(pid, "VmSize:")
}

/// The most bytes of memory that a process has had so far, where the system reports it.
#[cfg(feature = "server")]
pub(crate) fn peak_resident(pid: u32) -> Option<u64> {
    status(pid, "VmHWM:")
}

/// The processor time that a process has used so far, where the system reports it.
#[cfg(feature = "server")]
pub(crate) fn processor_time(pid: u32) -> Option<std::time::Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may have blanks; user and system time are the 14th and 15th.
    let mut ticks = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || ticks.next()?.parse::<u64>().ok();
    // A hundred a second on every system that has such files.
    Some(std::time::Duration::from_millis((next()? + next()?) * 10))
}

fn status(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// Names the test that runs alone in this process.
const ALONE: &str = "RELATA_TEST_ALONE";

/// Runs the body of `test` in a process of its own: there, memory and open files are those
/// of this test, whatever other tests do at the same time.
#[expect(clippy::print_stderr, reason = "what the other process printed")]
pub(crate) fn in_own_process<T>(test: &T, body: impl FnOnce()) {
    let path = std::any::type_name_of_val(test);
    let (_, name) = path.split_once("::").unwrap();
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let command = command.args([name, "--exact", "--nocapture"]).env(ALONE, name);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let [out, errors] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    eprint!("{errors}");
    assert!(output.status.success(), "{name} failed in its own process:\n{out}");
    assert!(out.contains("1 passed"), "{name} is not a test:\n{out}");
}
