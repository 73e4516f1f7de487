//! One connection of a gathering: queries ahead of the answers, which are told apart by their numbers (RFC 7766
//! section 7).

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use understudy_wire::{Header, Rcode, Verifier, sign_request};

use super::question::{Awaited, Found, Heard, query};
use super::{Shared, Source};
use crate::sys::wall_s;

/// chosen: how late it is noticed that nobody wants the zones any more.
const LOOK: Duration = Duration::from_millis(250);

/// chosen: a message of any length and what is behind it.
const BUFFER: usize = 1 << 17;

/// A zone that was asked for.
struct Asked {
    place: usize,
    awaited: Awaited,
    verifier: Option<Verifier>,
}

/// A connection, and what is under way on it.
pub(super) struct Line<'s> {
    shared: &'s Shared,
    stream: TcpStream,
    asked: BTreeMap<u16, Asked>,
    buffer: Vec<u8>,
    /// The octets in the buffer that were not looked at yet.
    from: usize,
    to: usize,
    /// How many wishes it has fulfilled, and when the last answer ended, whatever it was.
    fulfilled: usize,
    ended_at: Instant,
}

/// A socket whose time to send is over says that it would block: the server takes nothing any more.
fn slow(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock {
        return io::Error::new(ErrorKind::TimedOut, "the server takes no more questions");
    }
    error
}

fn connect(source: &Source, patience: Duration) -> io::Result<TcpStream> {
    let Some(via) = source.via else {
        return TcpStream::connect_timeout(&source.address, patience);
    };
    let domain = Domain::for_address(source.address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::new(via, 0).into())?;
    socket.connect_timeout(&source.address.into(), patience)?;
    Ok(socket.into())
}

fn broken(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

impl<'s> Line<'s> {
    /// None: nothing is left to be asked for.
    pub(super) fn open(shared: &'s Shared) -> io::Result<Option<Self>> {
        if shared.is_given_up() || shared.state().wanted.is_empty() {
            return Ok(None);
        }
        let stream = connect(&shared.source, shared.terms.patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LOOK.min(shared.terms.patience)))?;
        stream.set_write_timeout(Some(shared.terms.patience))?;
        Ok(Some(Line {
            shared,
            stream,
            asked: BTreeMap::new(),
            buffer: vec![0; BUFFER],
            from: 0,
            to: 0,
            fulfilled: 0,
            ended_at: Instant::now(),
        }))
    }

    /// Until there is nothing left to be asked for.
    pub(super) fn work(&mut self, is_ahead: bool) -> io::Result<()> {
        let most = if is_ahead { self.shared.pace.ahead } else { 1 };
        loop {
            while let Some((start, end)) = self.message() {
                self.heed(start, end)?;
            }
            // Each answer is followed by a question, which acknowledges it: a server that sends small answers waits for
            // that before the next one (RFC 896), and we would put it off for 40 ms (RFC 1122 section 4.2.3.2).
            if self.asked.len() < most {
                self.ask(most)?;
            }
            if self.asked.is_empty() {
                return Ok(());
            }
            self.read()?;
        }
    }

    /// How many wishes it has fulfilled.
    pub(super) fn fulfilled(&self) -> usize {
        self.fulfilled
    }

    /// What was asked for and has not come.
    pub(super) fn left(&self) -> impl Iterator<Item = usize> {
        self.asked.values().map(|asked| asked.place)
    }

    /// Queries for the next zones, in one go.
    fn ask(&mut self, most: usize) -> io::Result<()> {
        let mut octets = Vec::new();
        while self.asked.len() < most {
            let Some(place) = self.shared.next() else {
                break;
            };
            self.push_query(place, &mut octets)
                .ok_or_else(|| broken("a query that cannot be signed"))?;
        }
        if octets.is_empty() {
            return Ok(());
        }
        self.stream.write_all(&octets).map_err(slow)
    }

    fn push_query(&mut self, place: usize, octets: &mut Vec<u8>) -> Option<()> {
        let offset = u16::try_from(place % (1 << 16)).ok()?;
        let id = self.shared.terms.first_id.wrapping_add(offset);
        let wish = self.shared.wishes.get(place)?;
        let mut query = query(id, wish)?;
        let mut verifier = None;
        if let Some(key) = &self.shared.source.key {
            let (signed, proving) = sign_request(key, &query, u64::from(wall_s()))?;
            (query, verifier) = (signed, Some(proving));
        }
        octets.extend_from_slice(&u16::try_from(query.len()).ok()?.to_be_bytes());
        octets.extend_from_slice(&query);
        let asked = Asked {
            place,
            awaited: Awaited::new(id, wish, self.shared.terms.limit),
            verifier,
        };
        self.asked.insert(id, asked);
        Some(())
    }

    /// The next message, if all of it is here: where it is in the buffer.
    fn message(&mut self) -> Option<(usize, usize)> {
        let here = self.buffer.get(self.from..self.to)?;
        let (length, rest) = here.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if rest.len() < length {
            return None;
        }
        let start = self.from + 2;
        self.from = start + length;
        Some((start, self.from))
    }

    /// A message of one of the zones. One that cannot be used ends its zone; one of no zone ends the line.
    fn heed(&mut self, start: usize, end: usize) -> io::Result<()> {
        let message = self.buffer.get(start..end).unwrap_or_default();
        let header = Header::parse(message).ok_or_else(|| broken("no message"))?;
        let nobody = || broken("an answer to nothing that was asked");
        let asked = self.asked.get_mut(&header.id()).ok_or_else(nobody)?;
        let heard = asked.take(message);
        if matches!(heard, Heard::More) {
            return Ok(());
        }
        let asked = self.asked.remove(&header.id()).ok_or_else(nobody)?;
        self.finish(asked, heard);
        self.ended_at = Instant::now();
        Ok(())
    }

    fn finish(&mut self, asked: Asked, heard: Heard) {
        let place = asked.place;
        let is_proven = asked
            .verifier
            .is_none_or(|verifier| verifier.finish().is_ok());
        let found = match heard {
            _ if !is_proven => None,
            Heard::Refused(Rcode::SERVFAIL) if self.shared.ask_again(place) => None,
            Heard::Refused(rcode) => Some(Found::Refused(rcode)),
            Heard::Done => asked.awaited.finish(),
            Heard::More | Heard::Unusable => None,
        };
        if let Some(found) = found {
            self.fulfilled += usize::from(!matches!(found, Found::Refused(_)));
            self.shared.put(place, found);
        }
    }

    /// More octets, if there are any soon.
    fn read(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
        let room = self.buffer.get_mut(self.to..).unwrap_or_default();
        match self.stream.read(room) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.to += count;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(())
            }
            Err(error) => Err(error),
        }?;
        if self.shared.is_given_up() || self.ended_at.elapsed() > self.shared.terms.patience {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl Asked {
    fn take(&mut self, message: &[u8]) -> Heard {
        let now_s = u64::from(wall_s());
        let proof = self.verifier.as_mut().map(|it| it.take(message, now_s));
        match proof {
            Some(Err(_)) => Heard::Unusable,
            None | Some(Ok(())) => self.awaited.feed(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_takes_no_more_questions_is_slow_and_not_broken() {
        let error = slow(ErrorKind::WouldBlock.into());
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "the server takes no more questions");
        assert_eq!(
            slow(ErrorKind::BrokenPipe.into()).kind(),
            ErrorKind::BrokenPipe
        );
    }
}
