//! The DNS service: addresses, threads, and their life.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::address::{self, Bound, Purpose};
use crate::counters::{self, Counters};
use crate::error::EngineError;
use crate::inbox::{Inbox, Order};
use crate::responder::Responder;
use crate::{tcp, udp};

/// How the service is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// UDP threads; there is one TCP thread besides.
    pub threads: usize,
    /// The longest answer over UDP, in octets.
    pub udp_size: u16,
    /// How long a UDP thread looks for the next query before it sleeps, where queries come that close to each other.
    pub busy_poll: Duration,
    /// How long a TCP connection may go without an answer that has wholly left.
    pub tcp_idle: Duration,
    /// TCP connections in all.
    pub tcp_clients: usize,
    /// TCP connections from one IPv4 address or one IPv6 network of 56 bits.
    pub tcp_clients_per_prefix: usize,
    /// Zone transfers at once.
    pub transfers: usize,
    /// Another process of the same user may bind beside, as for a restart without a gap.
    pub shares_addresses: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            threads: 1,
            udp_size: 1232,
            busy_poll: Duration::ZERO,
            tcp_idle: Duration::from_secs(10),
            tcp_clients: 1000,
            tcp_clients_per_prefix: 100,
            transfers: 20,
            shares_addresses: false,
        }
    }
}

/// How much longer than asked [`Service::stop`] waits for threads that gave up at the deadline.
const GRACE: Duration = Duration::from_millis(250);

/// The number of threads that run, and the news that one has ended.
#[derive(Debug, Default)]
struct Running {
    threads: Mutex<usize>,
    ended: Condvar,
}

/// Counts one thread for as long as it lives, however it ends.
struct Alive(Arc<Running>);

impl Alive {
    fn new(running: &Arc<Running>) -> Self {
        *lock(&running.threads) += 1;
        Alive(Arc::clone(running))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        *lock(&self.0.threads) -= 1;
        self.0.ended.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address being served: its id, and how it was asked for.
#[derive(Clone, Debug)]
struct Served {
    id: u64,
    asked: SocketAddr,
    actual: SocketAddr,
    /// Its UDP sockets, which the threads have too.
    datagrams: Vec<Arc<UdpSocket>>,
}

impl Served {
    /// Whether this is what is meant.
    fn is(&self, address: SocketAddr) -> bool {
        self.asked == address || self.actual == address
    }
}

enum Phase<R> {
    /// Bound, and not yet answering: the responders wait for their threads, UDP ones first.
    Bound(Vec<R>),
    Running,
    Stopped,
}

struct State<R> {
    phase: Phase<R>,
    served: Vec<Served>,
    last_id: u64,
}

/// Sockets and threads that answer with a [`Responder`] each.
///
/// Bound addresses take part in the kernel's distribution of queries at once, so
/// [`Service::start`] should follow soon after [`Service::bind`]: what arrives between them waits.
pub struct Service<R> {
    settings: Settings,
    counters: Vec<Arc<Counters>>,
    udp: Vec<Arc<Inbox<Arc<UdpSocket>>>>,
    tcp: Arc<Inbox<TcpListener>>,
    running: Arc<Running>,
    state: Mutex<State<R>>,
}

impl<R: Responder> Service<R> {
    /// Binds UDP and TCP on every address.
    ///
    /// # Errors
    /// [`EngineError::Bind`] for the first address that cannot be had; then none is held.
    pub fn bind(
        addresses: &[SocketAddr],
        settings: Settings,
        mut responder: impl FnMut() -> R,
    ) -> Result<Self, EngineError> {
        let threads = settings.threads.max(1);
        let udp = (0..threads)
            .map(|_| Inbox::new().map(Arc::new))
            .collect::<io::Result<Vec<_>>>()
            .map_err(EngineError::System)?;
        let service = Service {
            settings: Settings {
                threads,
                ..settings
            },
            counters: (0..=threads).map(|_| Arc::new(Counters::new())).collect(),
            udp,
            tcp: Arc::new(Inbox::new().map_err(EngineError::System)?),
            running: Arc::default(),
            state: Mutex::new(State {
                phase: Phase::Bound((0..=threads).map(|_| responder()).collect()),
                served: Vec::new(),
                last_id: 0,
            }),
        };
        service.rebind(addresses)?;
        Ok(service)
    }

    /// The addresses as they are, with the port that the system chose.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        lock(&self.state)
            .served
            .iter()
            .map(|served| served.actual)
            .collect()
    }

    /// Starts the threads. Does nothing if they run.
    ///
    /// # Errors
    /// [`EngineError::System`] if a thread cannot be made, [`EngineError::Stopped`] after a stop.
    pub fn start(&self) -> Result<(), EngineError> {
        let mut state = lock(&self.state);
        let responders = match std::mem::replace(&mut state.phase, Phase::Running) {
            Phase::Bound(responders) => responders,
            Phase::Running => return Ok(()),
            Phase::Stopped => {
                state.phase = Phase::Stopped;
                return Err(EngineError::Stopped);
            }
        };
        let started = self.spawn(responders);
        if started.is_err() {
            state.phase = Phase::Stopped;
            self.order_stop(Duration::ZERO);
        }
        started.map_err(EngineError::System)
    }

    fn spawn(&self, responders: Vec<R>) -> io::Result<()> {
        let mut threads = responders.into_iter().zip(&self.counters);
        for (number, inbox) in self.udp.iter().enumerate() {
            let Some((responder, counters)) = threads.next() else {
                break;
            };
            let (counters, inbox) = (Arc::clone(counters), Arc::clone(inbox));
            let worker = udp::Worker::new(responder, counters, inbox, &self.settings);
            self.thread(format!("dns-udp-{number}"), move || worker.run())?;
        }
        let Some((responder, counters)) = threads.next() else {
            return Ok(());
        };
        let (counters, inbox) = (Arc::clone(counters), Arc::clone(&self.tcp));
        let limits = tcp::Limits {
            idle: self.settings.tcp_idle,
            clients: self.settings.tcp_clients,
            clients_per_prefix: self.settings.tcp_clients_per_prefix,
        };
        let worker = tcp::Worker::new(responder, counters, inbox, limits)?;
        self.thread("dns-tcp".to_owned(), move || worker.run())
    }

    fn thread(&self, name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let alive = Alive::new(&self.running);
        thread::Builder::new().name(name).spawn(move || {
            let _alive = alive;
            work();
        })?;
        Ok(())
    }

    fn order_stop(&self, within: Duration) {
        let by = Instant::now()
            .checked_add(within)
            .unwrap_or_else(Instant::now);
        for inbox in &self.udp {
            inbox.stop(by);
        }
        self.tcp.stop(by);
    }

    /// Answers what has arrived, closes, and waits for the threads. True if all ended in time;
    /// also true, at once, when called again.
    pub fn stop(&self, within: Duration) -> bool {
        {
            let mut state = lock(&self.state);
            state.served.clear();
            if let Phase::Bound(_) = std::mem::replace(&mut state.phase, Phase::Stopped) {
                self.discard_orders();
            }
        }
        self.order_stop(within);
        let threads = lock(&self.running.threads);
        let limit = within.saturating_add(GRACE);
        let waited = self
            .running
            .ended
            .wait_timeout_while(threads, limit, |threads| *threads > 0);
        let (threads, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *threads == 0
    }

    /// Closes sockets that no thread ever took.
    fn discard_orders(&self) {
        for inbox in &self.udp {
            drop(inbox.take());
        }
        drop(self.tcp.take());
    }

    /// Serves exactly these addresses from now on. Those that stay keep their sockets; those that
    /// leave answer what has arrived.
    ///
    /// # Errors
    /// [`EngineError::Bind`], and then nothing has changed; [`EngineError::Stopped`] after a stop.
    pub fn rebind(&self, addresses: &[SocketAddr]) -> Result<(), EngineError> {
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Stopped) {
            return Err(EngineError::Stopped);
        }
        let mut leaving = state.served.clone();
        let mut served = Vec::with_capacity(addresses.len());
        let mut fresh = Vec::new();
        for asked in addresses {
            // An address that is named twice is served once; each port 0 is another port.
            if asked.port() != 0 && served.iter().any(|it: &Served| it.is(*asked)) {
                continue;
            }
            if let Some(place) = leaving.iter().position(|it| it.is(*asked)) {
                served.push(leaving.remove(place));
                continue;
            }
            let bound = self.bind_beside(*asked, served.iter().chain(&leaving))?;
            state.last_id += 1;
            let id = state.last_id;
            served.push(Served {
                id,
                asked: bound.asked,
                actual: bound.actual,
                datagrams: bound.datagrams.clone(),
            });
            fresh.push((id, bound));
        }
        for (id, bound) in fresh {
            self.hand_out(id, bound);
        }
        for it in leaving {
            self.take_back(it.id);
        }
        state.served = served;
        Ok(())
    }

    /// Binds an address, which those that are served may cover.
    fn bind_beside<'s>(
        &self,
        asked: SocketAddr,
        others: impl Iterator<Item = &'s Served>,
    ) -> Result<Bound, EngineError> {
        let overlapping = others.filter(|it| address::do_overlap(it.actual, asked));
        let mut is_shared = self.settings.shares_addresses;
        for socket in overlapping.flat_map(|it| &it.datagrams) {
            is_shared = true;
            address::permit_sharing(socket).map_err(EngineError::System)?;
        }
        let purpose = Purpose {
            threads: self.settings.threads,
            udp_size: self.settings.udp_size,
            is_shared,
        };
        address::bind(asked, purpose)
    }

    fn hand_out(&self, id: u64, bound: Bound) {
        self.tcp.order(Order::Serve {
            id,
            socket: bound.listener,
        });
        for (inbox, socket) in self.udp.iter().zip(bound.datagrams) {
            inbox.order(Order::Serve { id, socket });
        }
    }

    fn take_back(&self, id: u64) {
        self.tcp.order(Order::Leave { id });
        for inbox in &self.udp {
            inbox.order(Order::Leave { id });
        }
    }

    /// What each thread counts with.
    pub(crate) fn threads(&self) -> Vec<Arc<Counters>> {
        self.counters.clone()
    }

    /// The counts of all threads, by name.
    #[must_use]
    pub fn counters(&self) -> std::collections::BTreeMap<String, u64> {
        counters::sum(self.counters.iter().map(AsRef::as_ref))
    }
}

impl<R> Drop for Service<R> {
    fn drop(&mut self) {
        let now = Instant::now();
        for inbox in &self.udp {
            inbox.stop(now);
        }
        self.tcp.stop(now);
    }
}
