//! Many zones at once from one primary, each whole (AXFR, RFC 5936): questions go ahead of the answers over
//! a few connections, and the zones are made where they arrive.
//!
//! It is the quick way for those that are not here yet, and no judge: of a zone that does not come as it
//! should nothing is said, and whoever wants it asks again by itself, to learn why. Nobody waits for one
//! that is slow either: a line that gives no zone for [`Terms::patience`] is given up with all that it was asked for.

mod line;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use understudy_wire::{NameBuf, TsigKey};
use understudy_zone::Loaded;

use line::Line;

use crate::sys;

/// chosen: one reads while the other makes zones of what it has read; a primary sees no more connections.
const LINES: usize = 2;

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
    /// How long it may take until there is a connection, and from one zone to the next.
    pub patience: Duration,
}

/// What the lines share.
#[derive(Debug, Default)]
struct State {
    /// Not asked for yet: places in `origins`.
    wanted: VecDeque<usize>,
    /// Here, and not taken yet.
    found: Vec<(usize, Loaded)>,
    /// Lines that may still bring something.
    lines: usize,
    is_given_up: bool,
}

#[derive(Debug)]
struct Shared {
    source: Source,
    origins: Vec<NameBuf>,
    terms: Terms,
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

    /// The next zone to ask for.
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

    fn put(&self, place: usize, loaded: Loaded) {
        let mut state = self.state();
        state.found.push((place, loaded));
        let is_worth_it = state.found.len() == 1 || state.found.len() == TAKEN_MIN;
        drop(state);
        if is_worth_it {
            self.news.notify_all();
        }
    }

    /// What one line does: zone after zone, over a new connection where one has ended. A server that does not
    /// like many questions at once is asked one by one; one that gives nothing more, or is slow once more, is left.
    fn work(&self) {
        sys::block_signals();
        let mut is_ahead = true;
        loop {
            let Ok(Some(mut line)) = Line::open(self) else {
                return;
            };
            let Err(error) = line.work(is_ahead) else {
                return;
            };
            let is_fruitless = line.found() == 0;
            let is_slow = error.kind() == ErrorKind::TimedOut;
            if (is_fruitless && is_slow) || ((is_fruitless || is_slow) && !is_ahead) {
                return; // with the zone that broke it
            }
            if !is_slow {
                self.put_back(line.left());
            }
            is_ahead = false;
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

/// Zones that are being fetched. Dropping it gives up those that have not come.
#[derive(Debug)]
pub struct Gathering {
    shared: Arc<Shared>,
}

impl Gathering {
    /// Begin, with threads of its own.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn start(source: Source, origins: Vec<NameBuf>, terms: Terms) -> io::Result<Self> {
        let lines = LINES.min(origins.len());
        let state = State {
            wanted: (0..origins.len()).collect(),
            lines,
            ..State::default()
        };
        let shared = Arc::new(Shared {
            source,
            origins,
            terms,
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

    /// Zones that have come, with their places among the origins; waits until there are some, though no
    /// longer than that. None: no more will come.
    #[must_use]
    pub fn take(&self, within: Duration) -> Option<Vec<(usize, Loaded)>> {
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
