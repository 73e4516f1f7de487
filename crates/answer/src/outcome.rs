//! What goes into an answer and what is known of it afterwards, as plain values.

use std::net::IpAddr;

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
}

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
    /// A steered set decided the answer.
    pub is_steered: bool,
}

/// The end of every message: answered, or silence with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A response stands in the caller's buffer.
    Answered(Summary),
    /// Nothing is to be sent.
    Silent(Silence),
}
