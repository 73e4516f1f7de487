//! One TCP connection without its socket's events: framing, and one deadline.
//!
//! A message is two octets of length and then that many octets (RFC 1035 section 4.2.2, RFC 7766 section 8), cut
//! anywhere by the network. Nothing is read while an answer waits to leave, so the memory of a
//! connection is bounded, and an end of file always finds everything answered: a client that
//! closes its sending side after its last query still gets every response (RFC 7766 section 7).

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::desk::{Handled, append};
use crate::transfer::Transfer;

/// Octets of answers after which no further query is taken before they have left.
/// chosen: the longest message.
const OUTPUT_LIMIT: usize = 65_535;

/// Buffers larger than this are given back when they are empty.
/// chosen: a thousand idle connections then hold no more than a few MiB.
const KEEP: usize = 4096;

/// How many queries a message of a transfer counts for: it has a thousand records and more.
const QUERIES_PER_MESSAGE: usize = 16;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The client's next octets.
    Reading,
    /// The client to take its answers.
    Writing,
    /// Its next turn: there is more to do at once.
    Again,
    /// Nothing: it is over.
    Closing,
}

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    pub(crate) stream: S,
    pub(crate) client: IpAddr,
    /// The client's network, whose connections are counted together.
    pub(crate) network: IpAddr,
    /// The moment at which the connection is closed. It moves only when answers have wholly left:
    /// an idle client, one that sends slowly and one that reads slowly all meet the same end.
    pub(crate) deadline: Instant,
    input: Vec<u8>,
    output: Vec<u8>,
    sent: usize,
    /// What is sent before any further query is taken.
    transfer: Option<Box<Transfer>>,
}

/// What a turn works with besides the connection itself.
pub(crate) struct Turn<'a, F> {
    /// Answers one message: octets in, appended to the output with its length prefix.
    pub(crate) answer: F,
    /// Where octets from the network land.
    pub(crate) scratch: &'a mut [u8],
    /// How many queries one turn may take, so that one client does not starve the others.
    pub(crate) queries: usize,
    /// The deadline that answers which have left now earn.
    pub(crate) deadline: Instant,
    /// Octets of transfers made ready in this turn.
    pub(crate) transferred: usize,
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn new(stream: S, client: IpAddr, network: IpAddr, deadline: Instant) -> Self {
        let (input, output) = (Vec::new(), Vec::new());
        Connection {
            stream,
            client,
            network,
            deadline,
            input,
            output,
            sent: 0,
            transfer: None,
        }
    }

    /// Writes, answers and reads, until the network or fairness says to wait.
    pub(crate) fn turn<F>(&mut self, turn: &mut Turn<'_, F>) -> io::Result<Next>
    where
        F: FnMut(&[u8], IpAddr, &mut Vec<u8>) -> Handled,
    {
        loop {
            if !self.flush(turn.deadline)? {
                return Ok(Next::Writing);
            }
            if turn.queries == 0 {
                return Ok(Next::Again);
            }
            if self.transfer_on(turn)? || self.answer_whole(turn)? {
                continue;
            }
            match self.stream.read(turn.scratch) {
                Ok(0) => return Ok(Next::Closing),
                Ok(count) => self
                    .input
                    .extend_from_slice(turn.scratch.get(..count).unwrap_or(&[])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Next::Reading);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes the next message of a transfer ready. False if there is none.
    fn transfer_on<F>(&mut self, turn: &mut Turn<'_, F>) -> io::Result<bool> {
        let Some(transfer) = &mut self.transfer else {
            return Ok(false);
        };
        turn.queries = turn.queries.saturating_sub(QUERIES_PER_MESSAGE);
        let length = transfer
            .next_message(turn.scratch)
            .map_err(io::Error::other)?;
        append(turn.scratch.get(..length).unwrap_or(&[]), &mut self.output);
        turn.transferred += length;
        if transfer.is_over() {
            self.transfer = None;
        }
        Ok(true)
    }

    /// Answers the whole messages that have arrived. False if there was none.
    fn answer_whole<F>(&mut self, turn: &mut Turn<'_, F>) -> io::Result<bool>
    where
        F: FnMut(&[u8], IpAddr, &mut Vec<u8>) -> Handled,
    {
        let mut taken = 0;
        while turn.queries > 0 && self.output.len() < OUTPUT_LIMIT && self.transfer.is_none() {
            let Some(message) = message_at(&self.input, taken) else {
                break;
            };
            turn.queries -= 1;
            match (turn.answer)(message, self.client, &mut self.output) {
                Handled::Wholly => (),
                Handled::Begun(transfer) => self.transfer = Some(transfer),
                Handled::Badly => return Err(io::Error::other("the responder failed")),
            }
            taken += 2 + message.len();
        }
        self.input.drain(..taken);
        if self.input.is_empty() && self.input.capacity() > KEEP {
            self.input = Vec::new();
        }
        Ok(taken > 0)
    }

    /// Sends what waits. True when everything has left, which earns a new deadline.
    fn flush(&mut self, deadline: Instant) -> io::Result<bool> {
        while let Some(rest @ [_, ..]) = self.output.get(self.sent..) {
            match self.stream.write(rest) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.sent > 0 {
            self.deadline = deadline;
            self.sent = 0;
            self.output.clear();
            if self.transfer.is_none() {
                self.output.shrink_to(KEEP);
            }
        }
        Ok(true)
    }

    /// Nothing received waits for an answer, and no answer waits to leave.
    pub(crate) fn is_idle(&self) -> bool {
        let is_waiting = self.transfer.is_some() || message_at(&self.input, 0).is_some();
        self.output.is_empty() && !is_waiting
    }

    /// Idle, and no answer has left since it had this deadline.
    pub(crate) fn is_idle_since(&self, deadline: Instant) -> bool {
        self.is_idle() && self.deadline == deadline
    }

    pub(crate) fn is_overdue(&self, now: Instant) -> bool {
        self.deadline <= now
    }
}

/// The whole message that starts at `place`, without its length prefix.
fn message_at(input: &[u8], place: usize) -> Option<&[u8]> {
    let (prefix, rest) = input.get(place..)?.split_first_chunk::<2>()?;
    rest.get(..usize::from(u16::from_be_bytes(*prefix)))
}

/// The moment `patience` from now; a day if that is beyond the clock.
pub(crate) fn deadline_in(now: Instant, patience: Duration) -> Instant {
    now.checked_add(patience)
        .unwrap_or(now + Duration::from_secs(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::net::Ipv4Addr;

    use understudy_wire::NameBuf;
    use understudy_zone::Zone;

    /// A network that delivers these pieces, and takes `room` octets before it blocks.
    struct Network {
        pieces: VecDeque<Vec<u8>>,
        is_ended: bool,
        room: usize,
        taken: Vec<u8>,
    }

    impl Read for Network {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.pieces.pop_front() {
                Some(piece) => {
                    into[..piece.len()].copy_from_slice(&piece);
                    Ok(piece.len())
                }
                None if self.is_ended => Ok(0),
                None => Err(io::ErrorKind::WouldBlock.into()),
            }
        }
    }

    impl Write for Network {
        fn write(&mut self, from: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let count = from.len().min(self.room);
            self.room -= count;
            self.taken.extend_from_slice(&from[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn connection(pieces: &[&[u8]], is_ended: bool, room: usize) -> Connection<Network> {
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        let network = Network {
            pieces,
            is_ended,
            room,
            taken: Vec::new(),
        };
        let client = Ipv4Addr::LOCALHOST.into();
        Connection::new(network, client, client, Instant::now())
    }

    fn echo(message: &[u8], _client: IpAddr, output: &mut Vec<u8>) -> Handled {
        append(message, output);
        match message {
            b"fail" => Handled::Badly,
            _ => Handled::Wholly,
        }
    }

    fn run(connection: &mut Connection<Network>, queries: usize) -> io::Result<Next> {
        let mut scratch = [0; 64];
        let deadline = connection.deadline + Duration::from_secs(1);
        connection.turn(&mut Turn {
            answer: echo,
            scratch: &mut scratch,
            queries,
            deadline,
            transferred: 0,
        })
    }

    /// RFC 1035 section 4.2.2, RFC 7766 section 8.
    #[test]
    fn a_message_may_be_cut_anywhere() {
        let stream = b"\x00\x03one\x00\x05three";
        for cut in 0..stream.len() {
            let (left, right) = stream.split_at(cut);
            let mut client = connection(&[left, right], false, 1000);
            client.stream.pieces.retain(|piece| !piece.is_empty());
            assert_eq!(run(&mut client, 10).unwrap(), Next::Reading, "cut at {cut}");
            assert_eq!(client.stream.taken, stream, "cut at {cut}");
        }
    }

    #[test]
    fn a_half_closed_client_gets_every_answer() {
        let mut client = connection(&[b"\x00\x01a\x00\x01b\x00\x09part"], true, 1000);
        assert_eq!(run(&mut client, 10).unwrap(), Next::Closing);
        assert_eq!(client.stream.taken, b"\x00\x01a\x00\x01b");
    }

    #[test]
    fn a_slow_reader_stops_the_reading_and_earns_no_time() {
        let mut client = connection(&[b"\x00\x01a", b"\x00\x01b"], false, 2);
        let deadline = client.deadline;
        assert_eq!(run(&mut client, 10).unwrap(), Next::Writing);
        assert_eq!(client.stream.pieces.len(), 1);
        assert_eq!(client.deadline, deadline);
        client.stream.room = 100;
        assert_eq!(run(&mut client, 10).unwrap(), Next::Reading);
        assert_eq!(client.stream.taken, b"\x00\x01a\x00\x01b");
        assert!(client.deadline > deadline);
    }

    #[test]
    fn a_slow_writer_earns_no_time() {
        let mut client = connection(&[b"\x00\x05ab"], false, 100);
        let deadline = client.deadline;
        assert_eq!(run(&mut client, 10).unwrap(), Next::Reading);
        assert_eq!(client.deadline, deadline);
        assert!(client.is_idle() && client.is_overdue(deadline));
    }

    #[test]
    fn a_pipelining_client_shares_the_thread() {
        let mut client = connection(&[b"\x00\x01a\x00\x01b\x00\x01c"], false, 100);
        assert_eq!(run(&mut client, 2).unwrap(), Next::Again);
        assert_eq!(client.stream.taken, b"\x00\x01a\x00\x01b");
        assert!(!client.is_idle());
        assert_eq!(run(&mut client, 2).unwrap(), Next::Reading);
        assert_eq!(client.stream.taken, b"\x00\x01a\x00\x01b\x00\x01c");
    }

    #[test]
    fn answers_that_nobody_takes_are_few() {
        let mut client = connection(&[&b"\x00\x01a".repeat(64)], false, 0);
        let turned = client.turn(&mut Turn {
            answer: |_: &[u8], _, output: &mut Vec<u8>| {
                append(&vec![0; 65_535], output);
                Handled::Wholly
            },
            scratch: &mut [0; 1024],
            queries: 64,
            deadline: Instant::now(),
            transferred: 0,
        });
        assert_eq!(turned.unwrap(), Next::Writing);
        assert!(client.output.len() <= 2 * 65_537, "{}", client.output.len());
        client.stream.room = usize::MAX;
        assert!(client.flush(client.deadline).unwrap());
        assert!(client.output.capacity() <= KEEP, "given back");
    }

    fn transfer(query: &[u8]) -> Box<Transfer> {
        let text = b"@ 60 SOA ns root 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n";
        let origin: NameBuf = "a.".parse().unwrap();
        let zone = Zone::parse(text, "a", origin.as_name()).unwrap().zone;
        Box::new(Transfer::begun(query, &zone))
    }

    #[test]
    fn a_transfer_ends_before_the_next_query_is_taken_and_is_no_idleness() {
        let axfr = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x01a\0\0\xfc\0\x01";
        let framed = [&[0, 19][..], axfr].concat();
        let mut client = connection(&[&framed], false, usize::MAX);
        let turn = |client: &mut Connection<Network>, queries| {
            let deadline = client.deadline;
            let mut turn = Turn {
                answer: |message: &[u8], _, output: &mut Vec<u8>| {
                    append(b"answer", output);
                    if message == axfr {
                        Handled::Begun(transfer(message))
                    } else {
                        Handled::Wholly
                    }
                },
                scratch: &mut [0; 1024],
                queries,
                deadline,
                transferred: 0,
            };
            (client.turn(&mut turn).unwrap(), turn.transferred)
        };
        assert_eq!(turn(&mut client, 1), (Next::Again, 0));
        assert!(client.output.is_empty() && !client.is_idle());
        client
            .stream
            .pieces
            .push_back([&framed[..], b"\x00\x01b"].concat());
        let (next, transferred) = turn(&mut client, 100);
        assert_eq!(next, Next::Reading);
        let message = transferred / 2 + 2;
        let sent = &client.stream.taken;
        assert_eq!(sent.len(), 3 * 8 + 2 * message);
        assert_eq!(sent[8 + message..][..8], *b"\x00\x06answer");
        assert_eq!(sent[16 + 2 * message..], *b"\x00\x06answer");
        assert!(client.is_idle());
    }

    #[test]
    fn a_failing_responder_ends_the_connection() {
        let mut client = connection(&[b"\x00\x04fail\x00\x01a"], false, 100);
        assert!(run(&mut client, 10).is_err());
    }
}
