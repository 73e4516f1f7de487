//! Waiting for datagrams: `poll`, which leaves a socket alone while its thread is at work.
//!
//! A socket in an epoll instance has somebody who waits for it at all times, so the kernel tells the
//! instance of every datagram that comes, and of every one that has left, though the thread is busy
//! and looks for itself. Who waits with `poll` is only there while it sleeps.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::check;

/// What a thread waits for, in the order in which it was added.
#[derive(Default)]
pub(crate) struct Watch(Vec<libc::pollfd>);

impl Watch {
    /// Watches a descriptor, which must stay open until it is removed: a place of its own, behind all others.
    pub(crate) fn add(&mut self, watched: BorrowedFd<'_>) {
        self.0.push(libc::pollfd {
            fd: watched.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        });
    }

    /// Watches what is at a place no longer. Those behind it move up.
    pub(crate) fn remove(&mut self, place: usize) {
        if place < self.0.len() {
            self.0.remove(place);
        }
    }

    /// Waits until there is something to read, an end or an error at a place at least.
    pub(crate) fn wait(&mut self) -> io::Result<()> {
        const FOR_EVER: libc::c_int = -1;
        self.poll(FOR_EVER).map(|_| ())
    }

    /// As [`Watch::wait`] without waiting. Is there anything?
    pub(crate) fn look(&mut self) -> io::Result<bool> {
        self.poll(0)
    }

    fn poll(&mut self, timeout_ms: libc::c_int) -> io::Result<bool> {
        let count = libc::nfds_t::try_from(self.0.len()).unwrap_or(0);
        // SAFETY: the array has `count` elements and outlives the call.
        let result = unsafe { libc::poll(self.0.as_mut_ptr(), count, timeout_ms) };
        match check(result) {
            Ok(found) => Ok(found > 0),
            Err(error) => {
                self.0.iter_mut().for_each(|watched| watched.revents = 0);
                match error.kind() {
                    io::ErrorKind::Interrupted => Ok(false),
                    _ => Err(error),
                }
            }
        }
    }

    /// How many places there are.
    pub(crate) fn places(&self) -> usize {
        self.0.len()
    }

    /// Whether the last wait ended because of what is at this place.
    pub(crate) fn is_ready(&self, place: usize) -> bool {
        (self.0.get(place)).is_some_and(|watched| watched.revents != 0)
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    use super::*;

    fn ready(watch: &Watch) -> Vec<usize> {
        (0..watch.places())
            .filter(|place| watch.is_ready(*place))
            .collect()
    }

    #[test]
    fn a_wait_ends_for_what_can_be_read_and_tells_where() {
        let sockets: Vec<_> = (0..3)
            .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
            .collect();
        let mut watch = Watch::default();
        for socket in &sockets {
            watch.add(socket.as_fd());
        }
        let tell = |place: usize| {
            let address = sockets[place].local_addr().unwrap();
            sockets[0].send_to(b"x", address).unwrap();
        };
        tell(1);
        watch.wait().unwrap();
        assert_eq!(ready(&watch), [1]);
        tell(2);
        watch.wait().unwrap();
        assert_eq!(ready(&watch), [1, 2]);
        watch.remove(1);
        watch.remove(7);
        assert_eq!(watch.places(), 2);
        watch.wait().unwrap();
        assert_eq!(ready(&watch), [1]);
        assert!(!watch.is_ready(2));
    }
}
