//! What comes over TCP is cut into the messages that were sent, wherever the network cuts it; each is
//! answered once and in order (RFC 7766 section 8), and what a client does not read does not pile up.

use std::io::{self, ErrorKind, Read, Write};

use understudy_engine::trial::{Conversation, converse};

use crate::draw::Draw;

/// chosen: some rounds of reading and writing, and a few in which nothing more happens.
const TURNS: usize = 200;

/// Answers after which no further query is taken before they have left, and the longest of them.
const MOST_WAITING: usize = 65_535 + 2 + 65_535;

/// The client's side: each call has its fate drawn.
struct Network<'a> {
    draw: Draw<'a>,
    unsent: Vec<u8>,
    has_ended: bool,
    delivered: Vec<u8>,
    taken: Vec<u8>,
    failed: bool,
}

impl Network<'_> {
    /// How much of `limit` octets goes through now.
    fn share(&mut self, limit: usize) -> io::Result<usize> {
        match self.draw.below(8) {
            0 => Err(ErrorKind::WouldBlock.into()),
            1 => Err(ErrorKind::Interrupted.into()),
            2 if self.draw.one_in(32) => {
                self.failed = true;
                Err(ErrorKind::ConnectionReset.into())
            }
            3..=5 => Ok(limit.min(self.draw.below(4) + 1)),
            _ => Ok(limit),
        }
    }
}

impl Read for Network<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.unsent.is_empty() {
            let pause = Err(ErrorKind::WouldBlock.into());
            return if self.has_ended { Ok(0) } else { pause };
        }
        let count = self.share(into.len().min(self.unsent.len()))?;
        let piece: Vec<u8> = self.unsent.drain(..count).collect();
        into[..count].copy_from_slice(&piece);
        self.delivered.extend(piece);
        Ok(count)
    }
}

impl Write for Network<'_> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        assert!(!from.is_empty() && from.len() <= MOST_WAITING);
        let count = self.share(from.len())?;
        self.taken.extend(&from[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The first octets are what the client sends and how it is answered, the others what the network does.
pub fn run(input: &[u8]) {
    let mut draw = Draw::new(input);
    let (queries, has_ended) = (draw.below(5) + 1, draw.one_in(2));
    let unsent = stream(&mut draw);
    let network = Network {
        draw,
        unsent,
        has_ended,
        delivered: Vec::new(),
        taken: Vec::new(),
        failed: false,
    };
    let (mut asked, mut answers) = (Vec::new(), Vec::new());
    let conversation = converse(network, TURNS, queries, |message, output| {
        assert!(output.len() < MOST_WAITING / 2, "{} wait", output.len());
        asked.push(message.to_vec());
        let answer = answer(message);
        answers.extend(&answer);
        output.extend(answer);
        message != b"fail"
    });
    check(&conversation, &asked, &answers);
}

/// Messages with their lengths, now and then of more or fewer octets than they say.
fn stream(draw: &mut Draw<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    for _ in 0..draw.below(12) {
        let message = match draw.below(6) {
            0 => b"fail".to_vec(),
            1 => vec![b'm'; draw.pick(&[0, 1, 300, 20_000, 65_535])],
            _ => draw.octets(40),
        };
        let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
        let said = if draw.one_in(24) { length / 2 } else { length };
        octets.extend(said.to_be_bytes());
        octets.extend(message);
    }
    if draw.one_in(3) {
        octets.extend(draw.octets(6));
    }
    octets
}

/// Silence, an echo, or the longest there is: the message says which.
fn answer(message: &[u8]) -> Vec<u8> {
    let answer = match message.first() {
        Some(b's') => return Vec::new(),
        Some(b'l') => vec![7; 65_535],
        _ => message.to_vec(),
    };
    let length = u16::try_from(answer.len()).expect("no more than a message has");
    [&length.to_be_bytes()[..], &answer].concat()
}

fn check(conversation: &Conversation<Network<'_>>, asked: &[Vec<u8>], answers: &[u8]) {
    let Network {
        delivered,
        unsent,
        taken,
        failed,
        has_ended,
        ..
    } = &conversation.stream;
    let (whole, rest) = naive(delivered);
    assert_eq!(asked, &whole[..asked.len()], "each once, in order");
    assert!(answers.starts_with(taken), "in the order of the messages");
    assert!(!conversation.earned_time || !taken.is_empty());
    let was_hung_up = asked.last().is_some_and(|last| last == b"fail");
    if *failed || was_hung_up {
        assert!(!conversation.is_open);
        return;
    }
    if !conversation.is_open {
        assert!(*has_ended && unsent.is_empty());
        assert_eq!(asked.len(), whole.len(), "all that came is answered");
        assert_eq!(taken, answers, "and has left");
        return;
    }
    let is_answered = asked.len() == whole.len() && taken == answers;
    assert_eq!(conversation.is_idle, is_answered, "{rest} octets wait");
}

/// The messages of a stream, and how many octets of another there are.
fn naive(mut octets: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let mut whole = Vec::new();
    while let [high, low, rest @ ..] = octets {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if rest.len() < length {
            break;
        }
        whole.push(rest[..length].to_vec());
        octets = &rest[length..];
    }
    (whole, octets.len())
}
