//! The handle by which a test holds the stand-in.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::changes::Change;
use super::limiter::Usage;
use super::location::{Location, Millis};
use super::request::Seen;
use super::routes::Route;
use super::server::Server;
use super::settings::Settings;
use super::state::Shared;
use super::truth::Truth;
use super::webhooks::{self, Webhook};

/// A running stand-in of the sender's API, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct StandIn {
    shared: Arc<Shared>,
    server: Server,
    sender: Option<JoinHandle<()>>,
}

impl StandIn {
    pub(crate) fn start(location: Location, settings: Settings) -> Self {
        Self::start_all(vec![location], settings)
    }

    /// Starts one with several locations, each opened by its own token.
    pub(crate) fn start_all(locations: Vec<Location>, settings: Settings) -> Self {
        let shared = Arc::new(Shared::new(locations, settings));
        let server = Server::start(&shared);
        let sender = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || webhooks::run(&shared)
        });
        Self { shared, server, sender: Some(sender) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Returns the base URL, without a slash at its end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Changes how it behaves from now on.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.lock().settings);
        self.shared.changed();
    }

    /// Changes what the first location holds, and reports it.
    pub(crate) fn edit<T>(&self, edit: impl FnOnce(&mut Change<'_>) -> T) -> T {
        let now = self.now();
        let done = edit(&mut self.shared.lock().change(0, now));
        self.shared.changed();
        done
    }

    /// Makes changes at random.
    pub(crate) fn churn(&self, changes: usize) {
        self.edit(|change| {
            for _ in 0..changes {
                change.churn();
            }
        });
    }

    /// Returns all webhooks so far.
    pub(crate) fn webhooks(&self) -> Vec<Webhook> {
        self.shared.lock().webhooks.all.clone()
    }

    /// Sends all webhooks that wait, before they are due, and returns when none does.
    pub(crate) fn deliver(&self) {
        self.shared.lock().webhooks.hurry();
        self.shared.changed();
        self.settle();
    }

    /// Returns when no webhook waits any more.
    pub(crate) fn settle(&self) {
        let mut state = self.shared.lock();
        assert!(state.settings.webhooks.url.is_some(), "there is no receiver");
        while state.webhooks.is_waiting() {
            state = self.shared.wait(state, None);
        }
    }

    /// Returns its time: that of the machine, and what was added.
    pub(crate) fn now(&self) -> Millis {
        self.shared.clock.now()
    }

    /// Adds to its time.
    pub(crate) fn pass(&self, time: Duration) {
        self.shared.pass(time);
    }

    /// Returns what the first location holds now.
    pub(crate) fn truth(&self) -> Truth {
        Truth::of(&self.shared.lock().locations[0], self.now())
    }

    /// Returns what the first location has held since a moment.
    pub(crate) fn truth_since(&self, from: Millis) -> Truth {
        Truth::between(&self.shared.lock().locations[0], from, self.now())
    }

    /// Returns all requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.lock().seen.clone()
    }

    /// Returns when there were so many requests since it started.
    pub(crate) fn wait_for(&self, requests: usize) {
        let mut state = self.shared.lock();
        while state.seen.len() < requests {
            state = self.shared.wait(state, None);
        }
    }

    /// Returns what the requests to the first location have used.
    pub(crate) fn usage(&self) -> Usage {
        self.shared.lock().usages[0].clone()
    }

    /// Begins a day of which nothing is used.
    pub(crate) fn new_day(&self) {
        for usage in &mut self.shared.lock().usages {
            usage.today = 0;
        }
    }

    /// Counts the requests by route.
    pub(crate) fn counts(&self) -> BTreeMap<Route, usize> {
        let mut counts = BTreeMap::new();
        for route in self.shared.lock().seen.iter().filter_map(|it| it.route) {
            *counts.entry(route).or_default() += 1;
        }
        counts
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.lock().webhooks.stop();
        self.shared.changed();
        if let Some(sender) = self.sender.take() {
            sender.join().ok();
        }
    }
}
