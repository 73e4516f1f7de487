//! When a thread gets the processor.

use std::mem;
use std::ptr;

/// The slice of a thread that answers, in nanoseconds: the shortest that the kernel gives.
const SLICE_NS: u64 = 100_000;

/// Asks for short slices, which the calling thread gets the sooner: since Linux 6.12 a thread that
/// wakes goes before a running one with a longer slice. Where that does not exist nothing changes.
///
/// For threads that answer: without it a query that comes while the interpreter is at work on the
/// same core may wait for milliseconds. Nobody's share of the processor changes.
pub(crate) fn ask_for_short_slices() {
    // SAFETY: a structure of plain numbers, for which all zeros is a valid value.
    let mut wanted = unsafe { mem::zeroed::<libc::sched_attr>() };
    let size = libc::c_uint::try_from(size_of::<libc::sched_attr>()).unwrap_or(0);
    let (this_thread, flags) = (0, 0);
    // SAFETY: the kernel writes at most `size` octets to the structure, which is alive, and reads
    // as many from it in the second call; both act on the calling thread.
    unsafe {
        let attributes = ptr::from_mut(&mut wanted);
        let known = libc::syscall(
            libc::SYS_sched_getattr,
            this_thread,
            attributes,
            size,
            flags,
        );
        // Whoever gave this thread another policy knows better.
        if known == 0 && wanted.sched_policy == u32::try_from(libc::SCHED_OTHER).unwrap_or(0) {
            wanted.sched_runtime = SLICE_NS;
            let attributes = ptr::from_ref(&wanted);
            libc::syscall(libc::SYS_sched_setattr, this_thread, attributes, flags);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice_ns() -> u64 {
        // SAFETY: as above.
        unsafe {
            let mut found = mem::zeroed::<libc::sched_attr>();
            let size = libc::c_uint::try_from(size_of::<libc::sched_attr>()).unwrap();
            let attributes = ptr::from_mut(&mut found);
            assert_eq!(
                libc::syscall(libc::SYS_sched_getattr, 0, attributes, size, 0),
                0
            );
            found.sched_runtime
        }
    }

    #[test]
    fn a_thread_that_asks_gets_shorter_slices_than_one_that_does_not() {
        let ask = || {
            ask_for_short_slices();
            slice_ns()
        };
        let (short, usual) = (std::thread::spawn(ask).join().unwrap(), slice_ns());
        // Kernels before 6.12 tell 0 for both.
        assert!((short, usual) == (0, 0) || short < usual, "{short} {usual}");
    }
}
