//! Standbys of a database server.

use std::os::unix::fs::chown;
use std::time::{Duration, Instant};

use crate::support::postgres::{Cluster, START_MAX, free_port, succeed};

impl Cluster {
    /// Starts a hot standby of this server, which follows it as `standby`.
    pub(crate) fn start_standby(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if let Some((user, group)) = self.user {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let (programs, user) = (self.programs.clone(), self.user);
        let mut standby = Self { programs, folder, port: 0, user, keeper: None, is_paused: false };
        let mut backup = self.program("pg_basebackup");
        backup.args(["--no-sync", "-X", "stream", "-R", "-c", "fast", "-D"]).arg(standby.data());
        let port = self.port;
        let from = format!("host=127.0.0.1 port={port} user=postgres application_name=standby");
        succeed(backup.args(["-d", &from]));
        for _ in 0..10 {
            standby.port = free_port();
            if standby.try_start() {
                return standby;
            }
        }
        panic!("the standby does not start:\n{}", standby.log());
    }

    /// Makes commits wait until the standby has them.
    pub(crate) fn wait_for_standby(&self) {
        let url = self.url();
        self.run_sql(&url, "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
        self.run_sql(&url, "SELECT pg_reload_conf()");
        let begun = Instant::now();
        let is_there = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        while self.run_sql(&url, is_there) != "1" {
            assert!(begun.elapsed() < START_MAX, "the standby does not follow");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        self.run_sql(&self.url(), "SELECT pg_promote()");
    }
}
