//! Memory that will be needed soon.

/// What the processor fetches at once, in octets.
const CACHE_LINE: usize = 64;

/// Lets the processor fetch these octets while it goes on, unlike reading one of each line, which
/// soon waits for it. Where there is no such instruction known here nothing happens.
#[inline]
pub(crate) fn fetch(octets: &[u8]) {
    for line in octets.chunks(CACHE_LINE) {
        fetch_line(line.first());
    }
    fetch_line(octets.last());
}

#[inline]
#[cfg(target_arch = "x86_64")]
fn fetch_line(octet: Option<&u8>) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    if let Some(octet) = octet {
        // SAFETY: SSE is there on every x86_64; the instruction reads nothing that a program could
        // see, and faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(octet).cast()) }
    }
}

#[inline]
#[cfg(not(target_arch = "x86_64"))]
fn fetch_line(_octet: Option<&u8>) {}
