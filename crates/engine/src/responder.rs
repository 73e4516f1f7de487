//! The seam between the sockets and what answers: the service is generic over it.

use understudy_answer::{Outcome, Request};

/// Answers messages for one thread.
///
/// A responder may panic: the service drops that message, counts it, and goes on with the next.
pub trait Responder: Send + 'static {
    /// Writes the response to `request` into `reply`, whose length is the most that may be sent.
    fn respond(&mut self, request: &Request<'_>, reply: &mut [u8]) -> Outcome;
}
