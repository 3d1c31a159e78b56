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
    #[expect(clippy::cast_precision_loss, reason = "ticks of a processor stay far below 2⁵²")]
    pub(crate) fn look() -> Self {
        use procfs::process::{LimitValue, Process as Proc};
        let Ok(own) = Proc::myself() else { return Self::default() };
        let stat = own.stat().ok();
        let limit = own.limits().ok().map(|limits| limits.max_open_files.soft_limit);
        Self {
            resident_bytes: stat.as_ref().map(|stat| stat.rss * procfs::page_size()),
            virtual_bytes: stat.as_ref().map(|stat| stat.vsize),
            cpu_seconds: stat
                .as_ref()
                .map(|stat| (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64),
            open_files: own.fd_count().ok().map(|count| count as u64),
            max_files: limit.and_then(|limit| match limit {
                LimitValue::Value(files) => Some(files),
                LimitValue::Unlimited => None,
            }),
            threads: stat.map(|stat| stat.num_threads.cast_unsigned()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn look() -> Self {
        Self::default()
    }
}
