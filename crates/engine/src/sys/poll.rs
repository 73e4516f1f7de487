//! Waiting for sockets: epoll, and an eventfd to be woken by another thread.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::check;

/// What a descriptor is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Something to read, or an end of file.
    Read,
    /// Room to write.
    Write,
    /// Errors only: the descriptor stays registered and quiet.
    Nothing,
}

impl Interest {
    fn mask(self) -> u32 {
        let mask = match self {
            Interest::Read => libc::EPOLLIN,
            Interest::Write => libc::EPOLLOUT,
            Interest::Nothing => 0,
        };
        u32::try_from(mask).unwrap_or(0)
    }
}

/// Events taken from the kernel in one go.
/// chosen: more than any usual number of listening sockets; the rest comes with the next call.
const EVENTS: usize = 64;

/// A level-triggered epoll instance with its event buffer.
pub(crate) struct Poll {
    epoll: OwnedFd,
    events: [libc::epoll_event; EVENTS],
    ready: usize,
}

impl Poll {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers are passed; a result other than -1 is a fresh descriptor that
        // nothing else owns.
        let epoll =
            unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))?) };
        Ok(Poll {
            epoll,
            events: [libc::epoll_event { events: 0, u64: 0 }; EVENTS],
            ready: 0,
        })
    }

    fn control(
        &self,
        operation: libc::c_int,
        watched: BorrowedFd<'_>,
        mut event: libc::epoll_event,
    ) -> io::Result<()> {
        // SAFETY: both descriptors are open for their borrows, and the event is only read during
        // the call.
        let result = unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                operation,
                watched.as_raw_fd(),
                &raw mut event,
            )
        };
        check(result).map(drop)
    }

    pub(crate) fn add(
        &self,
        watched: BorrowedFd<'_>,
        token: u64,
        interest: Interest,
    ) -> io::Result<()> {
        let event = libc::epoll_event {
            events: interest.mask(),
            u64: token,
        };
        self.control(libc::EPOLL_CTL_ADD, watched, event)
    }

    pub(crate) fn change(
        &self,
        watched: BorrowedFd<'_>,
        token: u64,
        interest: Interest,
    ) -> io::Result<()> {
        let event = libc::epoll_event {
            events: interest.mask(),
            u64: token,
        };
        self.control(libc::EPOLL_CTL_MOD, watched, event)
    }

    /// Waits for at least one event, `limit` at most (for ever if `None`), rounded up to a
    /// millisecond so that a short wait never becomes a busy loop.
    pub(crate) fn wait(&mut self, limit: Option<Duration>) -> io::Result<()> {
        let timeout_ms = limit.map_or(-1, |limit| {
            libc::c_int::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(libc::c_int::MAX)
        });
        let capacity = libc::c_int::try_from(EVENTS).unwrap_or(1);
        // SAFETY: the buffer has room for `capacity` events and outlives the call.
        let result = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                self.events.as_mut_ptr(),
                capacity,
                timeout_ms,
            )
        };
        self.ready = 0;
        match check(result) {
            Ok(count) => {
                self.ready = usize::try_from(count).unwrap_or(0);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// How many events the last wait brought.
    pub(crate) fn ready(&self) -> usize {
        self.ready
    }

    /// The token of one of those events.
    pub(crate) fn token(&self, index: usize) -> Option<u64> {
        self.events
            .get(..self.ready)?
            .get(index)
            .map(|event| event.u64)
    }
}

/// Wakes a thread that waits in [`Poll::wait`].
#[derive(Debug)]
pub(crate) struct Wake(File);

impl Wake {
    pub(crate) fn new() -> io::Result<Self> {
        let flags = libc::EFD_CLOEXEC | libc::EFD_NONBLOCK;
        // SAFETY: no pointers are passed; a result other than -1 is a fresh descriptor that
        // nothing else owns.
        let event = unsafe { OwnedFd::from_raw_fd(check(libc::eventfd(0, flags))?) };
        Ok(Wake(File::from(event)))
    }

    /// Wakes the waiter. A full counter means that it has been woken already.
    pub(crate) fn wake(&self) {
        let _already_full = (&self.0).write(&1_u64.to_ne_bytes());
    }

    /// Takes the wake-up, so that the next wait waits again.
    pub(crate) fn clear(&self) {
        let mut count = [0_u8; 8];
        let _was_empty = (&self.0).read(&mut count);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
