//! Amounts of memory, and how much there is.

use std::str::FromStr;

/// An amount of memory on the command line: bytes, or with KiB, MiB or GiB behind them; `none`
/// is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemoryLimit(pub(crate) Option<usize>);

impl FromStr for MemoryLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
        let unit = units.iter().find_map(|(unit, bits)| Some((text.strip_suffix(unit)?, *bits)));
        let (number, bits) = unit.unwrap_or((text, 0));
        let number: Option<usize> = number.trim_end().parse().ok();
        let bytes = number.and_then(|number| number.checked_mul(1 << bits));
        let bytes = bytes.filter(|bytes| *bytes > 0);
        bytes.map(|bytes| Self(Some(bytes))).ok_or_else(|| {
            "an amount of memory is a number of bytes, or one followed by KiB, MiB or GiB, such as \
             512MiB; or none"
                .to_owned()
        })
    }
}

/// Returns half of the memory that this process may use, if the system says how much that is.
pub(crate) fn half_of_memory() -> Option<usize> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.as_deref().and_then(of_machine);
    // A container's own limit: of the second version of control groups, then of the first.
    let groups = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let group = groups.iter().find_map(|path| of_group(&std::fs::read_to_string(path).ok()?));
    machine.into_iter().chain(group).min().map(|bytes| bytes / 2)
}

fn of_machine(meminfo: &str) -> Option<usize> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = total.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1 << 10)
}

fn of_group(limit: &str) -> Option<usize> {
    limit.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_bytes_or_have_a_unit() {
        let check = |text: &str, expected: Option<Option<usize>>| {
            assert_eq!(text.parse::<MemoryLimit>().ok(), expected.map(MemoryLimit), "{text}");
        };
        check("none", Some(None));
        check("1", Some(Some(1)));
        check("512MiB", Some(Some(512 << 20)));
        check("2 GiB", Some(Some(2 << 30)));
        check("3KiB", Some(Some(3 << 10)));
        for wrong in ["", "0", "0MiB", "-1", "1MB", "MiB", "1.5GiB", "99999999999999999999GiB"] {
            check(wrong, None);
        }
    }

    #[test]
    fn the_memory_of_machine_and_group_is_read() {
        let meminfo = "MemTotal:       24576000 kB\nMemFree:        100 kB\n";
        assert_eq!(of_machine(meminfo), Some(24_576_000 << 10));
        assert_eq!(of_machine("nothing"), None);
        assert_eq!(of_group("1073741824\n"), Some(1 << 30));
        assert_eq!(of_group("max\n"), None);
    }
}
