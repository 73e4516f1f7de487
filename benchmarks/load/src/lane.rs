use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::batch::{BATCH, Batch, Peers, Wait};
use crate::fault::Fault;
use crate::queries::{Expected, Queries, read_answer};

/// Queries that one socket keeps in mind; an older one is lost. A power of two above every window.
const KEPT: usize = 8192;
/// Room for what is under way. The system gives less where it is told to.
pub(crate) const BUFFER_OCTETS: usize = 4 << 20;

/// A query on its way.
#[derive(Clone, Copy)]
struct Query {
    id: u16,
    since: Instant,
    expected: Expected,
}

/// What happened to queries.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) answered: u64,
    pub(crate) lost: u64,
    /// Answers with another rcode or another number of records than expected; they count as answered, too.
    pub(crate) wrong: u64,
}

/// One socket with its queries under way.
pub(crate) struct Lane {
    socket: UdpSocket,
    sending: Batch,
    received: Batch,
    queries: Vec<Option<Query>>,
    next_id: u16,
    pub(crate) under_way: usize,
    heard: Instant,
    is_checked: bool,
    pub(crate) tally: Tally,
}

impl Lane {
    pub(crate) fn connect(to: SocketAddr, is_checked: bool) -> Result<Self, Fault> {
        let socket = Socket::new(Domain::for_address(to), Type::DGRAM, None)
            .map_err(Fault::at("opening a socket"))?;
        socket
            .set_recv_buffer_size(BUFFER_OCTETS)
            .map_err(Fault::at("sizing a buffer"))?;
        socket
            .connect(&to.into())
            .map_err(Fault::at("connecting"))?;
        Ok(Lane {
            socket: socket.into(),
            sending: Batch::new(Peers::Connected),
            received: Batch::new(Peers::Connected),
            queries: vec![None; KEPT],
            next_id: 0,
            under_way: 0,
            heard: Instant::now(),
            is_checked,
            tally: Tally::default(),
        })
    }

    /// Sends up to `count` queries, a batch at most. `since`: when they should have gone.
    pub(crate) fn send(
        &mut self,
        queries: &mut Queries,
        count: usize,
        since: Instant,
    ) -> Result<(), Fault> {
        if self.under_way == 0 {
            self.heard = since;
        }
        self.sending.clear();
        for _ in 0..count.min(BATCH) {
            let id = self.next_id;
            self.next_id = self.next_id.wrapping_add(1);
            let (message, expected) = queries.take();
            self.sending.push(id, message);
            if let Some(place) = self.queries.get_mut(usize::from(id) % KEPT) {
                let query = Query {
                    id,
                    since,
                    expected,
                };
                if place.replace(query).is_some() {
                    self.tally.lost += 1;
                    self.under_way -= 1;
                }
            }
        }
        self.under_way += self.sending.filled();
        self.sending
            .send(&self.socket)
            .map_err(Fault::at("sending"))?;
        Ok(())
    }

    /// Takes the answers that have come; `heard` is told how long each took. Returns how many came.
    pub(crate) fn receive(
        &mut self,
        patience: Duration,
        mut heard: impl FnMut(Duration),
    ) -> Result<usize, Fault> {
        let came = self
            .received
            .receive(&self.socket, Wait::Not)
            .map_err(Fault::at("receiving"))?;
        let now = Instant::now();
        for message in self.received.messages() {
            let Some((id, answer)) = read_answer(message) else {
                self.tally.wrong += 1;
                continue;
            };
            let Some(place) = self.queries.get_mut(usize::from(id) % KEPT) else {
                continue;
            };
            // One that was given up, and comes after all, has been counted as lost.
            let Some(query) = place.take_if(|query| query.id == id) else {
                continue;
            };
            self.under_way -= 1;
            self.tally.answered += 1;
            if self.is_checked && answer != query.expected {
                self.tally.wrong += 1;
            }
            heard(now.saturating_duration_since(query.since));
        }
        if came > 0 {
            self.heard = now;
        } else if self.under_way > 0 && now.saturating_duration_since(self.heard) > patience {
            self.give_up();
        }
        Ok(came)
    }

    /// What has not come by now is lost.
    pub(crate) fn give_up(&mut self) {
        self.tally.lost += u64::try_from(self.under_way).unwrap_or(0);
        self.queries.fill(None);
        self.under_way = 0;
        self.heard = Instant::now();
    }
}
