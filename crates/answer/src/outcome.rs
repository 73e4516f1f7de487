//! What goes into an answer and what is known of it afterwards, as plain values.

use std::net::IpAddr;

use understudy_wire::{Rcode, Rtype};

/// How a message came, which decides how much may be sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One datagram each way; what does not fit is truncated with TC.
    Udp,
    /// A stream with length prefixes; a message may have 65,535 octets.
    Tcp,
}

/// One received message and the circumstances that its answer may depend on.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The octets as received, without a length prefix.
    pub message: &'a [u8],
    /// Who asks.
    pub client: IpAddr,
    /// How the message came.
    pub transport: Transport,
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub now_ns: u64,
    /// Civil time: the lower 32 bits of the seconds since 1970.
    pub wall_s: u32,
}

/// Why nothing is sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Fewer octets than a header: there is no ID to answer to.
    Short,
    /// A response (QR=1): answering one could start a loop between two servers.
    Response,
    /// The caller's buffer cannot even hold a header.
    NoRoom,
    /// The client's network has had this response too often.
    Limited,
}

/// What a response is about: to a rate limit, responses about one subject are the same response.
///
/// Names that are made up at random must not be subjects of their own: a name that does not exist
/// is about its zone, one below a wildcard or a DNAME about the place of that, a referral about the
/// zone that it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The ancestor of the question's name that has so many labels; itself if it has fewer.
    pub labels: u8,
    /// The type belongs to it.
    pub has_type: bool,
}

impl Default for Subject {
    /// The question as it is.
    fn default() -> Self {
        Subject {
            labels: u8::MAX,
            has_type: true,
        }
    }
}

/// What the cookies of a query were worth (RFC 7873 section 5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookieUse {
    /// There were none, or cookies are switched off.
    #[default]
    None,
    /// The client's own alone: it gets ours.
    New,
    /// Ours, good: the client is where it says it is.
    Valid,
    /// Another server's, another client's, or too old: as if the client had none.
    Wrong,
    /// Of an impossible length.
    Malformed,
}

/// What the signature of a query was worth (RFC 8945 section 5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureUse {
    /// There was none, or none that could be understood.
    #[default]
    None,
    /// It was good, and the response is signed.
    Valid,
    /// The key is not known here, or has another algorithm.
    BadKey,
    /// Another secret, or the message was changed.
    BadSig,
    /// Our clock and the client's differ by too much.
    BadTime,
    /// The MAC was cut.
    BadTrunc,
}

impl SignatureUse {
    /// What an error of a signature says.
    pub(crate) fn of(error: Rcode) -> Self {
        match error {
            Rcode::BADKEY => Self::BadKey,
            Rcode::BADSIG => Self::BadSig,
            Rcode::BADTIME => Self::BadTime,
            Rcode::BADTRUNC => Self::BadTrunc,
            _ => Self::None,
        }
    }
}

/// Why the response code is what it is (RFC 8914), for clients that speak EDNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtendedError {
    /// A steered record has nothing healthy to answer with, and is to say so.
    NoneHealthy,
    /// What is asked for is not there yet, or is given to so many at once that it has to wait.
    NotReady,
    /// What is asked for is given to nobody who is not known.
    Prohibited,
    /// The name is in no zone of this server.
    NotAuthoritative,
    /// No such operation, class or type of question.
    NotSupported,
    /// The name is in a zone that should be here: it has not come yet, or is too old.
    InvalidData,
    /// No question can be about that type (RFC 9824 section 3.5).
    InvalidType,
}

impl ExtendedError {
    /// Every one, in the order of the codes.
    pub const ALL: [Self; 7] = [
        Self::NoneHealthy,
        Self::NotReady,
        Self::Prohibited,
        Self::NotAuthoritative,
        Self::NotSupported,
        Self::InvalidData,
        Self::InvalidType,
    ];

    /// Its number (RFC 8914 section 5.2).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::NoneHealthy => 0,
            Self::NotReady => 14,
            Self::Prohibited => 18,
            Self::NotAuthoritative => 20,
            Self::NotSupported => 21,
            Self::InvalidData => 24,
            Self::InvalidType => 30,
        }
    }

    /// The option: the number, and a text for people where the number says nothing.
    pub(crate) fn octets(self) -> &'static [u8] {
        match self {
            Self::NoneHealthy => b"\0\x00no endpoint is healthy",
            Self::NotReady => b"\0\x0e",
            Self::Prohibited => b"\0\x12",
            Self::NotAuthoritative => b"\0\x14",
            Self::NotSupported => b"\0\x15",
            Self::InvalidData => b"\0\x18",
            Self::InvalidType => b"\0\x1e",
        }
    }
}

/// Steered sets of one answer that are told apart.
/// chosen: an alias to a name with both families has three; each more is another steered alias.
pub const RECORDS: usize = 4;

/// What was sent, for the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Octets written.
    pub length: usize,
    /// The full response code, extended ones too.
    pub rcode: u16,
    /// The type asked for, where a question could be read.
    pub qtype: Option<u16>,
    /// TC was set.
    pub is_truncated: bool,
    /// A steered set decided the answer, or what was added to it.
    pub is_steered: bool,
    /// The numbers of the steered sets that decided the answer section, 0 where there are no more.
    /// Of a chain of aliases that has more, the first.
    pub records: [u32; RECORDS],
    /// What the query's cookies were worth.
    pub cookies: CookieUse,
    /// What the query's signature was worth.
    pub signature: SignatureUse,
    /// The reason that was given for the code.
    pub error: Option<ExtendedError>,
    /// What the response is about.
    pub subject: Subject,
    /// It was cut to a header and a question by a rate limit.
    pub is_slipped: bool,
}

impl Summary {
    /// Was it refused because it asks for a zone, which only some may have, or says that one has
    /// changed, which only some may say?
    #[inline]
    #[must_use]
    pub fn is_refused_transfer(&self) -> bool {
        self.error == Some(ExtendedError::Prohibited)
    }

    /// Was a zone asked for with a signature that proves nothing?
    #[must_use]
    pub fn is_unproven_transfer(&self) -> bool {
        let is_good = matches!(self.signature, SignatureUse::None | SignatureUse::Valid);
        let asked = [Rtype::AXFR, Rtype::IXFR].map(|rtype| Some(rtype.number()));
        !is_good && asked.contains(&self.qtype)
    }
}

/// The end of every message: answered, or silence with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A response stands in the caller's buffer.
    Answered(Summary),
    /// Nothing is to be sent.
    Silent(Silence),
}
