//! Datagrams in batches: one `recvmmsg` or `sendmmsg` for up to [`BATCH`] of them.
#![allow(
    unsafe_code,
    reason = "the standard library has no call for several datagrams"
)]

use std::io;
use std::mem;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::ptr;

/// Datagrams per system call.
/// chosen: larger batches gained nothing more on loopback.
pub(crate) const BATCH: usize = 32;

/// Room for one datagram. Queries here have no more than 300 octets and allow answers of 1232.
/// An odd number of cache lines, so that no two datagrams begin in one set of the cache.
const ROOM: usize = 1472;

/// Whether a receive waits for the first datagram.
#[derive(Clone, Copy)]
pub(crate) enum Wait {
    ForOne,
    Not,
}

/// Who is spoken to: the one peer of a connected socket, or whoever sent the datagram in the same place.
#[derive(Clone, Copy)]
pub(crate) enum Peers {
    Connected,
    Any,
}

/// The kernel's view of the datagrams.
struct Slots {
    headers: [libc::mmsghdr; BATCH],
    parts: [libc::iovec; BATCH],
    peers: [libc::sockaddr_storage; BATCH],
}

/// Places for datagrams to send, or that were received.
pub(crate) struct Batch {
    slots: Box<Slots>,
    octets: Vec<[u8; ROOM]>,
    lengths: [usize; BATCH],
    peers: Peers,
    filled: usize,
}

impl Batch {
    pub(crate) fn new(peers: Peers) -> Self {
        // SAFETY: plain C structures, for which all zeros is a valid value (null pointers with zero lengths).
        let slots = Box::new(unsafe { mem::zeroed::<Slots>() });
        Batch {
            slots,
            octets: vec![[0; ROOM]; BATCH],
            lengths: [0; BATCH],
            peers,
            filled: 0,
        }
    }

    /// The number of datagrams received, or waiting to be sent.
    pub(crate) fn filled(&self) -> usize {
        self.filled
    }

    pub(crate) fn clear(&mut self) {
        self.filled = 0;
    }

    /// The datagrams, as received or pushed.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &[u8]> {
        self.octets
            .iter()
            .zip(&self.lengths)
            .take(self.filled)
            .map(|(octets, length)| octets.get(..*length).unwrap_or_default())
    }

    /// Adds a message to send, with an id of its own. A full batch, or a message without room, takes nothing.
    pub(crate) fn push(&mut self, id: u16, message: &[u8]) {
        let place = self.octets.get_mut(self.filled);
        let (Some(room), Some(length)) = (place, self.lengths.get_mut(self.filled)) else {
            return;
        };
        let (Some(room), [_, _, rest @ ..]) = (room.get_mut(..message.len()), message) else {
            return;
        };
        if let [high, low, others @ ..] = room {
            [*high, *low] = id.to_be_bytes();
            others.copy_from_slice(rest);
            *length = message.len();
            self.filled += 1;
        }
    }

    /// Takes what has arrived. Returns how many; 0 if there is nothing and it does not wait.
    pub(crate) fn receive(&mut self, socket: &UdpSocket, wait: Wait) -> io::Result<usize> {
        self.filled = 0;
        self.lengths = [ROOM; BATCH];
        self.aim(BATCH);
        if let Peers::Any = self.peers {
            self.expect_any_peer();
        }
        let flags = match wait {
            Wait::ForOne => libc::MSG_WAITFORONE,
            Wait::Not => libc::MSG_DONTWAIT,
        };
        // SAFETY: `aim` made every header point to memory that `self` owns and that nothing else borrows
        // during the call; the count is the length of the array.
        let result = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.slots.headers.as_mut_ptr(),
                count(BATCH),
                flags,
                ptr::null_mut(),
            )
        };
        let Ok(received) = usize::try_from(result) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(error),
            };
        };
        for (length, header) in self.lengths.iter_mut().zip(&self.slots.headers) {
            *length = usize::try_from(header.msg_len).unwrap_or(0);
        }
        self.filled = received;
        Ok(received)
    }

    /// Sends what was pushed, or sends back what was received. Returns how many went.
    pub(crate) fn send(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.aim(self.filled);
        let mut first = 0;
        while let Some(rest) = self.slots.headers.get_mut(first..self.filled) {
            if rest.is_empty() {
                break;
            }
            // SAFETY: `aim` made every header point to memory that `self` owns and that stays as it is during
            // the call; the count is the length of the slice.
            let result = unsafe {
                libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), count(rest.len()), 0)
            };
            match usize::try_from(result) {
                Ok(sent) => first += sent.max(1),
                Err(_) => return Err(io::Error::last_os_error()),
            }
        }
        Ok(first)
    }

    /// Points the first headers to where everything is now, and sets their lengths.
    fn aim(&mut self, count: usize) {
        let Slots { headers, parts, .. } = &mut *self.slots;
        let places = self.octets.iter_mut().zip(&self.lengths);
        for ((header, part), (octets, length)) in
            headers.iter_mut().zip(parts).zip(places).take(count)
        {
            *part = libc::iovec {
                iov_base: octets.as_mut_ptr().cast(),
                iov_len: *length,
            };
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
        }
    }

    /// Makes room for the address of whoever sends. The kernel then says how long it is, for the way back too.
    fn expect_any_peer(&mut self) {
        let Slots { headers, peers, .. } = &mut *self.slots;
        for (header, peer) in headers.iter_mut().zip(peers) {
            header.msg_hdr.msg_name = ptr::from_mut(peer).cast();
            header.msg_hdr.msg_namelen =
                libc::socklen_t::try_from(size_of::<libc::sockaddr_storage>()).unwrap_or(0);
        }
    }
}

/// Says that nobody on the way may cut what this socket sends, for which the kernel need not number its packets.
pub(crate) fn forbid_cutting(socket: &UdpSocket) -> io::Result<()> {
    let way = libc::IP_PMTUDISC_PROBE;
    // SAFETY: the descriptor is open for the borrow, and pointer and length describe `way`.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_MTU_DISCOVER,
            ptr::from_ref(&way).cast(),
            libc::socklen_t::try_from(size_of_val(&way)).unwrap_or(0),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn count(size: usize) -> libc::c_uint {
    libc::c_uint::try_from(size).unwrap_or(0)
}
