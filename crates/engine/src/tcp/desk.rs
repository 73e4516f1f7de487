//! What a message gets: its answer with its length, the beginning of one, or silence; a panic ends
//! the connection.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use understudy_answer::{Outcome, Request, Transport};

use crate::counters::{Counters, Dropped};
use crate::responder::Responder;
use crate::sys;
use crate::transfer::Transfer;

/// What answers: apart from the connections, so that both can be borrowed at once.
pub(super) struct Desk<R> {
    pub(super) responder: R,
    pub(super) counters: Arc<Counters>,
    pub(super) reply: Vec<u8>,
}

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Handled {
    /// Its answer, if there is one, waits to leave.
    Wholly,
    /// The first message of its answer waits to leave; others follow.
    Begun(Box<Transfer>),
    /// The answer failed, and with it the connection.
    Badly,
}

impl<R: Responder> Desk<R> {
    /// Appends the answer with its length.
    pub(super) fn answer(
        &mut self,
        message: &[u8],
        client: IpAddr,
        output: &mut Vec<u8>,
    ) -> Handled {
        self.counters.query(Transport::Tcp, client);
        let (transport, now_ns, wall_s) = (Transport::Tcp, sys::monotonic_ns(), sys::wall_s());
        let request = Request {
            message,
            client,
            transport,
            now_ns,
            wall_s,
        };
        match catch_unwind(AssertUnwindSafe(|| self.respond(&request))) {
            Ok((Outcome::Answered(summary), rest)) => {
                self.counters.answered(&summary);
                append(self.reply.get(..summary.length).unwrap_or(&[]), output);
                rest.map_or(Handled::Wholly, Handled::Begun)
            }
            Ok((Outcome::Silent(why), _)) => {
                self.counters.silent(why);
                Handled::Wholly
            }
            Err(_panic) => {
                self.counters.dropped(Dropped::Panic);
                Handled::Badly
            }
        }
    }

    fn respond(&mut self, request: &Request<'_>) -> (Outcome, Option<Box<Transfer>>) {
        let outcome = self.responder.respond(request, &mut self.reply);
        match &outcome {
            Outcome::Answered(summary) if summary.is_refused_transfer() => {
                let begun = self.responder.transfer(request, summary, &mut self.reply);
                self.counters.transfer(begun.as_ref());
                begun.map_or((outcome, None), |begun| (begun.outcome, begun.rest))
            }
            Outcome::Answered(summary) if summary.is_unproven_transfer() => {
                // It stays as it is, and is noted.
                let begun = self.responder.transfer(request, summary, &mut self.reply);
                begun.map_or((outcome, None), |begun| (begun.outcome, begun.rest))
            }
            _ => (outcome, None),
        }
    }
}

/// Appends a message with its length.
pub(super) fn append(message: &[u8], output: &mut Vec<u8>) {
    let length = u16::try_from(message.len()).unwrap_or(0);
    output.extend_from_slice(&length.to_be_bytes());
    output.extend_from_slice(message);
}
