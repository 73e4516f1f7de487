//! Doors for the fuzz targets, which try what has no name outside of this crate: the framing of TCP
//! and the table of rates. Nobody else has a use for them.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use understudy_answer::{Chance, Request, Summary};

use crate::limit::{Limiter, RateLimit, Verdict};
use crate::tcp::connection::{Connection, Next, Turn};
use crate::tcp::desk::Handled;

/// How a conversation over a stream stands after its turns.
#[derive(Debug)]
pub struct Conversation<S> {
    /// The client's side, as it was given.
    pub stream: S,
    /// Neither side has ended it.
    pub is_open: bool,
    /// Nothing received waits for an answer, and no answer waits to leave.
    pub is_idle: bool,
    /// Answers have wholly left at least once.
    pub earned_time: bool,
}

/// Gives a connection so many turns, each of so many queries. `answer` is given a message and what
/// waits to leave, and appends to that; false ends the connection.
pub fn converse<S: Read + Write>(
    stream: S,
    turns: usize,
    queries: usize,
    mut answer: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
) -> Conversation<S> {
    let client = IpAddr::from(Ipv4Addr::LOCALHOST);
    let start = Instant::now();
    let mut connection = Connection::new(stream, client, client, start);
    let mut scratch = vec![0; 4096];
    let mut is_open = true;
    for _ in 0..turns {
        let mut turn = Turn {
            answer: |message: &[u8], _: IpAddr, output: &mut Vec<u8>| {
                if answer(message, output) {
                    Handled::Wholly
                } else {
                    Handled::Badly
                }
            },
            scratch: &mut scratch,
            queries,
            deadline: start + Duration::from_secs(1),
            transferred: 0,
        };
        is_open = !matches!(connection.turn(&mut turn), Ok(Next::Closing) | Err(_));
        if !is_open {
            break;
        }
    }
    Conversation {
        is_open,
        is_idle: connection.is_idle(),
        earned_time: connection.deadline > start,
        stream: connection.stream,
    }
}

/// The rates of all networks.
#[derive(Debug)]
pub struct Rates(Limiter);

impl Rates {
    /// Nobody has been sent anything yet.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Rates(Limiter::new(limit))
    }

    /// Is one more response about this subject permitted? Then it is counted.
    #[must_use]
    pub fn permit(&self, subject: u64, now_ns: u64) -> bool {
        self.0.takes(subject, now_ns)
    }

    /// As for a response that is about to be sent: does it go as it is?
    pub fn send(&self, request: &Request<'_>, summary: &Summary, chance: &mut Chance) -> bool {
        self.0.judge(request, summary, chance) == Verdict::Send
    }
}
