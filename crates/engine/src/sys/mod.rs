//! What neither the standard library nor socket2 offers: epoll, poll, eventfd, datagrams in batches, the
//! address a datagram was sent to, memory fetched ahead. All unsafe code of the server stands in this
//! folder, each block with the reason why it is sound.
#![allow(unsafe_code)]

mod batch;
mod fetch;
mod poll;
mod schedule;
mod watch;

pub(crate) use batch::{BATCH, Batch, Unusable, Wait};
pub(crate) use fetch::fetch;
pub(crate) use poll::{Interest, Poll, Wake};
pub(crate) use schedule::ask_for_short_slices;
pub(crate) use watch::Watch;

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Reads a system call's result: -1 is `errno`, anything else is the value.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Blocks every signal in the calling thread.
///
/// Signals belong to the interpreter's main thread: one that is taken here would not wake it.
pub(crate) fn block_signals() {
    let mut every = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set it is given; pthread_sigmask only reads it and
    // accepts a null pointer for the old mask.
    unsafe {
        libc::sigfillset(every.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, every.as_ptr(), ptr::null_mut());
    }
}

/// `CLOCK_MONOTONIC` in nanoseconds: the clock of Python's `time.monotonic()`.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let now = read_clock(libc::CLOCK_MONOTONIC);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let fraction = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(fraction)
}

/// Civil time to about 4 ms: the lower 32 bits of the seconds since 1970, as cookies count (RFC 9018
/// section 4.3).
#[must_use]
pub fn wall_s() -> u32 {
    let seconds = u64::try_from(read_clock(libc::CLOCK_REALTIME_COARSE).tv_sec).unwrap_or(0);
    u32::try_from(seconds & u64::from(u32::MAX)).unwrap_or(0)
}

fn read_clock(clock: libc::clockid_t) -> libc::timespec {
    let mut now = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the pointer is valid for writes, every clock that is asked for exists on every Linux,
    // and a zeroed timespec is a valid one even if the call failed.
    unsafe {
        libc::clock_gettime(clock, now.as_mut_ptr());
        now.assume_init()
    }
}

/// Sets one integer socket option.
fn set_option(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(4);
    // SAFETY: the descriptor is open for the borrow, and the pointer and length describe `value`,
    // which lives until the call has returned.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(&value).cast(),
            length,
        )
    };
    check(result).map(drop)
}

/// Asks the kernel to say which address each datagram was sent to.
///
/// Needed on wildcard sockets: an answer must leave from the address that was asked.
pub(crate) fn tell_destination(socket: BorrowedFd<'_>, is_ipv6: bool) -> io::Result<()> {
    if is_ipv6 {
        set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)
    } else {
        set_option(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)
    }
}

/// The longest answer that every path carries in one piece, headers of IPv6 included: what IPv6
/// asks of every link is 1,280 octets (RFC 8200 section 5).
const FITS_EVERYWHERE: u16 = 1232;

/// Makes the kernel ignore learned path MTUs for this socket, so that a forged ICMP message cannot
/// shrink answers into fragments that are easy to poison.
///
/// Where no answer is longer than what fits everywhere, IPv4 packets also say that nobody on the way
/// may cut them (RFC 9715 section 3.1, R2); then the kernel need not make up an identification
/// for each (RFC 6864 section 4.1), either.
pub(crate) fn ignore_path_mtu(
    socket: BorrowedFd<'_>,
    is_ipv6: bool,
    udp_size: u16,
) -> io::Result<()> {
    if is_ipv6 {
        let omit = libc::IPV6_PMTUDISC_OMIT;
        return set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, omit);
    }
    let way = if udp_size <= FITS_EVERYWHERE {
        libc::IP_PMTUDISC_PROBE
    } else {
        libc::IP_PMTUDISC_OMIT
    };
    set_option(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, way)
}

/// What was set by [`ignore_path_mtu`].
#[cfg(test)]
pub(crate) fn path_mtu_discovery(socket: BorrowedFd<'_>, is_ipv6: bool) -> libc::c_int {
    let (level, name) = if is_ipv6 {
        (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER)
    } else {
        (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER)
    };
    let (mut value, mut length): (libc::c_int, libc::socklen_t) = (-1, 4);
    // SAFETY: the descriptor is open for the borrow, and pointers and length describe `value`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_mut(&mut value).cast(),
            &raw mut length,
        )
    };
    assert_eq!(result, 0);
    value
}
