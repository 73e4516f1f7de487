//! The seam between the sockets and what answers: the service is generic over it.

use understudy_answer::{Outcome, Request, Silence, Summary};

use crate::transfer::Begun;

/// Answers messages for one thread.
///
/// A responder may panic: the service drops that message, counts it, and goes on with the next.
pub trait Responder: Send + 'static {
    /// Writes the response to `request` into `reply`, whose length is the most that may be sent.
    fn respond(&mut self, request: &Request<'_>, reply: &mut [u8]) -> Outcome;

    /// Writes the response to a datagram of which `request` has only the beginning.
    fn turn_to_tcp(&mut self, _request: &Request<'_>, _reply: &mut [u8]) -> Outcome {
        Outcome::Silent(Silence::NoRoom)
    }

    /// What becomes of a query that was refused so because it asks for a zone. None: it stays refused.
    fn transfer(
        &mut self,
        _request: &Request<'_>,
        _refused: &Summary,
        _reply: &mut [u8],
    ) -> Option<Begun> {
        None
    }

    /// Several messages follow at once: what is loaded for all of them need not be loaded for each.
    fn begin_batch(&mut self) {}

    /// These messages follow. What their answers are made of may be fetched from memory together.
    fn look_ahead<'m>(&mut self, _messages: impl Iterator<Item = &'m [u8]>) {}

    /// The thread may sleep now: what was loaded for the batch must not be held any longer.
    fn end_batch(&mut self) {}
}
