//! What the threads put down for the control plane, which takes all of it at once.
//!
//! It is a set, so that a flood of the same is one entry; and there is a limit to it.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sys::Wake;

/// Entries, and a descriptor that is readable while there are any.
#[derive(Debug)]
pub(crate) struct News<T> {
    entries: Mutex<BTreeSet<T>>,
    most: usize,
    wake: Wake,
}

impl<T: Ord> News<T> {
    pub(crate) fn new(most: usize) -> io::Result<Self> {
        Ok(News {
            entries: Mutex::default(),
            most,
            wake: Wake::new()?,
        })
    }

    /// Nothing that could panic runs under this lock, so poison would mean nothing.
    fn entries(&self) -> MutexGuard<'_, BTreeSet<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more, unless there are too many already.
    pub(crate) fn put(&self, entry: T) {
        let mut entries = self.entries();
        if entries.len() < self.most {
            entries.insert(entry);
        }
        drop(entries);
        self.wake.wake();
    }

    /// Everything since the last call.
    pub(crate) fn take(&self) -> Vec<T> {
        self.wake.clear();
        std::mem::take(&mut *self.entries()).into_iter().collect()
    }
}

impl<T> AsFd for News<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::News;

    #[test]
    fn the_same_is_one_and_there_is_a_limit() {
        let news = News::new(2).unwrap();
        for entry in [3, 1, 3, 2] {
            news.put(entry);
        }
        assert_eq!(news.take(), [1, 3]);
        news.put(2);
        assert_eq!(news.take(), [2]);
        assert!(news.take().is_empty());
    }
}
