//! Who may come in: a new connection finds a place, or the one that has been idle longest makes
//! room for it (RFC 7766 sections 6.2.2 and 6.2.3).

use std::io;
use std::net::{IpAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::connection::{Connection, deadline_in};
use super::{Worker, token_of};
use crate::counters::Dropped;
use crate::network::network_of;
use crate::responder::Responder;
use crate::sys::Interest;

/// Connections accepted before those that exist have their turn.
const ACCEPTS_PER_TURN: usize = 64;

/// Idle connections looked at for the place that a new one needs.
/// chosen: so many clients in a row rarely speak in the moment in which they would be closed.
const CANDIDATES: usize = 8;

/// Which clients share a limit: an IPv4 address is one client, and so is the IPv6 network that one
/// site is given (RFC 6177 section 2), for it has as many addresses as it likes.
const IPV4_BITS: u8 = 32;
const IPV6_BITS: u8 = 56;

/// How long no connection is accepted when the process has no descriptors left.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

impl<R: Responder> Worker<R> {
    pub(super) fn accept(&mut self, id: u64) {
        for _ in 0..ACCEPTS_PER_TURN {
            let Some((_, listener)) = self.listeners.iter().find(|(known, _)| *known == id) else {
                return;
            };
            match listener.accept() {
                Ok((stream, peer)) => self.admit(stream, peer.ip()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_exhaustion(&error) => {
                    // The listener stays readable, so watching it now would be a busy loop.
                    self.desk.counters.dropped(Dropped::Descriptors);
                    self.paused_until = Some(deadline_in(Instant::now(), PAUSE));
                    return self.watch_listeners(Interest::Nothing);
                }
                // The connection died before it was accepted.
                Err(_) => {}
            }
        }
    }

    /// Takes a connection in. At a limit the one that has been idle longest makes room for it; it
    /// is closed at once only if all the others are at work.
    pub(super) fn admit(&mut self, stream: TcpStream, client: IpAddr) {
        let network = network_of(client, IPV4_BITS, IPV6_BITS);
        let has_room = if self.places.from(network) >= self.limits.clients_per_prefix {
            self.make_room(Some(network))
        } else {
            self.places.open() < self.limits.clients || self.make_room(None)
        };
        if !has_room {
            return self.desk.counters.refused();
        }
        let index = self.places.next();
        // Answers leave whole in one write; waiting to join them with others only costs time.
        let is_ready = stream.set_nonblocking(true).is_ok()
            && stream.set_nodelay(true).is_ok()
            && self
                .poll
                .add(stream.as_fd(), token_of(index), Interest::Read)
                .is_ok();
        let deadline = deadline_in(Instant::now(), self.limits.idle);
        self.places
            .enter(Connection::new(stream, client, network, deadline));
        self.desk.counters.accepted();
        if !is_ready {
            self.desk.counters.dropped(Dropped::Socket);
            self.places.leave(index);
        }
    }

    /// Closes the connection that has been idle longest, of this network or of all. False if none
    /// is idle.
    fn make_room(&mut self, network: Option<IpAddr>) -> bool {
        for _ in 0..CANDIDATES {
            let Some((index, deadline)) = self.places.longest_idle(network) else {
                return false;
            };
            // What it has sent meanwhile is answered, and then it was not idle.
            self.serve(index);
            match self.places.get_mut(index) {
                Some((connection, _)) if !connection.is_idle_since(deadline) => {}
                Some(_) => {
                    self.desk.counters.dropped(Dropped::Crowded);
                    self.places.leave(index);
                    return true;
                }
                None => return true,
            }
        }
        false
    }
}

/// No descriptors or no memory: a fault of this host that passes, not of the client.
fn is_exhaustion(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM]
        .iter()
        .any(|it| code == Some(*it))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::time::Duration;

    use understudy_answer::{Outcome, Request, Summary};

    use crate::counters::Counters;
    use crate::inbox::Inbox;
    use crate::responder::Responder;
    use crate::tcp::{Limits, Worker};

    /// Answers with two octets.
    struct Brief;

    impl Responder for Brief {
        fn respond(&mut self, _request: &Request<'_>, _reply: &mut [u8]) -> Outcome {
            Outcome::Answered(Summary {
                length: 2,
                ..Summary::default()
            })
        }
    }

    #[test]
    fn who_has_just_spoken_is_answered_and_the_next_one_makes_room() {
        let limits = Limits {
            idle: Duration::from_secs(60),
            clients: 4,
            clients_per_prefix: 10,
        };
        let (inbox, counters) = (Arc::new(Inbox::new().unwrap()), Arc::new(Counters::new()));
        let mut worker = Worker::new(Brief, counters, inbox, limits).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut clients = Vec::new();
        for last in 0..5_u8 {
            if last == 4 {
                for (place, client) in clients.iter_mut().enumerate().take(2) {
                    let client: &mut TcpStream = client;
                    client.write_all(b"\x00\x01q").unwrap();
                    let (connection, _) = worker.places.get_mut(place).unwrap();
                    connection.stream.set_nonblocking(false).unwrap();
                    connection.stream.peek(&mut [0]).unwrap();
                    connection.stream.set_nonblocking(true).unwrap();
                }
            }
            clients.push(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
            worker.admit(listener.accept().unwrap().0, [192, 0, 2, last].into());
        }
        let open = [0, 1, 4, 3].map(|last| IpAddr::from([192, 0, 2, last]));
        assert_eq!(worker.places.clients(), open);
    }
}
