//! One message and the responses to it, in lines of the processor's cache.

use super::ID;
use super::choices::{CHOICES, Choices};
use crate::chance::Chance;
use crate::outcome::{RECORDS, Subject, Summary};

/// What is kept begins where a line of the processor's cache does, and is copied in such lines.
pub(super) const LINE: usize = 64;

/// The longest message that is kept, without its id.
const MESSAGE_OCTETS: usize = 2 * LINE;

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Line([u8; LINE]);

impl Line {
    /// Octets in as many lines as they need.
    pub(super) fn all_of(octets: &[u8]) -> impl Iterator<Item = Self> {
        octets.chunks(LINE).map(|octets| {
            let mut line = [0; LINE];
            line.iter_mut()
                .zip(octets)
                .for_each(|(to, from)| *to = *from);
            Line(line)
        })
    }
}

/// A message and what can be said to it. Lengths are without the id.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
pub(super) struct Kept {
    /// Where the message begins. A response begins at the line behind what is before it.
    line: u16,
    message_octets: u8,
    /// Chance chooses a number below this one.
    numbers: u8,
    /// A response is for the numbers below this one that no response before is for.
    below: [u8; CHOICES],
    octets: [u8; CHOICES],
    rcode: u16,
    qtype: Option<u16>,
    subject: Subject,
    is_steered: bool,
    /// The steered set that decided.
    record: u32,
}

impl Kept {
    pub(super) fn new(line: usize, message: &[u8], choices: &Choices) -> Option<Self> {
        let Summary {
            rcode,
            qtype,
            subject,
            is_steered,
            records: [record, others @ ..],
            ..
        } = choices.summary;
        if message.len() > MESSAGE_OCTETS || others.iter().any(|record| *record != 0) {
            return None;
        }
        let mut kept = Kept {
            line: u16::try_from(line).ok()?,
            message_octets: u8::try_from(message.len()).ok()?,
            numbers: choices.numbers,
            rcode,
            qtype,
            subject,
            is_steered,
            record,
            ..Kept::default()
        };
        let places = kept.below.iter_mut().zip(&mut kept.octets);
        for (choice, (below, octets)) in choices.responses.iter().zip(places) {
            *below = choice.below;
            *octets = u8::try_from(choice.octets.len()).ok()?;
        }
        Some(kept)
    }

    /// Writes a response, if it is to this message, and gives its length without the id. `lines` are everybody's.
    #[inline(always)]
    pub(super) fn write(
        &self,
        lines: &[Line],
        (id, message): (&[u8; ID], &[u8]),
        chance: &mut Chance,
        reply: &mut [u8],
    ) -> Option<u8> {
        if usize::from(self.message_octets) != message.len() {
            return None;
        }
        let (line, behind) = lines.get(usize::from(self.line)..)?.split_first()?;
        let behind = match message.split_at_checked(LINE) {
            None if is_same(line.0.get(..message.len())?, message) => behind,
            Some((first, rest)) if line.0 == first => rest_is_same(behind, rest)?,
            _ => return None,
        };
        let (skipped, octets) = self.choose(chance);
        let from = behind.get(skipped..)?.get(..lines_of(octets))?;
        let (to_id, to) = reply.split_first_chunk_mut()?;
        let to = to.as_chunks_mut().0.get_mut(..from.len())?;
        for (to, Line(line)) in to.iter_mut().zip(from) {
            *to = *line;
        }
        *to_id = *id;
        Some(octets)
    }

    /// Where the response that chance chooses begins, counted in lines behind the message, and its length.
    #[inline(always)]
    fn choose(&self, chance: &mut Chance) -> (usize, u8) {
        let [octets, ..] = self.octets;
        if self.numbers == 1 {
            return (0, octets);
        }
        let number = chance.below(u64::from(self.numbers));
        let mut lines = 0;
        for (below, octets) in self.below.iter().zip(self.octets) {
            if number < u64::from(*below) {
                return (lines, octets);
            }
            lines += lines_of(octets);
        }
        (0, octets)
    }

    /// What is counted of a response so long.
    #[inline(always)]
    pub(super) fn summary(&self, octets: u8) -> Summary {
        let mut records = [0; RECORDS];
        if let Some(first) = records.first_mut() {
            *first = self.record;
        }
        Summary {
            length: ID + usize::from(octets),
            rcode: self.rcode,
            qtype: self.qtype,
            is_steered: self.is_steered,
            records,
            subject: self.subject,
            ..Summary::default()
        }
    }
}

#[inline(always)]
fn lines_of(octets: u8) -> usize {
    usize::from(octets).div_ceil(LINE)
}

/// What is behind the second line of a message, if its octets are these.
#[inline(never)]
fn rest_is_same<'l>(lines: &'l [Line], rest: &[u8]) -> Option<&'l [Line]> {
    if rest.is_empty() {
        return Some(lines);
    }
    let (Line(line), behind) = lines.split_first()?;
    (line.get(..rest.len())? == rest).then_some(behind)
}

/// Are they the same? Both have as many octets, fewer than a line. Half a line and more, as most messages
/// are, is compared without a call.
#[inline(always)]
fn is_same(left: &[u8], right: &[u8]) -> bool {
    const HALF: usize = LINE / 2;
    if let (Some(first), Some(last)) = (left.first_chunk::<HALF>(), left.last_chunk::<HALF>())
        && let (Some(other), Some(other_last)) = (right.first_chunk(), right.last_chunk())
    {
        return differences(first, other) | differences(last, other_last) == 0;
    }
    left == right
}

/// The bits in which two halves of a line differ, laid over each other.
#[inline(always)]
fn differences(left: &[u8; LINE / 2], right: &[u8; LINE / 2]) -> u64 {
    let words = left.as_chunks().0.iter().zip(right.as_chunks().0);
    words.fold(0, |found, (left, right)| {
        found | (u64::from_ne_bytes(*left) ^ u64::from_ne_bytes(*right))
    })
}

#[cfg(test)]
mod tests {
    use super::super::choices::Choice;
    use super::*;

    /// Hashes may be the same, so each octet has a say.
    #[test]
    fn a_message_is_another_if_one_octet_is() {
        for length in 1..=MESSAGE_OCTETS {
            let message: Vec<u8> = (0..=u8::MAX).take(length).collect();
            let choices = Choices {
                summary: Summary::default(),
                numbers: 1,
                responses: vec![Choice {
                    below: 1,
                    octets: vec![7; 80],
                }],
            };
            let kept = Kept::new(1, &message, &choices).unwrap();
            let filler = Line([1; LINE]);
            let lines = [Line::all_of(&message), Line::all_of(&[7; 80])];
            let lines: Vec<Line> = [filler]
                .into_iter()
                .chain(lines.into_iter().flatten())
                .collect();
            let is_written = |message: &[u8]| {
                let (chance, reply) = (&mut Chance::new(1), &mut [0; 512]);
                let written = kept.write(&lines, (&[8, 9], message), chance, reply);
                written.inspect(|octets| {
                    assert_eq!((*octets, reply[..2].as_ref()), (80, &[8, 9][..]));
                    assert_eq!(reply[2..82], [7; 80]);
                })
            };
            assert!(is_written(&message).is_some());
            for at in 0..length {
                let mut other = message.clone();
                other[at] ^= 1;
                assert!(is_written(&other).is_none(), "octet {at} of {length}");
            }
            assert!(is_written(&message[..length - 1]).is_none());
            assert!(is_written(&[&message[..], &[0]].concat()).is_none());
        }
    }

    #[test]
    fn a_message_has_a_most_of_octets() {
        let choices = Choices {
            summary: Summary::default(),
            numbers: 1,
            responses: Vec::new(),
        };
        assert!(Kept::new(1, &[0; MESSAGE_OCTETS], &choices).is_some());
        assert!(Kept::new(1, &[0; MESSAGE_OCTETS + 1], &choices).is_none());
    }
}
