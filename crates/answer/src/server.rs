//! What a server says about itself, and how much it says at once.

use std::fmt;

/// A text that does not fit into one character-string (RFC 1035 section 3.3.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextTooLong;

impl fmt::Display for TextTooLong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a server's name for itself has at most 255 octets")
    }
}

impl std::error::Error for TextTooLong {}

/// The settings of a server that its answers depend on.
#[derive(Clone, Debug)]
pub struct Server {
    udp_size: u16,
    version: Vec<u8>,
    hostname: Vec<u8>,
}

impl Server {
    /// The least that every client takes (RFC 1035 section 2.3.4).
    pub const LEAST_UDP_SIZE: u16 = 512;

    /// `udp_size`: the longest response over UDP in octets, 512 at least. `version` and `hostname`
    /// are what `version.bind` and `hostname.bind` tell in class CH, the latter NSID as well; empty
    /// ones are refused.
    ///
    /// # Errors
    /// A text of more than 255 octets.
    pub fn new(udp_size: u16, version: &str, hostname: &str) -> Result<Self, TextTooLong> {
        Ok(Server {
            udp_size: udp_size.max(Self::LEAST_UDP_SIZE),
            version: txt(version)?,
            hostname: txt(hostname)?,
        })
    }

    /// The longest response over UDP, and the size that we announce with EDNS.
    #[must_use]
    pub fn udp_size(&self) -> u16 {
        self.udp_size
    }

    pub(crate) fn version(&self) -> Option<&[u8]> {
        Some(self.version.as_slice()).filter(|rdata| !rdata.is_empty())
    }

    pub(crate) fn hostname(&self) -> Option<&[u8]> {
        Some(self.hostname.as_slice()).filter(|rdata| !rdata.is_empty())
    }

    /// The octets of the host name without the length that a TXT record has before them.
    pub(crate) fn hostname_text(&self) -> Option<&[u8]> {
        self.hostname().and_then(|rdata| rdata.get(1..))
    }
}

/// The rdata of a TXT record with this one text; empty for an empty text.
fn txt(text: &str) -> Result<Vec<u8>, TextTooLong> {
    let length = u8::try_from(text.len()).map_err(|_| TextTooLong)?;
    if length == 0 {
        return Ok(Vec::new());
    }
    Ok([&[length], text.as_bytes()].concat())
}
