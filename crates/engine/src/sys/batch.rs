//! Datagrams in batches: one `recvmmsg` and one `sendmmsg` for up to [`BATCH`] queries.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Datagrams per system call.
/// chosen: measured elsewhere as the point where larger batches gain nothing more on loopback.
pub(crate) const BATCH: usize = 32;

/// The longest query that is read whole; who sends a longer one is told to come over TCP.
/// chosen: what one Ethernet frame holds, far above any query over UDP; the buffers of a batch then
/// share twelve pages, and each needs none of its own. Also an odd number of cache lines.
const QUERY_OCTETS: usize = 1472;

const CACHE_LINE: usize = 64;

/// Room for one `IP_PKTINFO` or `IPV6_PKTINFO` control message, aligned as the kernel wants it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; 64]);

/// The kernel's view of one datagram and the memory it points to. Boxed and never moved: the
/// message headers hold addresses of their siblings.
///
/// One header and one part serve a datagram both ways, so that a thread touches few cache lines.
struct Slots {
    /// Room for the address of either family.
    peers: [libc::sockaddr_in6; BATCH],
    controls: [Control; BATCH],
    parts: [libc::iovec; BATCH],
    headers: [libc::mmsghdr; BATCH],
}

/// Buffers for one thread's receive, answer, send cycle. Allocated once.
pub(crate) struct Batch {
    slots: Box<Slots>,
    query_octets: Vec<[u8; QUERY_OCTETS]>,
    reply_octets: Vec<u8>,
    reply_size: usize,
    reply_stride: usize,
    received: usize,
    queued: usize,
    /// Whether each header points at what has its own number.
    is_connected: bool,
}

// SAFETY: its raw pointers lead only to heap memory that the same value owns, and are followed
// only by system calls made through `&mut self`.
unsafe impl Send for Batch {}

/// One received datagram with the place for its reply.
pub(crate) struct Datagram<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) client: IpAddr,
    pub(crate) reply: &'a mut [u8],
}

/// Whether a receive waits for its first datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Never,
    /// As long as the read timeout of the socket says.
    ForOne,
    /// The same, and what may be there behind it stays for the next receive: the kernel need not look.
    ForOneAlone,
}

/// Why a received datagram cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Longer than [`QUERY_OCTETS`].
    TooLong,
    /// No address or port that could be answered to.
    NoPeer,
}

fn socklen(size: usize) -> libc::socklen_t {
    libc::socklen_t::try_from(size).unwrap_or(0)
}

impl Batch {
    /// `reply_size`: the longest answer, in octets.
    pub(crate) fn new(reply_size: usize) -> Self {
        // SAFETY: every field is a plain C structure or an octet array, for which all zeros is a
        // valid value (null pointers with zero lengths).
        let slots = Box::new(unsafe { mem::zeroed::<Slots>() });
        // An odd number of lines apart, so that no two buffers begin in one set of the cache.
        let reply_stride = (reply_size.div_ceil(CACHE_LINE) | 1) * CACHE_LINE;
        let query_octets = vec![[0; QUERY_OCTETS]; BATCH];
        let reply_octets = vec![0; BATCH * reply_stride];
        // As if all had been used: the first receive makes every header.
        Batch {
            slots,
            query_octets,
            reply_octets,
            reply_size,
            reply_stride,
            received: BATCH,
            queued: 0,
            is_connected: false,
        }
    }

    /// Points every header at what belongs to it.
    fn connect(&mut self) {
        let slots = &mut *self.slots;
        for (((header, part), peer), control) in (slots.headers.iter_mut())
            .zip(&mut slots.parts)
            .zip(&mut slots.peers)
            .zip(&mut slots.controls)
        {
            header.msg_hdr.msg_name = ptr::from_mut(peer).cast();
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = ptr::from_mut(control).cast();
        }
        self.is_connected = true;
    }

    /// Makes the headers that were used ready to receive. The kernel overwrites these lengths in
    /// the headers that it uses, and only there.
    fn make_ready(&mut self) {
        if !self.is_connected {
            self.connect();
        }
        let Slots { parts, headers, .. } = &mut *self.slots;
        let used = self.query_octets.iter_mut().take(self.received);
        for ((buffer, part), header) in used.zip(parts).zip(headers) {
            part.iov_base = buffer.as_mut_ptr().cast();
            part.iov_len = QUERY_OCTETS;
            header.msg_hdr.msg_namelen = socklen(size_of::<libc::sockaddr_in6>());
            header.msg_hdr.msg_controllen = size_of::<Control>();
            header.msg_hdr.msg_flags = 0;
        }
        self.received = 0;
        self.queued = 0;
    }

    /// Takes what has arrived. Returns the number of datagrams, 0 if none came in time.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>, wait: Wait) -> io::Result<usize> {
        self.make_ready();
        let (flags, most) = match wait {
            Wait::Never => (libc::MSG_DONTWAIT, BATCH),
            Wait::ForOne => (libc::MSG_WAITFORONE, BATCH),
            Wait::ForOneAlone => (0, 1),
        };
        // SAFETY: each header points to buffers that `self` owns and that are not moved or
        // borrowed during the call; the count is at most the length of the array.
        let result = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.slots.headers.as_mut_ptr(),
                libc::c_uint::try_from(most).unwrap_or(1),
                flags,
                ptr::null_mut(),
            )
        };
        match super::check(result) {
            Ok(count) => self.received = usize::try_from(count).unwrap_or(0),
            Err(error) if is_nothing(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(self.received)
    }

    /// What was just received, usable or not.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &[u8]> {
        let headers = self.slots.headers.iter().take(self.received);
        headers
            .zip(&self.query_octets)
            .filter_map(|(header, octets)| octets.get(..usize::try_from(header.msg_len).ok()?))
    }

    /// The beginning of a datagram that is too long.
    #[cold]
    #[inline(never)]
    pub(crate) fn beginning(&mut self, index: usize) -> Option<Result<Datagram<'_>, Unusable>> {
        self.slots.headers.get_mut(index)?.msg_hdr.msg_flags &= !libc::MSG_TRUNC;
        self.datagram(index)
    }

    /// One of the datagrams just received; `None` past the last.
    #[inline(always)]
    pub(crate) fn datagram(&mut self, index: usize) -> Option<Result<Datagram<'_>, Unusable>> {
        if index >= self.received {
            return None;
        }
        let header = self.slots.headers.get(index)?;
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return Some(Err(Unusable::TooLong));
        }
        let peer = self.slots.peers.get(index)?;
        let Some(client) = client_address(peer, header.msg_hdr.msg_namelen) else {
            return Some(Err(Unusable::NoPeer));
        };
        let length = usize::try_from(header.msg_len).unwrap_or(0);
        let start = index * self.reply_stride;
        let reply = self.reply_octets.get_mut(start..start + self.reply_size)?;
        let message = self.query_octets.get(index)?.get(..length)?;
        Some(Ok(Datagram {
            message,
            client,
            reply,
        }))
    }

    /// Queues the first `length` octets of a datagram's reply, to go back the way it came. In the
    /// order of the datagrams: the header of one that is not answered is used for a later one.
    pub(crate) fn queue(&mut self, index: usize, length: usize) {
        let start = index * self.reply_stride;
        let reply = self.reply_octets.get_mut(start..start + self.reply_size);
        let slots = &mut *self.slots;
        let (Some(reply), Some(part), Some(header), Some(control)) = (
            reply,
            slots.parts.get_mut(index),
            slots.headers.get_mut(index),
            slots.controls.get_mut(index),
        ) else {
            return;
        };
        part.iov_base = reply.as_mut_ptr().cast();
        part.iov_len = length.min(reply.len());
        if header.msg_hdr.msg_controllen > 0 {
            leave_from(control, &mut header.msg_hdr);
        }
        if self.queued < index {
            slots.headers.copy_within(index..=index, self.queued);
            self.is_connected = false;
        }
        self.queued += 1;
    }

    /// Sends what was queued. Returns how many datagrams the system refused to send.
    pub(crate) fn send(&mut self, socket: BorrowedFd<'_>) -> usize {
        let mut refused = 0;
        let mut first = 0;
        while first < self.queued {
            let Some(rest) = self.slots.headers.get_mut(first..self.queued) else {
                break;
            };
            let count = libc::c_uint::try_from(rest.len()).unwrap_or(0);
            // SAFETY: each of the `count` headers points to an address, a control message and a
            // reply that `self` owns and that stay untouched during the call.
            let result = unsafe { libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), count, 0) };
            match super::check(result) {
                Ok(sent) => first += usize::try_from(sent).unwrap_or(0).max(1),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    // The error belongs to the first datagram; those behind it may still go.
                    refused += 1;
                    first += 1;
                }
            }
        }
        self.queued = 0;
        refused
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// The peer's address; None if it has none, or no port that could be answered to.
#[inline]
fn client_address(peer: &libc::sockaddr_in6, length: libc::socklen_t) -> Option<IpAddr> {
    let length = usize::try_from(length).ok()?;
    let (address, port) = match libc::c_int::from(peer.sin6_family) {
        libc::AF_INET if length >= size_of::<libc::sockaddr_in>() => {
            // SAFETY: the larger structure has room for the smaller one and its alignment; family
            // and length say that the kernel wrote this one.
            let peer = unsafe { &*ptr::from_ref(peer).cast::<libc::sockaddr_in>() };
            let address = Ipv4Addr::from(u32::from_be(peer.sin_addr.s_addr));
            (IpAddr::V4(address), peer.sin_port)
        }
        libc::AF_INET6 if length >= size_of::<libc::sockaddr_in6>() => {
            let address = Ipv6Addr::from(peer.sin6_addr.s6_addr);
            (IpAddr::V6(address), peer.sin6_port)
        }
        _ => return None,
    };
    (port != 0).then_some(address)
}

/// Turns "this datagram was sent to ..." into "send the reply from ...", in place.
///
/// The interface is left to the routing table, except for link-local addresses, which mean
/// nothing without it.
fn leave_from(control: &mut Control, header: &mut libc::msghdr) {
    header.msg_control = ptr::from_mut(control).cast();
    // SAFETY: `control` holds what the kernel wrote, at most `msg_controllen` octets; CMSG_FIRSTHDR
    // checks that a whole cmsghdr is there, and cmsg_len tells that the payload is whole before
    // it is read or written, without an assumption about its alignment.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(header);
        if first.is_null() {
            header.msg_controllen = 0;
            return;
        }
        let payload = libc::CMSG_DATA(first);
        match ((*first).cmsg_level, (*first).cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                let mut place: libc::in_pktinfo = ptr::read_unaligned(payload.cast());
                place.ipi_ifindex = 0;
                ptr::write_unaligned(payload.cast(), place);
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let mut place: libc::in6_pktinfo = ptr::read_unaligned(payload.cast());
                let address = Ipv6Addr::from(place.ipi6_addr.s6_addr);
                if !address.is_unicast_link_local() {
                    place.ipi6_ifindex = 0;
                }
                ptr::write_unaligned(payload.cast(), place);
            }
            _ => header.msg_controllen = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem;
    use std::net::{IpAddr, Ipv4Addr, UdpSocket};
    use std::os::fd::AsFd;
    use std::time::{Duration, Instant};

    use super::{Batch, Wait, client_address, socklen};

    const V4: usize = size_of::<libc::sockaddr_in>();
    const V6: usize = size_of::<libc::sockaddr_in6>();

    fn peer(family: libc::c_int, port: u16) -> libc::sockaddr_in6 {
        // SAFETY: a plain C structure, for which all zeros is a valid value.
        let mut peer: libc::sockaddr_in6 = unsafe { mem::zeroed() };
        peer.sin6_family = u16::try_from(family).unwrap();
        peer.sin6_port = port.to_be();
        // Where an address of IPv4 stands as well.
        peer.sin6_flowinfo = u32::from_ne_bytes([192, 0, 2, 1]);
        peer.sin6_addr.s6_addr[15] = 7;
        peer
    }

    #[test]
    fn a_peer_is_what_the_kernel_wrote_and_can_be_answered_to() {
        let found = |family, port, length| client_address(&peer(family, port), socklen(length));
        let address = |text: &str| text.parse::<IpAddr>().ok();
        assert_eq!(found(libc::AF_INET, 53, V4), address("192.0.2.1"));
        assert_eq!(found(libc::AF_INET6, 53, V6), address("::7"));
        assert_eq!(found(libc::AF_INET, 0, V4), None);
        assert_eq!(found(libc::AF_INET6, 0, V6), None);
        assert_eq!(found(libc::AF_INET, 53, V4 - 1), None);
        assert_eq!(found(libc::AF_INET6, 53, V4), None);
        assert_eq!(found(libc::AF_UNSPEC, 53, V6), None);
    }
    #[test]
    fn a_wait_ends_with_the_first_datagram() {
        let patience = Duration::from_secs(10);
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(patience)).unwrap();
        let mut batch = Batch::new(512);
        assert_eq!(batch.receive(socket.as_fd(), Wait::Never).unwrap(), 0);
        let (began, address) = (Instant::now(), socket.local_addr().unwrap());
        for together in 1..=2 {
            for _ in 0..together {
                socket.send_to(b"query", address).unwrap();
            }
            let received = batch.receive(socket.as_fd(), Wait::ForOne).unwrap();
            assert_eq!(received, together);
        }
        for _ in 0..2 {
            socket.send_to(b"query", address).unwrap();
        }
        for wait in [Wait::ForOneAlone, Wait::ForOneAlone] {
            assert_eq!(batch.receive(socket.as_fd(), wait).unwrap(), 1);
        }
        assert!(began.elapsed() < patience, "nobody waits for a full batch");
    }
}
