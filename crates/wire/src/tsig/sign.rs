//! Making signatures (RFC 8945 section 5.3).

use std::sync::Arc;

use super::key::{Digest, MadeMac, TsigKey};
use super::record::Record;
use super::verify::Verifier;
use crate::header::Header;
use crate::numbers::Rcode;
use crate::writer::Full;

/// By how many seconds clocks may differ (RFC 8945 section 10).
const FUDGE_S: u16 = 300;

/// Signs the messages of an answer one after the other, every one of them: RFC 8945 section 5.3.1 asks
/// for the first and the last at least.
#[derive(Clone, Debug)]
pub struct Signer {
    key: Arc<TsigKey>,
    /// The MAC of the message before: the request's at first.
    prior: MadeMac,
    is_first: bool,
    error: Rcode,
    /// The time in the request, where the error is about that.
    asked_at: Option<[u8; 6]>,
}

impl Signer {
    /// Signs the answer to a request that had this MAC. None if no MAC is that long.
    #[must_use]
    pub fn new(key: Arc<TsigKey>, request_mac: &[u8]) -> Option<Self> {
        Some(Signer {
            key,
            prior: MadeMac::of(request_mac)?,
            is_first: true,
            error: Rcode::NOERROR,
            asked_at: None,
        })
    }

    /// Tells this error with the signature (RFC 8945 section 5.2.3): with BADTIME the time in
    /// the request and our own.
    pub(super) fn telling(self, error: Rcode, asked_at: [u8; 6]) -> Self {
        Signer {
            error,
            asked_at: (error == Rcode::BADTIME).then_some(asked_at),
            ..self
        }
    }

    /// The key of the request and of the answer.
    #[must_use]
    pub fn key(&self) -> &TsigKey {
        &self.key
    }

    /// How many octets a signature adds to a message.
    #[must_use]
    pub fn octets(&self) -> usize {
        let now = [0; 6];
        self.record(now, &now, 0)
            .octets(self.key.algorithm().mac_octets())
    }

    /// Signs the complete message of `end` octets at the front of `message`, in seconds since 1970.
    /// Gives its new length.
    ///
    /// # Errors
    /// No room behind it for [`Signer::octets`]; then nothing has changed.
    pub fn sign(&mut self, message: &mut [u8], end: usize, now_s: u64) -> Result<usize, Full> {
        let now = six_octets(now_s);
        let unsigned = message.get(..end).ok_or(Full)?;
        let id = Header::parse(unsigned).ok_or(Full)?.id();
        let record = self.record(now, &now, id);
        let mut digest = self.key.digest();
        digest.add_mac(self.prior.octets());
        let mac = complete(digest, unsigned, &record, self.is_first)?;
        let end = record.append(message, end, mac.octets())?;
        (self.prior, self.is_first) = (mac, false);
        Ok(end)
    }

    fn record<'r>(&'r self, now: [u8; 6], other: &'r [u8; 6], id: u16) -> Record<'r> {
        Record {
            error: self.error,
            other: self.asked_at.map_or(&[], |_| other),
            ..plain(&self.key, self.asked_at.unwrap_or(now), id)
        }
    }
}

/// Signs a request, and gives what verifies the answer to it. None if no signature fits into it:
/// the message is no message, or too long.
#[must_use]
pub fn sign_request(key: &Arc<TsigKey>, request: &[u8], now_s: u64) -> Option<(Vec<u8>, Verifier)> {
    let id = Header::parse(request)?.id();
    let record = plain(key, six_octets(now_s), id);
    let mac = complete(key.digest(), request, &record, true).ok()?;
    let octets = request.len() + record.octets(mac.octets().len());
    u16::try_from(octets).ok()?;
    let mut message = request.to_vec();
    message.resize(octets, 0);
    record
        .append(&mut message, request.len(), mac.octets())
        .ok()?;
    Some((message, Verifier::new(Arc::clone(key), mac)))
}

fn plain(key: &TsigKey, time_signed: [u8; 6], original_id: u16) -> Record<'_> {
    Record {
        key: key.name(),
        algorithm: key.algorithm().name(),
        time_signed,
        fudge: FUDGE_S,
        original_id,
        error: Rcode::NOERROR,
        other: &[],
    }
}

/// The MAC over what was digested before, the message, and the record's own fields.
fn complete(
    mut digest: Digest,
    message: &[u8],
    record: &Record<'_>,
    is_first: bool,
) -> Result<MadeMac, Full> {
    digest.add(message);
    digest.add_record(record, is_first);
    digest.finish().ok_or(Full)
}

/// The lower 48 bits.
fn six_octets(seconds: u64) -> [u8; 6] {
    let [_, _, octets @ ..] = seconds.to_be_bytes();
    octets
}
