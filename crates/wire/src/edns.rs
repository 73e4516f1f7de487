//! The OPT pseudo-record as it came and as it is sent (RFC 6891 section 6.1).

use crate::numbers::Rtype;

/// Asks for, and tells, how long a zone is still answered where no primary is heard (RFC 7314 section 2).
pub const EXPIRE: u16 = 9;

/// What a client said with its OPT record.
#[derive(Clone, Copy, Debug)]
pub struct Edns<'m> {
    /// The highest version that the client speaks; we speak 0.
    pub version: u8,
    /// The largest UDP response that the client takes, as sent (values below 512 mean 512).
    pub udp_size: u16,
    /// The DO bit: the client wants DNSSEC records.
    pub dnssec_ok: bool,
    pub(crate) options: &'m [u8],
}

impl<'m> Edns<'m> {
    /// What is there of the first OPT record in the beginning of a message, whose records begin at
    /// `records`: the record may end where nothing is known any more, and of its options those count
    /// that are here whole.
    #[must_use]
    pub fn in_beginning(beginning: &'m [u8], records: usize) -> Option<Self> {
        let mut rest = beginning.get(records..)?;
        loop {
            let (is_root, behind) = split_owner(rest)?;
            let (frame, behind) = behind.split_first_chunk::<10>()?;
            let [
                type0,
                type1,
                size0,
                size1,
                _,
                version,
                flags,
                _,
                length0,
                length1,
            ] = *frame;
            let length = usize::from(u16::from_be_bytes([length0, length1]));
            if is_root && Rtype::new(u16::from_be_bytes([type0, type1])) == Rtype::OPT {
                return Some(Edns {
                    version,
                    udp_size: u16::from_be_bytes([size0, size1]),
                    dnssec_ok: flags & 0x80 != 0,
                    options: behind.get(..length).unwrap_or(behind),
                });
            }
            rest = behind.get(length..)?;
        }
    }

    /// Are there any options?
    #[must_use]
    pub fn has_options(&self) -> bool {
        !self.options.is_empty()
    }

    /// The options in their order, as far as they are whole.
    #[must_use]
    pub fn options(&self) -> Options<'m> {
        Options(self.options)
    }
}

/// One EDNS option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EdnsOption<'m> {
    /// The option code.
    pub code: u16,
    /// Its octets.
    pub octets: &'m [u8],
}

/// The options of an OPT record.
#[derive(Clone, Debug)]
pub struct Options<'m>(pub(crate) &'m [u8]);

impl<'m> Iterator for Options<'m> {
    type Item = EdnsOption<'m>;

    fn next(&mut self) -> Option<EdnsOption<'m>> {
        let (option, rest) = split_option(self.0)?;
        self.0 = rest;
        Some(option)
    }
}

fn split_option(octets: &[u8]) -> Option<(EdnsOption<'_>, &[u8])> {
    let (code, rest) = octets.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (octets, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((
        EdnsOption {
            code: u16::from_be_bytes(*code),
            octets,
        },
        rest,
    ))
}

/// The OPT record of a response.
#[derive(Clone, Copy, Debug)]
pub struct Opt<'o> {
    /// The largest UDP message that we take.
    pub udp_size: u16,
    /// The DO bit, which is returned as it came (RFC 3225 section 3); no other flag is (RFC 6891 section
    /// 6.1.4).
    pub dnssec_ok: bool,
    /// The options.
    pub options: &'o [EdnsOption<'o>],
}

impl Opt<'_> {
    /// How long the record is: what to give [`Writer::reserve`](crate::Writer::reserve).
    #[must_use]
    pub fn octets(&self) -> usize {
        11 + self
            .options
            .iter()
            .map(|option| 4 + option.octets.len())
            .sum::<usize>()
    }
}

/// Whether a record's owner is the root, and what follows it.
fn split_owner(octets: &[u8]) -> Option<(bool, &[u8])> {
    let mut rest = octets;
    loop {
        let (length, behind) = rest.split_first()?;
        match *length {
            0 => return Some((rest.len() == octets.len(), behind)),
            0xc0.. => return Some((false, behind.get(1..)?)),
            length => rest = behind.get(usize::from(length)..)?,
        }
    }
}

/// Do whole options fill these octets exactly?
pub(crate) fn are_options_whole(mut octets: &[u8]) -> bool {
    while let Some((_, rest)) = split_option(octets) {
        octets = rest;
    }
    octets.is_empty()
}
