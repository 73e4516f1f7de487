//! How the service speaks to its threads: a few orders, and a wake-up.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::sys::Wake;

/// The epoll token of an inbox; sockets have tokens from 1.
pub(crate) const INBOX: u64 = 0;

/// A change of what a thread listens on. `id` names the address for as long as it is served.
#[derive(Debug)]
pub(crate) enum Order<S> {
    /// Serve this socket too.
    Serve { id: u64, socket: S },
    /// Answer what has arrived at this socket, then close it.
    Leave { id: u64 },
}

#[derive(Debug)]
struct Pending<S> {
    orders: Vec<Order<S>>,
    stop_by: Option<Instant>,
}

/// Orders for one thread.
#[derive(Debug)]
pub(crate) struct Inbox<S> {
    wake: Wake,
    pending: Mutex<Pending<S>>,
}

impl<S> Inbox<S> {
    pub(crate) fn new() -> io::Result<Self> {
        let pending = Mutex::new(Pending {
            orders: Vec::new(),
            stop_by: None,
        });
        Ok(Inbox {
            wake: Wake::new()?,
            pending,
        })
    }

    /// Nothing that could panic runs under this lock, so poison would mean nothing.
    fn pending(&self) -> MutexGuard<'_, Pending<S>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn order(&self, order: Order<S>) {
        self.pending().orders.push(order);
        self.wake.wake();
    }

    /// Asks the thread to end, and to have given up unfinished work at that moment.
    pub(crate) fn stop(&self, by: Instant) {
        self.pending().stop_by = Some(by);
        self.wake.wake();
    }

    /// Everything that was ordered since the last call, and the moment to stop if there is one.
    pub(crate) fn take(&self) -> (Vec<Order<S>>, Option<Instant>) {
        self.wake.clear();
        let mut pending = self.pending();
        (std::mem::take(&mut pending.orders), pending.stop_by)
    }
}

impl<S> AsFd for Inbox<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
