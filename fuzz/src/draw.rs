//! Values made from the fuzzer's octets. Where these are used up, the simplest value comes: a short
//! input is a simple case.

use arbitrary::Unstructured;
use understudy_wire::{Name, NameBuf, Rtype};

/// What rdata is drawn for: types with and without names in them, those that rule a look-up, and
/// one that nobody knows.
const TYPES: [Rtype; 13] = [
    Rtype::A,
    Rtype::NS,
    Rtype::CNAME,
    Rtype::DNAME,
    Rtype::AAAA,
    Rtype::MX,
    Rtype::TXT,
    Rtype::DS,
    Rtype::SRV,
    Rtype::SVCB,
    Rtype::HTTPS,
    Rtype::PTR,
    Rtype::new(65_280),
];

/// Few labels, so that names meet: some that differ in case only, some that sort between others, an
/// asterisk, one with an escape in every kind of text, and the longest.
const LABELS: [&[u8]; 14] = [
    b"a",
    b"b",
    b"*",
    b"A",
    b"aa",
    b"c",
    b"a*",
    b"\0",
    b"\x01",
    b"\xff",
    b"-",
    b". \\",
    b"ns",
    &[b'l'; 63],
];

pub(crate) struct Draw<'a>(Unstructured<'a>);

impl<'a> Draw<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self(Unstructured::new(input))
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.0.is_empty()
    }

    /// A number from 0 to one below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0
            .int_in_range(0..=limit.saturating_sub(1))
            .unwrap_or(0)
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub(crate) fn octet(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or(0)
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Up to `limit` octets.
    pub(crate) fn octets(&mut self, limit: usize) -> Vec<u8> {
        let length = self.below(limit + 1).min(self.0.len());
        self.0.bytes(length).unwrap_or_default().to_vec()
    }

    fn label(&mut self) -> Vec<u8> {
        if self.one_in(16) {
            let drawn = self.octets(8);
            if !drawn.is_empty() {
                return drawn;
            }
        }
        self.pick(&LABELS).to_vec()
    }

    /// `origin` or a name below it.
    pub(crate) fn name(&mut self, origin: Name<'_>) -> NameBuf {
        let mut name = origin.to_buf();
        for _ in 0..self.below(6) {
            let label = self.label();
            // A name that got too long stays as it is.
            name = NameBuf::child(&label, name.as_name()).unwrap_or(name);
        }
        name
    }

    pub(crate) fn rtype(&mut self) -> Rtype {
        self.pick(&TYPES)
    }

    /// TTLs as zones have them, and the ends of the range.
    pub(crate) fn ttl(&mut self) -> u32 {
        self.pick(&[300, 0, 1, 0x7fff_ffff])
    }

    /// Well-formed rdata whose names are at or below `origin`, or beside it.
    pub(crate) fn rdata(&mut self, rtype: Rtype, origin: Name<'_>) -> Vec<u8> {
        let target = match self.below(8) {
            0 => NameBuf::child(b"elsewhere", Name::ROOT).unwrap_or(NameBuf::ROOT),
            1 => NameBuf::ROOT,
            _ => self.name(origin).as_name().to_lower(),
        };
        let name = target.as_name().octets();
        match rtype {
            Rtype::A => vec![192, 0, 2, self.octet()],
            Rtype::AAAA => {
                let mut octets = [0x20; 16];
                octets[15] = self.octet();
                octets.to_vec()
            }
            Rtype::NS | Rtype::CNAME | Rtype::DNAME | Rtype::PTR => name.to_vec(),
            Rtype::MX => [&[0, self.octet()], name].concat(),
            Rtype::SRV => [&[0, 0, 0, self.octet(), 0, 53], name].concat(),
            Rtype::SVCB | Rtype::HTTPS => [&[0, self.octet() & 1], name].concat(),
            Rtype::DS => vec![0, self.octet(), 8, 2, 0xab],
            Rtype::TXT => self.texts(),
            _ => self.octets(40),
        }
    }

    /// One or two character-strings, sometimes long ones.
    fn texts(&mut self) -> Vec<u8> {
        let mut octets = Vec::new();
        for _ in 0..=self.below(2) {
            let text = match self.below(4) {
                0 => vec![b'x'; 255],
                1 => Vec::new(),
                _ => self.octets(16),
            };
            octets.push(u8::try_from(text.len()).unwrap_or(0));
            octets.extend(text);
        }
        octets
    }

    /// One to three rdatas, sometimes enough to fill a message.
    pub(crate) fn rdatas(&mut self, rtype: Rtype, origin: Name<'_>) -> Vec<Vec<u8>> {
        let count = if self.one_in(24) {
            60
        } else {
            self.below(3) + 1
        };
        let mut rdatas: Vec<_> = (0..count).map(|_| self.rdata(rtype, origin)).collect();
        // Of these a name has one at most (RFC 1034 section 3.6.2, RFC 6672 section 2.4).
        if matches!(rtype, Rtype::CNAME | Rtype::DNAME) {
            rdatas.truncate(1);
        }
        rdatas
    }
}
