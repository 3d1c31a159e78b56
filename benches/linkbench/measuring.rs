//! Has clients ask a store for a time, each on a thread of its own with one request at a time,
//! and keeps how long each request took.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use super::client::Client;
use super::graph::Graph;
use super::requests::{Access, MIX, Requests};

/// How long each request of each operation took, in nanoseconds, in the order of [`MIX`].
#[derive(Default)]
pub(crate) struct Times {
    of: [Vec<u64>; MIX.len()],
    /// How long all clients were asking.
    took: Duration,
    /// What this process, the client, took of the processor, and what the server took.
    client: Duration,
    server: Duration,
    /// Links, nodes and counts in all answers, and writes.
    pub(crate) rows: u64,
}

#[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
impl Times {
    fn requests(&self) -> u64 {
        self.of.iter().map(|times| times.len() as u64).sum()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests() as f64 / self.took.as_secs_f64()
    }

    /// Returns what a request took of the processor in this process, and in the server, in
    /// microseconds.
    pub(crate) fn processor(&self) -> [f64; 2] {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / self.requests().max(1) as f64;
        [self.client, self.server].map(each)
    }

    /// Returns the milliseconds that so many in a hundred requests of an operation took at
    /// most.
    pub(crate) fn percentile(&mut self, operation: usize, percent: usize) -> f64 {
        let Some(times) = self.of.get_mut(operation) else { return 0.0 };
        let at = times.len() * percent / 100;
        if at >= times.len() {
            return 0.0;
        }
        let (_, time, _) = times.select_nth_unstable(at);
        *time as f64 / 1e6
    }
}

/// Returns the processor time of a line of `/proc`, with that of children which have ended, in
/// hundredths of a second, as Linux counts it.
fn of_line(text: &str) -> Duration {
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks = fields.skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
    Duration::from_millis(ticks * 10)
}

fn of_this_process() -> Duration {
    of_line(&std::fs::read_to_string("/proc/self/stat").unwrap_or_default())
}

/// Returns the processor time of all processes of this name: PostgreSQL has many.
fn of_processes(name: &str) -> Duration {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines =
        processes.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    lines.filter(|line| line.contains(&format!("({name}) "))).map(|line| of_line(&line)).sum()
}

/// What all rounds ask: the same requests of every store.
pub(crate) struct Workload {
    pub(crate) graph: Arc<Graph>,
    pub(crate) access: Arc<Access>,
    pub(crate) time: Duration,
}

impl Workload {
    /// Has so many clients ask for the time of the workload. Those of one round draw the same
    /// requests, whichever store they ask. `server` names the processes of that store.
    pub(crate) fn run(
        &self,
        clients: usize,
        round: u64,
        server: &str,
        make: &dyn Fn() -> Box<dyn Client>,
    ) -> Times {
        let barrier = Arc::new(Barrier::new(clients + 1));
        let threads: Vec<_> = (0..clients)
            .map(|number| {
                let turn = (round << 16) + (clients << 8 | number) as u64;
                let requests = Requests::new(&self.graph, &self.access, turn);
                let (mut client, barrier, time) = (make(), Arc::clone(&barrier), self.time);
                std::thread::spawn(move || {
                    barrier.wait();
                    // The others wait for one that fails, too.
                    let times =
                        catch_unwind(AssertUnwindSafe(|| ask(client.as_mut(), requests, time)));
                    // Connections are closed once all are measured.
                    barrier.wait();
                    times
                })
            })
            .collect();
        barrier.wait();
        let (start, own, theirs) = (Instant::now(), of_this_process(), of_processes(server));
        barrier.wait();
        let mut sum = Times { took: start.elapsed(), ..Times::default() };
        sum.client = of_this_process().saturating_sub(own);
        sum.server = of_processes(server).saturating_sub(theirs);
        for thread in threads {
            let (of, rows) = thread.join().flatten().expect("no failure");
            sum.rows += rows;
            for (all, mut one) in sum.of.iter_mut().zip(of) {
                all.append(&mut one);
            }
        }
        sum
    }
}

fn ask(
    client: &mut dyn Client,
    mut requests: Requests,
    time: Duration,
) -> ([Vec<u64>; MIX.len()], u64) {
    let mut times: [Vec<u64>; MIX.len()] = Default::default();
    let (start, mut rows) = (Instant::now(), 0);
    while start.elapsed() < time {
        let request = requests.next();
        let sent = Instant::now();
        rows += client.perform(&request);
        let took = u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if let Some(of) = times.get_mut(request.operation()) {
            of.push(took);
        }
    }
    (times, rows)
}
