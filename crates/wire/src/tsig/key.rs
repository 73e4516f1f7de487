//! Keys: a name, an algorithm and a secret that both sides have; and the digest that they make.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::record::Record;
use crate::name::{Name, NameBuf};

/// The longest MAC, that of SHA-512.
const MAC_OCTETS: usize = 64;

/// One of the algorithms that RFC 8945 section 6 lists, but those with truncated MACs and MD5,
/// which it advises against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TsigAlgorithm {
    /// For peers that know nothing better: "not recommended".
    HmacSha1,
    /// "May be used".
    HmacSha224,
    /// What everybody knows.
    HmacSha256,
    /// The same, longer.
    HmacSha384,
    /// The same, longer still.
    HmacSha512,
}

impl TsigAlgorithm {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::HmacSha1,
        Self::HmacSha224,
        Self::HmacSha256,
        Self::HmacSha384,
        Self::HmacSha512,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> Name<'static> {
        let octets: &'static [u8] = match self {
            Self::HmacSha1 => b"\x09hmac-sha1\0",
            Self::HmacSha224 => b"\x0bhmac-sha224\0",
            Self::HmacSha256 => b"\x0bhmac-sha256\0",
            Self::HmacSha384 => b"\x0bhmac-sha384\0",
            Self::HmacSha512 => b"\x0bhmac-sha512\0",
        };
        Name::from_octets(octets).unwrap_or(Name::ROOT)
    }

    /// The algorithm of this name; case means nothing (RFC 8945 section 4.2).
    #[must_use]
    pub fn from_name(name: Name<'_>) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|it| it.name().eq_ignore_case(name))
    }

    /// The octets of a whole MAC.
    #[must_use]
    pub fn mac_octets(self) -> usize {
        match self {
            Self::HmacSha1 => 20,
            Self::HmacSha224 => 28,
            Self::HmacSha256 => 32,
            Self::HmacSha384 => 48,
            Self::HmacSha512 => 64,
        }
    }
}

/// A key without a secret is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSecret;

impl fmt::Display for NoSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret of a key is empty")
    }
}

impl core::error::Error for NoSecret {}

/// A key. The secret itself is forgotten: what it makes of a digest is kept, which is all that the
/// secret is for.
#[derive(Clone)]
pub struct TsigKey {
    name: NameBuf,
    algorithm: TsigAlgorithm,
    keyed: Digest,
}

impl TsigKey {
    /// A key of this name; case means nothing in it.
    ///
    /// # Errors
    /// The secret has no octets.
    pub fn new(name: Name<'_>, algorithm: TsigAlgorithm, secret: &[u8]) -> Result<Self, NoSecret> {
        if secret.is_empty() {
            return Err(NoSecret);
        }
        Ok(TsigKey {
            name: name.to_lower(),
            algorithm,
            keyed: Digest::keyed(algorithm, secret).ok_or(NoSecret)?,
        })
    }

    /// Its name, in lower case.
    #[must_use]
    pub fn name(&self) -> Name<'_> {
        self.name.as_name()
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> TsigAlgorithm {
        self.algorithm
    }

    /// A digest that has seen the secret and nothing else.
    pub(super) fn digest(&self) -> Digest {
        self.keyed.clone()
    }

    /// Whether it is this key that a signature names (RFC 8945 section 5.2.1).
    pub(super) fn is_meant(&self, name: Name<'_>, algorithm: Name<'_>) -> bool {
        self.name().eq_ignore_case(name) && self.algorithm.name().eq_ignore_case(algorithm)
    }
}

impl fmt::Debug for TsigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TsigKey({}, {:?})", self.name(), self.algorithm)
    }
}

/// A MAC that was made here.
#[derive(Clone, Copy, Debug)]
pub(super) struct MadeMac {
    octets: [u8; MAC_OCTETS],
    length: usize,
}

impl MadeMac {
    /// None if they are more than any MAC has.
    pub(super) fn of(octets: &[u8]) -> Option<Self> {
        let mut mac = MadeMac {
            octets: [0; MAC_OCTETS],
            length: octets.len(),
        };
        mac.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(mac)
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

/// What has been digested so far.
#[derive(Clone)]
pub(super) enum Digest {
    Sha1(Hmac<Sha1>),
    Sha224(Hmac<Sha224>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

/// The same for whichever algorithm it is.
macro_rules! whichever {
    ($digest:expr, $hmac:ident => $does:expr) => {
        match $digest {
            Digest::Sha1($hmac) => $does,
            Digest::Sha224($hmac) => $does,
            Digest::Sha256($hmac) => $does,
            Digest::Sha384($hmac) => $does,
            Digest::Sha512($hmac) => $does,
        }
    };
}

impl Digest {
    fn keyed(algorithm: TsigAlgorithm, secret: &[u8]) -> Option<Self> {
        Some(match algorithm {
            TsigAlgorithm::HmacSha1 => Digest::Sha1(Hmac::new_from_slice(secret).ok()?),
            TsigAlgorithm::HmacSha224 => Digest::Sha224(Hmac::new_from_slice(secret).ok()?),
            TsigAlgorithm::HmacSha256 => Digest::Sha256(Hmac::new_from_slice(secret).ok()?),
            TsigAlgorithm::HmacSha384 => Digest::Sha384(Hmac::new_from_slice(secret).ok()?),
            TsigAlgorithm::HmacSha512 => Digest::Sha512(Hmac::new_from_slice(secret).ok()?),
        })
    }

    pub(super) fn add(&mut self, octets: &[u8]) {
        whichever!(self, hmac => hmac.update(octets));
    }

    /// The MAC of the message before, or of the request, with its length (RFC 8945 section 4.3.1).
    pub(super) fn add_mac(&mut self, mac: &[u8]) {
        self.add(&u16::try_from(mac.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.add(mac);
    }

    /// What the record says: all of it in the first message of an answer, only the times in those
    /// that follow (RFC 8945 section 5.3.1).
    pub(super) fn add_record(&mut self, record: &Record<'_>, is_first: bool) {
        record.for_each_digested(is_first, |octets| self.add(octets));
    }

    pub(super) fn finish(self) -> Option<MadeMac> {
        whichever!(self, hmac => MadeMac::of(&hmac.finalize().into_bytes()))
    }

    /// Whether that is the MAC, or so many of its first octets as are there. How long it takes says
    /// nothing about where they differ.
    pub(super) fn begins_with(self, mac: &[u8]) -> bool {
        whichever!(self, hmac => hmac.verify_truncated_left(mac).is_ok())
    }
}
