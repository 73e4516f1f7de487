//! What the signatures of an answer are worth to a client (RFC 8945 section 5.4).

use core::fmt;
use std::sync::Arc;

use super::find;
use super::key::{Digest, MadeMac, TsigKey};
use crate::numbers::Rcode;

/// How many messages of an answer may follow each other unsigned (RFC 8945 section 5.3.1).
const UNSIGNED_IN_A_ROW: u8 = 99;

/// Why an answer is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TsigFault {
    /// It is no whole message, or its signature makes no sense.
    Malformed,
    /// It is not signed though it must be: the first message, the last, or one of a hundred.
    Unsigned,
    /// It is signed with another key or another algorithm than the request.
    AnotherKey,
    /// The MAC is wrong: somebody has another secret, or has changed the message.
    BadSig,
    /// It was signed at another time.
    BadTime,
    /// The MAC has been cut.
    BadTrunc,
    /// The server says this about the signature of the request.
    Told(Rcode),
}

impl fmt::Display for TsigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TsigFault::Malformed => f.write_str("the signature of the answer makes no sense"),
            TsigFault::Unsigned => f.write_str("the answer is not signed"),
            TsigFault::AnotherKey => f.write_str("the answer is signed with another key"),
            TsigFault::BadSig => f.write_str("the signature of the answer is wrong"),
            TsigFault::BadTime => f.write_str("the answer was signed at another time"),
            TsigFault::BadTrunc => f.write_str("the signature of the answer is cut"),
            TsigFault::Told(Rcode::BADSIG) => f.write_str("the server says BADSIG"),
            TsigFault::Told(error) => write!(f, "the server says {error}"),
        }
    }
}

impl core::error::Error for TsigFault {}

/// Verifies the messages of an answer one after the other.
pub struct Verifier {
    key: Arc<TsigKey>,
    /// The MAC before, and the unsigned messages since.
    digest: Digest,
    is_first: bool,
    unsigned: u8,
}

impl Verifier {
    pub(super) fn new(key: Arc<TsigKey>, request_mac: MadeMac) -> Self {
        Verifier {
            digest: begun(&key, request_mac.octets()),
            key,
            is_first: true,
            unsigned: 0,
        }
    }

    /// Takes the next message. Unsigned ones between signed ones are proven by the next signature
    /// only, so nothing may be done with an answer before [`Verifier::finish`].
    ///
    /// # Errors
    /// Do not trust the answer; give it up.
    pub fn take(&mut self, message: &[u8], now_s: u64) -> Result<(), TsigFault> {
        let Some(tsig) = find(message).map_err(|_| TsigFault::Malformed)? else {
            if self.is_first || self.unsigned == UNSIGNED_IN_A_ROW {
                return Err(TsigFault::Unsigned);
            }
            self.unsigned += 1;
            self.digest.add(message);
            return Ok(());
        };
        if tsig.mac.is_empty() && tsig.error != Rcode::NOERROR {
            return Err(TsigFault::Told(tsig.error));
        }
        if !self.key.is_meant(tsig.key.as_name(), tsig.algorithm) {
            return Err(TsigFault::AnotherKey);
        }
        if !tsig.is_made_with(&self.key, self.digest.clone(), self.is_first) {
            return Err(TsigFault::BadSig);
        }
        if tsig.error != Rcode::NOERROR {
            return Err(TsigFault::Told(tsig.error));
        }
        if !tsig.is_timely(now_s) {
            return Err(TsigFault::BadTime);
        }
        if tsig.mac.len() != self.key.algorithm().mac_octets() {
            return Err(TsigFault::BadTrunc);
        }
        self.digest = begun(&self.key, tsig.mac);
        (self.is_first, self.unsigned) = (false, 0);
        Ok(())
    }

    /// There is nothing more to come.
    ///
    /// # Errors
    /// The last message was not signed, or there was none.
    pub fn finish(&self) -> Result<(), TsigFault> {
        if self.is_first || self.unsigned > 0 {
            return Err(TsigFault::Unsigned);
        }
        Ok(())
    }
}

fn begun(key: &TsigKey, mac: &[u8]) -> Digest {
    let mut digest = key.digest();
    digest.add_mac(mac);
    digest
}
