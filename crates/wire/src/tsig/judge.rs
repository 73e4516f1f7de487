//! What a request's signature is worth to a server (RFC 8945 section 5.2).

use std::sync::Arc;

use super::Tsig;
use super::key::{Digest, TsigKey};
use super::record::Record;
use super::sign::Signer;
use crate::header::HEADER_OCTETS;
use crate::name::Name;
use crate::numbers::Rcode;
use crate::query::Query;
use crate::writer::Full;

/// The fewest octets of a MAC that mean anything (RFC 8945 section 5.2.2.1).
const LEAST_MAC_OCTETS: usize = 10;

/// What the signature of a request is worth.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would allocate on the path of a query"
)]
pub enum Signature<'m> {
    /// There is none.
    None,
    /// It is good. The answer is signed with this.
    Valid(Signer),
    /// It is not: the answer is NOTAUTH, and this says why.
    Bad(BadSignature<'m>),
    /// Its record makes no sense: FORMERR.
    Malformed,
}

/// A signature that a server does not accept.
pub struct BadSignature<'m> {
    tsig: Tsig<'m>,
    error: Rcode,
    /// Where the MAC is good, but not the time or the length, the error is told with a signature.
    signer: Option<Signer>,
}

/// A request whose signature proves nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct Unproven;

impl<'m> Signature<'m> {
    /// Who has signed the request, and signs the answer; None: nobody has.
    ///
    /// # Errors
    /// [`Unproven`]: there is a signature, and it is not to be believed.
    pub fn signer(self) -> Result<Option<Signer>, Unproven> {
        match self {
            Signature::None => Ok(None),
            Signature::Valid(signer) => Ok(Some(signer)),
            Signature::Bad(_) | Signature::Malformed => Err(Unproven),
        }
    }

    /// Judges a request in the order of RFC 8945 section 5.2: the key, the MAC, the time, the MAC's
    /// length. `key` looks up a key by name.
    #[must_use]
    pub fn judge(
        query: &Query<'m>,
        now_s: u64,
        key: impl FnOnce(Name<'_>) -> Option<Arc<TsigKey>>,
    ) -> Self {
        if query.signature.is_none() {
            return Signature::None;
        }
        let Some(tsig) = Tsig::read(query) else {
            return Signature::Malformed;
        };
        let key =
            key(tsig.key.as_name()).filter(|key| key.is_meant(tsig.key.as_name(), tsig.algorithm));
        match key {
            Some(key) => tsig.judge_by(&key, now_s),
            None => Signature::Bad(BadSignature {
                tsig,
                error: Rcode::BADKEY,
                signer: None,
            }),
        }
    }
}

impl<'m> Tsig<'m> {
    fn judge_by(self, key: &Arc<TsigKey>, now_s: u64) -> Signature<'m> {
        let whole = key.algorithm().mac_octets();
        if self.mac.len() > whole || self.mac.len() < LEAST_MAC_OCTETS.max(whole / 2) {
            return Signature::Malformed;
        }
        let bad = |tsig, error, signer| {
            Signature::Bad(BadSignature {
                tsig,
                error,
                signer,
            })
        };
        // RFC 8945 section 5.2.2: before its MAC is known to be good, nothing else of it counts.
        if !self.is_made_with(key, key.digest(), true) {
            return bad(self, Rcode::BADSIG, None);
        }
        let Some(signer) = Signer::new(Arc::clone(key), self.mac) else {
            return Signature::Malformed;
        };
        let error = if !self.is_timely(now_s) {
            Rcode::BADTIME
        } else if self.mac.len() < whole {
            // RFC 8945 section 5.2.4. Our policy is whole MACs: nobody cuts them, and every octet
            // less is easier to guess.
            Rcode::BADTRUNC
        } else {
            return Signature::Valid(signer);
        };
        let signer = signer.telling(error, self.time_signed);
        bad(self, error, Some(signer))
    }

    /// Whether this key made the MAC over what was digested before, the message as it was before it
    /// was signed (RFC 8945 section 4.3.2), and the record's fields.
    pub(super) fn is_made_with(&self, key: &TsigKey, mut digest: Digest, is_first: bool) -> bool {
        let Some((header, body)) = self.signed.split_first_chunk::<HEADER_OCTETS>() else {
            return false;
        };
        let [_, _, front @ .., count0, count1] = *header;
        let count = u16::from_be_bytes([count0, count1]).saturating_sub(1);
        digest.add(&self.original_id.to_be_bytes());
        digest.add(&front);
        digest.add(&count.to_be_bytes());
        digest.add(body);
        let record = Record::canonical(self, key.name(), key.algorithm().name());
        digest.add_record(&record, is_first);
        digest.begins_with(self.mac)
    }
}

impl BadSignature<'_> {
    /// Why: BADKEY, BADSIG, BADTIME or BADTRUNC.
    #[must_use]
    pub fn error(&self) -> Rcode {
        self.error
    }

    /// How many octets telling it adds to a message.
    #[must_use]
    pub fn octets(&self) -> usize {
        match &self.signer {
            Some(signer) => signer.octets(),
            None => self.unsigned().octets(0),
        }
    }

    /// Appends what tells it to the answer of `end` octets; unsigned where the key or the MAC are at
    /// fault (RFC 8945 section 5.3.2). Gives the new length.
    ///
    /// # Errors
    /// No room for [`BadSignature::octets`].
    pub fn tell(&mut self, message: &mut [u8], end: usize, now_s: u64) -> Result<usize, Full> {
        match &mut self.signer {
            Some(signer) => signer.sign(message, end, now_s),
            None => self.unsigned().append(message, end, &[]),
        }
    }

    fn unsigned(&self) -> Record<'_> {
        Record {
            error: self.error,
            other: &[],
            ..Record::canonical(&self.tsig, self.tsig.key.as_name(), self.tsig.algorithm)
        }
    }
}
