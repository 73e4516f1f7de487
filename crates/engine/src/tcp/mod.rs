//! The TCP thread: accepts, and gives every connection its turns (RFC 7766 section 5), which may
//! bring many queries at once (RFC 7766 section 6.2.1.1).

mod admission;
pub(crate) mod connection;
pub(crate) mod desk;
mod places;

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::counters::{Counters, Dropped};
use crate::inbox::{INBOX, Inbox, Order};
use crate::responder::Responder;
use crate::sys::{self, Interest, Poll};
use admission::PAUSE;
use connection::{Next, Turn, deadline_in};
use desk::Desk;
use places::Places;

/// Tokens from here on are connections; smaller ones are listeners.
const CONNECTIONS: u64 = 1 << 32;

/// Queries of one connection before the others have their turn.
const QUERIES_PER_TURN: usize = 64;

/// How often deadlines are looked at at least, and at most; between them, four times in the idle
/// time.
const SWEEP: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(10));

/// The longest message, and so the longest answer.
const MESSAGE_OCTETS: usize = 65_535;

/// What a TCP client may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a connection may go without an answer that has wholly left.
    pub(crate) idle: Duration,
    /// Connections in all.
    pub(crate) clients: usize,
    /// Connections from one IPv4 address or one IPv6 network.
    pub(crate) clients_per_prefix: usize,
}

/// The state of the TCP thread.
pub(crate) struct Worker<R> {
    desk: Desk<R>,
    limits: Limits,
    inbox: Arc<Inbox<TcpListener>>,
    poll: Poll,
    listeners: Vec<(u64, TcpListener)>,
    places: Places<TcpStream>,
    /// Connections with work that no event will announce.
    again: Vec<usize>,
    scratch: Vec<u8>,
    next_sweep: Instant,
    paused_until: Option<Instant>,
    stop_by: Option<Instant>,
}

impl<R: Responder> Worker<R> {
    pub(crate) fn new(
        responder: R,
        counters: Arc<Counters>,
        inbox: Arc<Inbox<TcpListener>>,
        limits: Limits,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.add(inbox.as_fd(), INBOX, Interest::Read)?;
        Ok(Worker {
            desk: Desk {
                responder,
                counters,
                reply: vec![0; MESSAGE_OCTETS],
            },
            limits,
            inbox,
            poll,
            listeners: Vec::new(),
            places: Places::new(),
            again: Vec::new(),
            scratch: vec![0; MESSAGE_OCTETS],
            next_sweep: Instant::now(),
            paused_until: None,
            stop_by: None,
        })
    }

    /// Serves until told to stop and everything received is answered, or its time is over.
    pub(crate) fn run(mut self) {
        sys::block_signals();
        sys::ask_for_short_slices();
        while !self.is_finished() {
            if catch_unwind(AssertUnwindSafe(|| self.turn())).is_err() {
                self.desk.counters.dropped(Dropped::Panic);
            }
        }
    }

    fn is_finished(&self) -> bool {
        self.stop_by
            .is_some_and(|by| self.places.open() == 0 || by <= Instant::now())
    }

    fn turn(&mut self) {
        if self.poll.wait(self.patience()).is_err() {
            self.desk.counters.dropped(Dropped::Socket);
            std::thread::sleep(PAUSE);
        }
        let waiting = std::mem::take(&mut self.again);
        for event in 0..self.poll.ready() {
            match self.poll.token(event) {
                None => {}
                Some(INBOX) => self.obey(),
                Some(token) => match token.checked_sub(CONNECTIONS).map(usize::try_from) {
                    Some(Ok(index)) => self.serve(index),
                    _ => self.accept(token),
                },
            }
        }
        for index in not_yet(waiting, &self.again) {
            self.serve(index);
        }
        let now = Instant::now();
        if self.paused_until.is_some_and(|until| until <= now) {
            self.paused_until = None;
            self.watch_listeners(Interest::Read);
        }
        if self.next_sweep <= now {
            self.sweep(now);
        }
    }

    /// How long to wait for an event: until the next thing that time alone brings about.
    fn patience(&self) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        let sweep = (self.places.open() > 0).then_some(self.next_sweep);
        let moments = [sweep, self.paused_until, self.stop_by];
        let next = moments.into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn obey(&mut self) {
        let (orders, stop_by) = self.inbox.take();
        for order in orders {
            match order {
                Order::Serve { id, socket } => {
                    let interest = if self.paused_until.is_some() {
                        Interest::Nothing
                    } else {
                        Interest::Read
                    };
                    if self.poll.add(socket.as_fd(), id, interest).is_err() {
                        self.desk.counters.dropped(Dropped::Socket);
                    }
                    self.listeners.push((id, socket));
                }
                // Its connections live on; what waits to be accepted is accepted first.
                Order::Leave { id } => {
                    self.accept(id);
                    self.listeners.retain(|(known, _)| *known != id);
                }
            }
        }
        if stop_by.is_some() && self.stop_by.is_none() {
            self.stop_by = stop_by;
            self.finish();
        }
    }

    /// Accepts nothing more; idle connections close, the others answer what they have received.
    fn finish(&mut self) {
        for id in self.listeners.iter().map(|(id, _)| *id).collect::<Vec<_>>() {
            self.accept(id);
        }
        self.listeners.clear();
        for index in self.places.all() {
            self.serve(index);
        }
    }

    fn watch_listeners(&self, interest: Interest) {
        for (id, listener) in &self.listeners {
            if self.poll.change(listener.as_fd(), *id, interest).is_err() {
                self.desk.counters.dropped(Dropped::Socket);
            }
        }
    }

    /// Gives one connection its turn.
    fn serve(&mut self, index: usize) {
        let Some((connection, interest)) = self.places.get_mut(index) else {
            return;
        };
        let desk = &mut self.desk;
        let mut turn = Turn {
            answer: |message: &[u8], client, output: &mut Vec<u8>| {
                desk.answer(message, client, output)
            },
            scratch: &mut self.scratch,
            queries: QUERIES_PER_TURN,
            deadline: deadline_in(Instant::now(), self.limits.idle),
            transferred: 0,
        };
        let turned = connection.turn(&mut turn);
        let transferred = turn.transferred;
        self.desk.counters.transferred(transferred);
        let wanted = match turned {
            Ok(Next::Reading) if self.stop_by.is_some() && connection.is_idle() => None,
            Ok(Next::Reading) => Some(Interest::Read),
            Ok(Next::Writing) => Some(Interest::Write),
            Ok(Next::Again) => {
                self.again.push(index);
                Some(*interest)
            }
            Ok(Next::Closing) | Err(_) => None,
        };
        let Some(wanted) = wanted else {
            return self.places.leave(index);
        };
        if wanted != *interest {
            *interest = wanted;
            let socket: BorrowedFd<'_> = connection.stream.as_fd();
            if self.poll.change(socket, token_of(index), wanted).is_err() {
                self.places.leave(index);
            }
        }
    }

    fn sweep_interval(&self) -> Duration {
        (self.limits.idle / 4).clamp(SWEEP.1, SWEEP.0)
    }

    /// Closes what is beyond its deadline.
    fn sweep(&mut self, now: Instant) {
        self.next_sweep = deadline_in(now, self.sweep_interval());
        for index in self.places.all() {
            let connection = self.places.get_mut(index).map(|(connection, _)| connection);
            if connection.is_some_and(|connection| connection.is_overdue(now)) {
                self.desk.counters.dropped(Dropped::Idle);
                self.places.leave(index);
            }
        }
    }
}

fn token_of(index: usize) -> u64 {
    CONNECTIONS + u64::try_from(index).unwrap_or(0)
}

/// Those of `waiting` that an event has not brought back to the queue in this turn already: a client that keeps its pipe
/// full has one share of a turn, not one more with every turn.
fn not_yet(mut waiting: Vec<usize>, queued: &[usize]) -> Vec<usize> {
    waiting.retain(|index| !queued.contains(index));
    waiting
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use understudy_answer::{Outcome, Request, Silence};

    use super::{Limits, QUERIES_PER_TURN, Worker, not_yet};
    use crate::counters::Counters;
    use crate::inbox::{Inbox, Order};
    use crate::responder::Responder;
    use crate::sys::Interest;

    /// Counts what it is asked, and stays silent, so that no answer is ever in the way.
    struct Listening(Arc<AtomicUsize>);

    impl Responder for Listening {
        fn respond(&mut self, _request: &Request<'_>, _reply: &mut [u8]) -> Outcome {
            self.0.fetch_add(1, Ordering::Relaxed);
            Outcome::Silent(Silence::Response)
        }
    }

    fn worker(limits: Limits) -> (Worker<Listening>, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let inbox = Arc::new(Inbox::new().unwrap());
        let counters = Arc::new(Counters::new());
        let responder = Listening(Arc::clone(&asked));
        let worker = Worker::new(responder, counters, inbox, limits).unwrap();
        (worker, asked)
    }

    /// RFC 6177 section 2: a site is given a network, not an address.
    #[test]
    fn connections_of_one_ipv6_network_are_counted_together() {
        let limits = Limits {
            idle: Duration::from_secs(60),
            clients: 10,
            clients_per_prefix: 1,
        };
        let (mut worker, _) = worker(limits);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for client in [
            "2001:db8:0:1::1",
            "2001:db8:0:ff::2",
            "2001:db8:0:100::1",
            "192.0.2.1",
            "192.0.2.2",
        ] {
            clients.push(TcpStream::connect(address).unwrap());
            worker.admit(listener.accept().unwrap().0, client.parse().unwrap());
        }
        let open = worker.places.clients();
        let open: Vec<String> = open.iter().map(ToString::to_string).collect();
        let expected = [
            "2001:db8:0:ff::2",
            "2001:db8:0:100::1",
            "192.0.2.1",
            "192.0.2.2",
        ];
        assert_eq!(open, expected, "the first made room for the second");
    }

    #[test]
    fn a_client_that_keeps_its_pipe_full_has_the_same_share_of_every_turn() {
        let limits = Limits {
            idle: Duration::from_secs(60),
            clients: 10,
            clients_per_prefix: 10,
        };
        let (mut worker, asked) = worker(limits);
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut client = TcpStream::connect(socket.local_addr().unwrap()).unwrap();
        client.set_nonblocking(true).unwrap();
        worker.inbox.order(Order::Serve { id: 1, socket });

        let queries = b"\x00\x01q".repeat(20_000);
        let mut most = 0;
        let mut sent = 0;
        for _ in 0..60 {
            // What does not fit now follows from where it was cut, so that messages stay whole.
            while let Ok(octets) = client.write(&queries[sent % 3..]) {
                sent += octets;
            }
            let before = asked.load(Ordering::Relaxed);
            worker.turn();
            most = most.max(asked.load(Ordering::Relaxed) - before);
        }
        assert!(most >= QUERIES_PER_TURN, "it was served: {most}");
        assert!(most <= 2 * QUERIES_PER_TURN, "its share grew to {most}");
    }

    const MANY: Limits = Limits {
        idle: Duration::from_secs(60),
        clients: 10,
        clients_per_prefix: 10,
    };

    fn listener() -> (TcpListener, SocketAddr) {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[test]
    fn who_waits_at_an_address_that_leaves_is_let_in_first() {
        let (mut worker, _) = worker(MANY);
        let (socket, address) = listener();
        worker.inbox.order(Order::Serve { id: 1, socket });
        worker.turn();
        let _client = TcpStream::connect(address).unwrap();
        worker.inbox.order(Order::Leave { id: 1 });
        worker.obey();
        assert_eq!((worker.places.open(), worker.listeners.len()), (1, 0));
    }

    #[test]
    fn who_waits_while_descriptors_are_rare_is_let_in_when_they_are_not() {
        let (mut worker, _) = worker(MANY);
        let (socket, address) = listener();
        worker.inbox.order(Order::Serve { id: 1, socket });
        worker.turn();
        let _client = TcpStream::connect(address).unwrap();
        worker.watch_listeners(Interest::Nothing);
        worker.paused_until = Some(Instant::now());
        // Nothing else would end a turn that waits in vain.
        worker.stop_by = Some(Instant::now() + Duration::from_secs(5));
        for open in [0, 1] {
            worker.turn();
            assert_eq!(worker.places.open(), open);
        }
        assert_eq!(worker.paused_until, None);
    }

    #[test]
    fn a_client_that_was_served_by_an_event_waits_for_the_next_turn() {
        assert_eq!(not_yet(vec![3, 5, 7], &[5]), [3, 7]);
        assert_eq!(not_yet(vec![3], &[3]), [0_usize; 0]);
        assert_eq!(not_yet(vec![3], &[]), [3]);
    }
}
