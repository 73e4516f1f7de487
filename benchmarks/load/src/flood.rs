//! As many queries as are answered: a closed loop with a window that shrinks when something is lost.

use std::thread;
use std::time::{Duration, Instant};

use crate::arguments::{Arguments, MOST};
use crate::batch::BATCH;
use crate::fault::Fault;
use crate::lane::{Lane, Tally};
use crate::queries::Queries;

/// The share of the time that only finds the window and warms caches.
const WARM_UP: f64 = 0.2;
/// How long nothing may be lost before the window grows again.
const CALM: Duration = Duration::from_millis(50);
/// By how much it grows.
const STEP: usize = 8;

/// Queries under way at most, per socket.
struct Window {
    now: usize,
    most: usize,
    changed: Instant,
    lost: u64,
}

impl Window {
    /// Shrinks at a loss, never to come back to where it lost, and grows after a calm.
    fn adapt(&mut self, lost: u64, at: Instant) {
        if lost > self.lost {
            self.lost = lost;
            self.most = self.now.saturating_sub(STEP).max(1);
            self.now = (self.now / 2).max(1);
            self.changed = at;
        } else if self.now < self.most && at.saturating_duration_since(self.changed) > CALM {
            self.now = (self.now + STEP).min(self.most);
            self.changed = at;
        }
    }
}

/// A measurement under way.
struct Flood {
    lanes: Vec<Lane>,
    queries: Queries,
    window: Window,
    patience: Duration,
    slowest: Duration,
    gives_way: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Fault> {
    let queries = Queries::load(&arguments.queries)?;
    let lanes = (0..arguments.sockets)
        .map(|_| Lane::connect(arguments.to, arguments.is_checked))
        .collect::<Result<_, _>>()?;
    let most = (arguments.window / arguments.sockets).max(1);
    let began = Instant::now();
    let mut flood = Flood {
        lanes,
        queries,
        window: Window {
            now: most,
            most,
            changed: began,
            lost: 0,
        },
        patience: arguments.patience,
        slowest: Duration::ZERO,
        gives_way: arguments.gives_way,
    };
    // A run that is bounded by its count asks no more than that.
    let warm_up = match arguments.count {
        MOST => arguments.time.mul_f64(WARM_UP),
        _ => Duration::ZERO,
    };
    flood.go(began + warm_up, u64::MAX)?;
    let before = flood.tally();
    flood.slowest = Duration::ZERO;
    let measured_from = Instant::now();
    flood.go(measured_from + arguments.time, arguments.count)?;
    let measured = measured_from.elapsed();
    let after = flood.tally();
    flood.drain()?;
    flood.print(measured, before, after);
    Ok(())
}

impl Flood {
    /// Asks until `end`, or until `count` queries are answered.
    fn go(&mut self, end: Instant, count: u64) -> Result<(), Fault> {
        let goal = self.tally().answered.saturating_add(count);
        loop {
            let now = Instant::now();
            if now >= end || self.tally().answered >= goal {
                return Ok(());
            }
            let mut came = 0;
            for lane in &mut self.lanes {
                let room = self.window.now.saturating_sub(lane.under_way);
                // Whole batches, as far as the window has room for one.
                if room >= BATCH.min(self.window.now) {
                    lane.send(&mut self.queries, room, now)?;
                }
                let slowest = &mut self.slowest;
                came += lane.receive(self.patience, |took| *slowest = took.max(*slowest))?;
            }
            if came == 0 && self.gives_way {
                thread::yield_now();
            }
            let lost = self.tally().lost;
            self.window.adapt(lost, now);
        }
    }

    /// Takes the answers that are still under way.
    fn drain(&mut self) -> Result<(), Fault> {
        let end = Instant::now() + self.patience;
        for lane in &mut self.lanes {
            while lane.under_way > 0 && Instant::now() < end {
                lane.receive(self.patience, |_| ())?;
            }
            lane.give_up();
        }
        Ok(())
    }

    fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for lane in &self.lanes {
            sum.answered += lane.tally.answered;
            sum.lost += lane.tally.lost;
            sum.wrong += lane.tally.wrong;
        }
        sum
    }

    fn print(&self, measured: Duration, before: Tally, after: Tally) {
        let all = self.tally();
        println!(
            "{{\"seconds\": {:.6}, \"answered\": {}, \"lost\": {}, \"wrong\": {}, \"answered_in_all\": {}, \
             \"window\": {}, \"slowest_us\": {:.1}}}",
            measured.as_secs_f64(),
            after.answered - before.answered,
            all.lost - before.lost,
            all.wrong,
            all.answered,
            self.window.now * self.lanes.len(),
            self.slowest.as_secs_f64() * 1e6,
        );
    }
}
