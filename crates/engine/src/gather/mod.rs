//! Many zones of one primary at once: what serials it has, or the zones themselves. Questions go ahead of the
//! answers over few connections, and zones are made where they arrive.
//!
//! It is the quick way, and no judge: beside what was wished for it tells only that the server says no. Of
//! whatever else does not come as it should nothing is said, and whoever wants it asks again by itself, to learn why.
//! Nobody waits for what is slow either: a line that ends no answer for [`Terms::patience`] is given up with all
//! that it was asked for.

mod line;
mod question;

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use understudy_wire::TsigKey;

use line::Line;
pub use question::{Found, Wish};

use crate::sys;

/// How many connections there are, and how many questions go ahead of the answers on each.
#[derive(Clone, Copy, Debug)]
struct Pace {
    lines: usize,
    ahead: usize,
}

/// chosen: one reads while the other makes zones of what it has read; a primary sees no more connections. A
/// server that answers one after the other always finds a next question; and one that answers all of them at once, as
/// BIND does, gives no more than ten zones away at a time unless told (`transfers-out`), to all clients.
const ZONES: Pace = Pace { lines: 2, ahead: 4 };

/// chosen: what is cheap for both sides, and fits what a connection holds: 32 answers are 3 KiB.
const SERIALS: Pace = Pace {
    lines: 1,
    ahead: 32,
};

/// chosen: a few milliseconds of work for whoever takes them, so that what is behind it waits no longer.
const TAKEN_MAX: usize = 128;

/// chosen: so many are worth being woken for; or those that are there after so long.
const TAKEN_MIN: usize = 64;
const TAKEN_WAIT: Duration = Duration::from_millis(4);

/// A primary, and the key that both sides sign with.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it listens.
    pub address: SocketAddr,
    /// The address of this host that it sees; None: the system chooses.
    pub via: Option<IpAddr>,
    /// Without one nothing is signed.
    pub key: Option<Arc<TsigKey>>,
}

/// How much is put up with.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The queries are numbered from here on.
    pub first_id: u16,
    /// The octets of one zone.
    pub limit: usize,
    /// How long it may take until there is a connection, and from one answer to the next.
    pub patience: Duration,
}

/// What the lines share.
#[derive(Debug, Default)]
struct State {
    /// Not asked for yet: places in `wishes`.
    wanted: VecDeque<usize>,
    /// Asked for a second time: see [`Shared::ask_again`].
    again: BTreeSet<usize>,
    /// Here, and not taken yet.
    found: Vec<(usize, Found)>,
    /// Lines that may still bring something.
    lines: usize,
    is_given_up: bool,
}

#[derive(Debug)]
struct Shared {
    source: Source,
    wishes: Vec<Wish>,
    terms: Terms,
    pace: Pace,
    state: Mutex<State>,
    news: Condvar,
}

impl Shared {
    /// Nothing that could panic runs under this lock, so poison would mean nothing.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_given_up(&self) -> bool {
        self.state().is_given_up
    }

    /// The next one to ask for.
    fn next(&self) -> Option<usize> {
        let mut state = self.state();
        if state.is_given_up {
            return None;
        }
        state.wanted.pop_front()
    }

    /// Somebody else may have more luck with these.
    fn put_back(&self, places: impl Iterator<Item = usize>) {
        self.state().wanted.extend(places);
    }

    /// Behind the others, once: a server says SERVFAIL that gives away as many zones as it may, and BIND counts one
    /// still when its last message is here already. False: it has been, or the server was only asked what it has.
    fn ask_again(&self, place: usize) -> bool {
        let is_zone = !matches!(self.wishes.get(place), Some(Wish::Serial(_)));
        let mut state = self.state();
        let is_new = is_zone && state.again.insert(place);
        if is_new {
            state.wanted.push_back(place);
        }
        is_new
    }

    fn put(&self, place: usize, found: Found) {
        let mut state = self.state();
        state.found.push((place, found));
        let is_worth_it = state.found.len() == 1 || state.found.len() == TAKEN_MIN;
        drop(state);
        if is_worth_it {
            self.news.notify_all();
        }
    }

    /// What one line does: one wish after the other, over a new connection where one has ended. A server that does not
    /// like many questions at once is asked one by one; one that gives nothing to two in a row, or is slow once more,
    /// is left.
    fn work(&self) {
        sys::block_signals();
        let (mut is_ahead, mut has_failed_alone) = (true, false);
        loop {
            let Ok(Some(mut line)) = Line::open(self) else {
                return;
            };
            let Err(error) = line.work(is_ahead) else {
                return;
            };
            let is_fruitless = line.fulfilled() == 0;
            let is_slow = error.kind() == ErrorKind::TimedOut;
            if is_slow && (is_fruitless || !is_ahead) {
                return;
            }
            let is_alone = is_fruitless && !is_ahead;
            if is_alone && has_failed_alone {
                return;
            }
            if !is_slow && !is_alone {
                self.put_back(line.left()); // but for one that broke a connection which it had for itself
            }
            (is_ahead, has_failed_alone) = (false, is_alone);
        }
    }
}

/// One line less, however it ended.
struct Working(Arc<Shared>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.state().lines -= 1;
        self.0.news.notify_all();
    }
}

/// What a primary is being asked. Dropping it gives up what has not come.
#[derive(Debug)]
pub struct Gathering {
    shared: Arc<Shared>,
}

impl Gathering {
    /// Begin, with threads of its own.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn start(source: Source, wishes: Vec<Wish>, terms: Terms) -> io::Result<Self> {
        let is_light = wishes.iter().all(|wish| matches!(wish, Wish::Serial(_)));
        let pace = if is_light { SERIALS } else { ZONES };
        let lines = pace.lines.min(wishes.len());
        let state = State {
            wanted: (0..wishes.len()).collect(),
            lines,
            ..State::default()
        };
        let shared = Arc::new(Shared {
            source,
            wishes,
            terms,
            pace,
            state: Mutex::new(state),
            news: Condvar::new(),
        });
        let gathering = Gathering { shared };
        for number in 0..lines {
            let working = Working(Arc::clone(&gathering.shared));
            let name = format!("gather-{number}");
            let work = move || working.0.work();
            thread::Builder::new().name(name).spawn(work)?;
        }
        Ok(gathering)
    }

    /// What has come, with the places among the wishes; waits until there is some, though no longer than
    /// that. None: no more will come.
    #[must_use]
    pub fn take(&self, within: Duration) -> Option<Vec<(usize, Found)>> {
        let mut state = self.wait(self.shared.state(), within, 1);
        if !state.found.is_empty() {
            state = self.wait(state, TAKEN_WAIT, TAKEN_MIN);
        }
        if state.found.is_empty() && state.lines == 0 {
            return None;
        }
        let taken = state.found.len().min(TAKEN_MAX);
        Some(state.found.drain(..taken).collect())
    }

    fn wait<'s>(
        &self,
        mut state: MutexGuard<'s, State>,
        within: Duration,
        least: usize,
    ) -> MutexGuard<'s, State> {
        let deadline = Instant::now() + within;
        while state.found.len() < least && state.lines > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.shared.news.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        self.shared.state().is_given_up = true;
    }
}
