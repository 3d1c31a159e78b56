//! The resources that the process uses.

/// Figures of the process, under the names that Prometheus gives them; `None` where the
/// system does not report them.
#[derive(Debug, Default)]
pub(crate) struct Process {
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) virtual_bytes: Option<u64>,
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) open_files: Option<u64>,
    pub(crate) max_files: Option<u64>,
    pub(crate) threads: Option<u64>,
}

impl Process {
    #[cfg(target_os = "linux")]
    pub(crate) fn look() -> Self {
        use rustix::param::{clock_ticks_per_second, page_size};
        use rustix::process::{Resource, getrlimit};
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let own = Self::from_stat(&stat, page_size() as u64, clock_ticks_per_second());
        let open_files = std::fs::read_dir("/proc/self/fd").ok();
        Self {
            // The folder itself is open while it is read.
            open_files: open_files.map(|files| (files.count() as u64).saturating_sub(1)),
            max_files: getrlimit(Resource::Nofile).current,
            ..own
        }
    }

    /// Reads what `/proc/self/stat` says; `proc_pid_stat(5)` counts its fields from 1.
    #[cfg(target_os = "linux")]
    #[expect(clippy::cast_precision_loss, reason = "ticks of a processor stay far below 2⁵²")]
    fn from_stat(stat: &str, page_bytes: u64, ticks_per_second: u64) -> Self {
        // The second field is the command's name, which may hold blanks and parentheses.
        let after_name = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).and_then(|text| text.parse().ok());
        let ticks: Option<(u64, u64)> = field(14).zip(field(15));
        Self {
            resident_bytes: field(24).map(|pages: u64| pages.saturating_mul(page_bytes)),
            virtual_bytes: field(23),
            cpu_seconds: ticks
                .map(|(user, system)| user.saturating_add(system) as f64 / ticks_per_second as f64),
            threads: field(20),
            ..Self::default()
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn look() -> Self {
        Self::default()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_command_may_be_named_anything() {
        let fields = "S 1 2 3 0 -1 4194560 9 0 0 0 250 150 0 0 20 0 7 0 99 4096 3 18446744";
        for name in ["relata", "a b", "a) S 1 (b", ""] {
            let own = Process::from_stat(&format!("42 ({name}) {fields}"), 4_096, 100);
            assert_eq!(own.cpu_seconds, Some(4.0), "{name}");
            assert_eq!((own.resident_bytes, own.virtual_bytes), (Some(12_288), Some(4_096)));
            assert_eq!(own.threads, Some(7));
        }
        assert_eq!(Process::from_stat("", 4_096, 100).threads, None);
    }

    #[test]
    fn this_process_is_seen() {
        let own = Process::look();
        assert!(own.resident_bytes > Some(1 << 20) && own.virtual_bytes > own.resident_bytes);
        assert!(own.cpu_seconds >= Some(0.0) && own.threads >= Some(2));
        assert!(own.open_files >= Some(3) && own.max_files >= own.open_files);
    }
}
