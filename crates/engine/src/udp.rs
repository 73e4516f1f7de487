//! One UDP thread: its sockets, one per address, answered in batches.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use understudy_answer::{Outcome, Request, Transport};

use crate::address;
use crate::counters::{Counters, Dropped};
use crate::inbox::{Inbox, Order};
use crate::responder::Responder;
use crate::service::Settings;
use crate::sys::{self, Batch, Unusable, Wait, Watch};

/// Batches answered on one socket before the others have their turn.
/// chosen: a flood on one address delays another by less than 2 ms.
const BATCHES_PER_TURN: usize = 8;

/// Batches answered on the only socket before orders have their turn, the waiting for them included.
/// chosen: one look for orders among so many is not noticed; an order waits for a tenth of a second, three on a kernel of 100 Hz.
const BATCHES_ALONE: usize = 16;

/// Batches answered on a socket that is being closed. After that a flood is a flood.
const BATCHES_AT_LEAVING: usize = 256;

/// Who comes so long after the one before comes by himself, and so, it is assumed, does the next.
/// chosen: a few times what an answer takes; where more come in that time they come in batches.
const ALONE_NS: u64 = 20_000;

/// The pause after a fault of the system, so that a lasting one does not burn the core.
const PAUSE: Duration = Duration::from_millis(10);

/// The state of one UDP thread.
pub(crate) struct Worker<R> {
    responder: R,
    counters: Arc<Counters>,
    inbox: Arc<Inbox<Arc<UdpSocket>>>,
    /// The inbox, then the sockets.
    watch: Watch,
    /// In the order of their ids, which only grow.
    sockets: Vec<(u64, Arc<UdpSocket>)>,
    batch: Batch,
    /// When the last batch came, by the clock of requests.
    last_ns: u64,
    /// How long it looks for the next query before it sleeps.
    busy_poll_ns: u64,
    /// Whether the last batch came as soon behind the one before.
    is_busy: bool,
    is_stopping: bool,
}

impl<R: Responder> Worker<R> {
    pub(crate) fn new(
        responder: R,
        counters: Arc<Counters>,
        inbox: Arc<Inbox<Arc<UdpSocket>>>,
        settings: &Settings,
    ) -> Self {
        let mut watch = Watch::default();
        watch.add(inbox.as_fd());
        let (sockets, batch) = (Vec::new(), Batch::new(settings.udp_size.into()));
        Worker {
            responder,
            counters,
            inbox,
            watch,
            sockets,
            batch,
            last_ns: 0,
            busy_poll_ns: u64::try_from(settings.busy_poll.as_nanos()).unwrap_or(u64::MAX),
            is_busy: false,
            is_stopping: false,
        }
    }

    /// Answers until told to stop. A panic is counted and survived.
    pub(crate) fn run(mut self) {
        sys::block_signals();
        sys::ask_for_short_slices();
        while !self.is_stopping {
            if catch_unwind(AssertUnwindSafe(|| self.turn())).is_err() {
                self.counters.dropped(Dropped::Panic);
            }
        }
        for index in 0..self.sockets.len() {
            self.serve_rounds(index, BATCHES_AT_LEAVING, Wait::Never);
        }
    }

    fn turn(&mut self) {
        if self.wait().is_err() {
            self.counters.dropped(Dropped::Socket);
            std::thread::sleep(PAUSE);
        }
        // The inbox last, because what it orders moves the sockets.
        for place in (0..self.watch.places()).rev() {
            if self.watch.is_ready(place) {
                match place.checked_sub(1) {
                    Some(index) if self.sockets.len() == 1 && !self.is_busy => {
                        self.serve_rounds(index, BATCHES_ALONE, Wait::ForOne);
                    }
                    Some(index) => self.serve_rounds(index, BATCHES_PER_TURN, Wait::Never),
                    None => self.obey(),
                }
            }
        }
    }

    /// Waits until there is something to do; where queries come close to each other, awake at first.
    fn wait(&mut self) -> io::Result<()> {
        let until_ns = sys::monotonic_ns().saturating_add(self.busy_poll_ns);
        while self.is_busy {
            if self.watch.look()? {
                return Ok(());
            }
            self.is_busy = sys::monotonic_ns() < until_ns;
        }
        self.watch.wait()
    }

    fn index_of(&self, id: u64) -> Option<usize> {
        self.sockets
            .binary_search_by_key(&id, |(known, _)| *known)
            .ok()
    }

    fn obey(&mut self) {
        let (orders, stop_by) = self.inbox.take();
        self.is_stopping = stop_by.is_some();
        for order in orders {
            match order {
                Order::Serve { id, socket } => {
                    self.watch.add(socket.as_fd());
                    self.sockets.push((id, socket));
                }
                Order::Leave { id } => {
                    if let Some(index) = self.index_of(id) {
                        if let Some((_, socket)) = self.sockets.get(index) {
                            address::turn_away(socket);
                        }
                        self.serve_rounds(index, BATCHES_AT_LEAVING, Wait::Never);
                        // Whoever gave it may still hold it, so this need not close it.
                        self.watch.remove(index + 1);
                        self.sockets.remove(index);
                    }
                }
            }
        }
    }

    /// Answers what arrives at one socket, in at most `rounds` batches, until nothing more is there.
    fn serve_rounds(&mut self, index: usize, rounds: usize, first_wait: Wait) {
        let mut wait = first_wait;
        for _ in 0..rounds {
            let Some((_, socket)) = self.sockets.get(index) else {
                return;
            };
            let Ok(received) = self.batch.receive(socket.as_fd(), wait) else {
                self.counters.dropped(Dropped::Socket);
                return;
            };
            if received == 0 {
                return;
            }
            let (now_ns, wall_s) = (sys::monotonic_ns(), sys::wall_s());
            let after_ns = now_ns.saturating_sub(self.last_ns);
            self.last_ns = now_ns;
            self.is_busy = after_ns < self.busy_poll_ns;
            if first_wait == Wait::ForOne {
                wait = match received {
                    _ if self.is_busy => Wait::Never,
                    1 if after_ns > ALONE_NS => Wait::ForOneAlone,
                    _ => Wait::ForOne,
                };
            }
            self.responder.begin_batch();
            if received > 1 {
                self.responder.look_ahead(self.batch.messages());
            }
            self.answer_batch(received, now_ns, wall_s);
            let Some((_, socket)) = self.sockets.get(index) else {
                return;
            };
            for _ in 0..self.batch.send(socket.as_fd()) {
                self.counters.dropped(Dropped::Send);
            }
            self.responder.end_batch();
        }
    }

    /// Answers every datagram of the batch. One whose answer panics is dropped.
    fn answer_batch(&mut self, received: usize, now_ns: u64, wall_s: u32) {
        let mut places = 0..received;
        while !places.is_empty() {
            let rest = AssertUnwindSafe(|| {
                for place in &mut places {
                    self.answer(place, now_ns, wall_s);
                }
            });
            if catch_unwind(rest).is_err() {
                self.counters.dropped(Dropped::Panic);
            }
        }
    }

    /// Answers a datagram of which only the beginning was read.
    #[cold]
    fn turn_to_tcp(&mut self, place: usize, now_ns: u64, wall_s: u32) {
        let Some(Ok(datagram)) = self.batch.beginning(place) else {
            return self.counters.dropped(Dropped::NoPeer);
        };
        self.counters.query(Transport::Udp, datagram.client);
        let request = Request {
            message: datagram.message,
            client: datagram.client,
            transport: Transport::Udp,
            now_ns,
            wall_s,
        };
        match self.responder.turn_to_tcp(&request, datagram.reply) {
            Outcome::Answered(summary) => {
                self.counters.answered(&summary);
                self.batch.queue(place, summary.length);
            }
            Outcome::Silent(why) => self.counters.silent(why),
        }
    }

    /// Answers one datagram of the batch, and queues the reply.
    #[inline]
    fn answer(&mut self, place: usize, now_ns: u64, wall_s: u32) {
        let datagram = match self.batch.datagram(place) {
            None => return,
            Some(Err(Unusable::TooLong)) => {
                return self.turn_to_tcp(place, now_ns, wall_s);
            }
            Some(Err(Unusable::NoPeer)) => return self.counters.dropped(Dropped::NoPeer),
            Some(Ok(datagram)) => datagram,
        };
        self.counters.query(Transport::Udp, datagram.client);
        let request = Request {
            message: datagram.message,
            client: datagram.client,
            transport: Transport::Udp,
            now_ns,
            wall_s,
        };
        let mut outcome = self.responder.respond(&request, datagram.reply);
        if let Outcome::Answered(summary) = &outcome
            && summary.is_refused_transfer()
        {
            let begun = self.responder.transfer(&request, summary, datagram.reply);
            self.counters.transfer(begun.as_ref());
            outcome = begun.map_or(outcome, |begun| begun.outcome);
        }
        // By reference: what has just been written octet by octet is not to be read in longer words.
        match &outcome {
            Outcome::Answered(summary) => {
                self.counters.answered(summary);
                self.batch.queue(place, summary.length);
            }
            Outcome::Silent(why) => self.counters.silent(*why),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use understudy_answer::Summary;

    use super::*;

    /// Counts what it is told of beforehand and what it is asked, and answers with an octet.
    #[derive(Clone, Default)]
    struct Noting {
        announced: Arc<AtomicUsize>,
        asked: Arc<AtomicUsize>,
    }

    impl Noting {
        fn counts(&self) -> (usize, usize) {
            let [announced, asked] = [&self.announced, &self.asked];
            (
                announced.load(Ordering::SeqCst),
                asked.load(Ordering::SeqCst),
            )
        }
    }

    impl Responder for Noting {
        fn respond(&mut self, _request: &Request<'_>, reply: &mut [u8]) -> Outcome {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let length = reply.len().min(1);
            Outcome::Answered(Summary {
                length,
                ..Summary::default()
            })
        }

        fn look_ahead<'m>(&mut self, messages: impl Iterator<Item = &'m [u8]>) {
            self.announced.fetch_add(messages.count(), Ordering::SeqCst);
        }
    }

    /// A worker that has taken up so many sockets, the first of which has this address.
    fn worker(sockets: u64) -> (Worker<Noting>, Noting, SocketAddr) {
        busy_worker(sockets, Duration::ZERO)
    }

    /// The same, which looks for the next query so long before it sleeps.
    fn busy_worker(sockets: u64, busy_poll: Duration) -> (Worker<Noting>, Noting, SocketAddr) {
        let (inbox, noting) = (Arc::new(Inbox::new().unwrap()), Noting::default());
        let mut first = None;
        for id in 0..sockets {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            socket
                .set_read_timeout(Some(Duration::from_millis(5)))
                .unwrap();
            first = first.or(socket.local_addr().ok());
            inbox.order(Order::Serve {
                id,
                socket: Arc::new(socket),
            });
        }
        let counters = Arc::new(Counters::new());
        let settings = Settings {
            busy_poll,
            ..Settings::default()
        };
        let mut worker = Worker::new(noting.clone(), counters, inbox, &settings);
        worker.turn();
        (worker, noting, first.unwrap())
    }

    #[test]
    fn a_responder_hears_beforehand_of_what_has_come_together() {
        let (mut worker, noting, address) = worker(1);
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for (together, expected) in [(3, (3, 3)), (1, (3, 4)), (2, (5, 6))] {
            for _ in 0..together {
                client.send_to(b"query", address).unwrap();
            }
            worker.turn();
            assert_eq!(noting.counts(), expected);
        }
    }

    /// A turn has an end, earlier where other addresses wait for theirs.
    #[test]
    fn a_client_that_asks_again_at_once_has_so_many_answers_in_a_turn() {
        for (sockets, most) in [(1, BATCHES_ALONE), (2, BATCHES_PER_TURN)] {
            let (mut worker, noting, address) = worker(sockets);
            let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let patience = Duration::from_millis(20);
            client.set_read_timeout(Some(patience)).unwrap();
            client.send_to(b"query", address).unwrap();
            let is_over = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    // Twice as many as there may be, so that a turn without an end ends all the same.
                    while !is_over.load(Ordering::SeqCst) && noting.counts().1 < 2 * most {
                        if client.recv(&mut [0]).is_ok() {
                            client.send_to(b"query", address).unwrap();
                        }
                    }
                });
                worker.turn();
                is_over.store(true, Ordering::SeqCst);
            });
            let (_, asked) = noting.counts();
            assert!((1..=most).contains(&asked), "{asked} of {sockets} sockets");
        }
    }

    /// How often the calling thread has gone to sleep.
    fn sleeps() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse().unwrap()
    }

    /// How long the calling thread has run, or waited for a core to run on.
    fn awake() -> Duration {
        let status = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        let mut fields = status.split_whitespace();
        let mut field = || fields.next().unwrap().parse().unwrap();
        Duration::from_nanos(field()) + Duration::from_nanos(field())
    }

    const QUERIES: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(5);

    /// A thread that looks so long before it sleeps has queries answered, each after a pause: how often it slept, and
    /// how long it was awake.
    fn rest_between(busy_poll: Duration, sockets: u64) -> (u64, Duration) {
        let (mut worker, noting, address) = busy_worker(sockets, busy_poll);
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for _ in 0..2 {
            client.send_to(b"query", address).unwrap();
            worker.turn();
        }
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..QUERIES {
                    std::thread::sleep(PAUSE);
                    client.send_to(b"query", address).unwrap();
                }
            });
            let before = (sleeps(), awake());
            while noting.counts().1 < 2 + usize::try_from(QUERIES).unwrap() {
                worker.turn();
            }
            (sleeps() - before.0, awake().saturating_sub(before.1))
        })
    }

    #[test]
    fn who_polls_busily_sleeps_only_where_nothing_comes_for_that_long() {
        let (short, long) = (Duration::from_micros(50), Duration::from_secs(10));
        for sockets in [1, 2] {
            assert!(rest_between(Duration::ZERO, sockets).0 >= u64::from(QUERIES / 4));
            assert!(rest_between(short, sockets).0 >= u64::from(QUERIES / 4));
            assert!(rest_between(long, sockets).1 >= PAUSE * QUERIES / 2);
        }
    }

    #[test]
    fn who_polled_busily_in_vain_sleeps_and_after_a_pause_is_not_busy() {
        let busy_poll = Duration::from_millis(20);
        for sockets in [1, 2] {
            let (mut worker, _, address) = busy_worker(sockets, busy_poll);
            let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            while !worker.is_busy {
                client.send_to(b"query", address).unwrap();
                worker.turn();
            }
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(4 * busy_poll);
                    client.send_to(b"query", address).unwrap();
                });
                let before = sleeps();
                worker.wait().unwrap();
                assert!(sleeps() > before);
                assert!(!worker.is_busy);
            });
            worker.turn();
            assert!(!worker.is_busy);
        }
    }

    #[test]
    fn a_turn_in_which_queries_come_close_to_each_other_does_not_sleep_for_the_next() {
        let workers = 10;
        let slept: u64 = (0..workers)
            .map(|_| {
                let (mut worker, _, address) = busy_worker(1, Duration::from_secs(10));
                let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                client.send_to(b"query", address).unwrap();
                worker.turn();
                worker.is_busy = false;
                client.send_to(b"query", address).unwrap();
                let before = sleeps();
                worker.turn();
                assert!(worker.is_busy);
                sleeps() - before
            })
            .sum();
        assert!(slept < workers / 2, "{slept}");
    }

    #[test]
    fn who_polls_busily_obeys_at_once() {
        let (mut worker, _, address) = busy_worker(1, Duration::from_secs(10));
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for _ in 0..2 {
            client.send_to(b"query", address).unwrap();
            worker.turn();
        }
        assert!(worker.is_busy);
        worker.inbox.stop(std::time::Instant::now());
        worker.turn();
        assert!(worker.is_stopping);
    }
}
