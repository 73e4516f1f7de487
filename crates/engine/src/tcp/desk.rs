//! What a message gets: its answer with its length, or silence; a panic ends the connection.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use understudy_answer::{Outcome, Request, Transport};

use crate::counters::{Counters, Dropped};
use crate::responder::Responder;
use crate::sys;

/// What answers: apart from the connections, so that both can be borrowed at once.
pub(super) struct Desk<R> {
    pub(super) responder: R,
    pub(super) counters: Arc<Counters>,
    pub(super) reply: Vec<u8>,
}

impl<R: Responder> Desk<R> {
    /// Appends the answer with its length. False after a panic.
    pub(super) fn answer(&mut self, message: &[u8], client: IpAddr, output: &mut Vec<u8>) -> bool {
        self.counters.query(Transport::Tcp, client);
        let (transport, now_ns, wall_s) = (Transport::Tcp, sys::monotonic_ns(), sys::wall_s());
        let request = Request {
            message,
            client,
            transport,
            now_ns,
            wall_s,
        };
        let (responder, reply) = (&mut self.responder, &mut self.reply);
        match catch_unwind(AssertUnwindSafe(|| responder.respond(&request, reply))) {
            Ok(Outcome::Answered(summary)) => {
                self.counters.answered(&summary);
                let octets = self.reply.get(..summary.length).unwrap_or(&[]);
                let length = u16::try_from(octets.len()).unwrap_or(0);
                output.extend_from_slice(&length.to_be_bytes());
                output.extend_from_slice(octets);
                true
            }
            Ok(Outcome::Silent(why)) => {
                self.counters.silent(why);
                true
            }
            Err(_panic) => {
                self.counters.dropped(Dropped::Panic);
                false
            }
        }
    }
}
