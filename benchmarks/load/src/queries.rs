use std::fs;
use std::path::Path;

use crate::fault::Fault;

/// Header of a DNS message.
const HEADER: usize = 12;

/// What an answer must say to count as one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) rcode: u8,
    /// Records in the answer section.
    pub(crate) answers: u8,
}

/// Queries in the order in which they are asked, again and again.
///
/// The file has for each: its length (two octets, big endian), the expected rcode, the expected number of
/// answers (an octet each), and the message.
pub(crate) struct Queries {
    octets: Vec<u8>,
    places: Vec<(usize, usize, Expected)>,
    next: usize,
}

impl Queries {
    pub(crate) fn load(path: &Path) -> Result<Self, Fault> {
        let octets = fs::read(path).map_err(Fault::at("reading the queries"))?;
        let mut places = Vec::new();
        let mut rest = octets.as_slice();
        let mut start = 0;
        while let [high, low, rcode, answers, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            start += 4;
            rest = after.get(length..).ok_or(Fault::Queries("cut short"))?;
            if length < HEADER {
                return Err(Fault::Queries("shorter than a header"));
            }
            let (rcode, answers) = (*rcode, *answers);
            places.push((start, start + length, Expected { rcode, answers }));
            start += length;
        }
        if places.is_empty() {
            return Err(Fault::Queries("none"));
        }
        Ok(Queries {
            octets,
            places,
            next: 0,
        })
    }

    /// The next query: its message and what it expects.
    pub(crate) fn take(&mut self) -> (&[u8], Expected) {
        if self.next >= self.places.len() {
            self.next = 0;
        }
        let none = Expected {
            rcode: 0,
            answers: 0,
        };
        let (start, end, expected) = self.places.get(self.next).copied().unwrap_or((0, 0, none));
        self.next += 1;
        (self.octets.get(start..end).unwrap_or_default(), expected)
    }
}

/// The id of an answer, and what it says.
pub(crate) fn read_answer(message: &[u8]) -> Option<(u16, Expected)> {
    let [high, low, _, flags, _, _, an_high, an_low, ..] = message else {
        return None;
    };
    let id = u16::from_be_bytes([*high, *low]);
    let answers = u8::try_from(u16::from_be_bytes([*an_high, *an_low])).unwrap_or(u8::MAX);
    let rcode = flags & 0x0f;
    Some((id, Expected { rcode, answers }))
}
