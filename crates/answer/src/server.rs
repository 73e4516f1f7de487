//! What a server says about itself, and how much it says at once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::keys::TsigKeys;
use crate::outcome::CookieUse;
use arc_swap::{ArcSwap, Guard};
use understudy_wire::{CookieSecrets, Opt, Query, Signature};

/// A text that does not fit into one character-string (RFC 1035 section 3.3.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextTooLong;

impl fmt::Display for TextTooLong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a server's name for itself has at most 255 octets")
    }
}

impl std::error::Error for TextTooLong {}

/// The secrets that cookies are made with, for every thread the same. They may be changed while
/// queries are answered.
#[derive(Debug)]
pub struct CookieJar(ArcSwap<CookieSecrets>);

impl CookieJar {
    /// A jar with these secrets.
    #[must_use]
    pub fn new(secrets: CookieSecrets) -> Self {
        CookieJar(ArcSwap::from_pointee(secrets))
    }

    /// Makes cookies with these secrets from now on.
    pub fn replace(&self, secrets: CookieSecrets) {
        self.0.store(Arc::new(secrets));
    }
}

/// The settings of a server that its answers depend on.
#[derive(Clone, Debug)]
pub struct Server {
    udp_size: u16,
    udp_size_without_cookie: u16,
    version: Vec<u8>,
    hostname: Vec<u8>,
    cookies: Option<Arc<CookieJar>>,
    keys: Arc<TsigKeys>,
    tcp_keepalive: Option<u16>,
    is_minimal: bool,
    rotates: bool,
}

impl Server {
    /// The least that every client takes (RFC 1035 sections 2.3.4 and 4.2.1).
    pub const LEAST_UDP_SIZE: u16 = 512;

    /// `udp_size`: the longest response over UDP in octets, 512 at least. `version` and `hostname`
    /// are what `version.bind` and `hostname.bind` tell in class CH, the latter NSID as well; empty
    /// ones are refused. What else there is to set is off.
    ///
    /// # Errors
    /// A text of more than 255 octets.
    pub fn new(udp_size: u16, version: &str, hostname: &str) -> Result<Self, TextTooLong> {
        let udp_size = udp_size.max(Self::LEAST_UDP_SIZE);
        Ok(Server {
            udp_size,
            udp_size_without_cookie: udp_size,
            version: txt(version)?,
            hostname: txt(hostname)?,
            cookies: None,
            keys: Arc::default(),
            tcp_keepalive: None,
            is_minimal: false,
            rotates: false,
        })
    }

    /// Answers cookies, made with what is in the jar.
    #[must_use]
    pub fn with_cookies(mut self, jar: Arc<CookieJar>) -> Self {
        self.cookies = Some(jar);
        self
    }

    /// Knows these keys. Without, it knows none.
    #[must_use]
    pub fn with_keys(mut self, keys: Arc<TsigKeys>) -> Self {
        self.keys = keys;
        self
    }

    /// Sends no more than so many octets over UDP to a client that has not shown by a cookie that
    /// its address is its own: what a forged query can make us send to a victim.
    #[must_use]
    pub fn with_udp_size_without_cookie(mut self, octets: u16) -> Self {
        self.udp_size_without_cookie = octets.clamp(Self::LEAST_UDP_SIZE, self.udp_size);
        self
    }

    /// Tells clients that ask how long an idle connection is kept.
    #[must_use]
    pub fn with_tcp_keepalive(mut self, idle: Duration) -> Self {
        // In units of 100 ms (RFC 7828 section 3.1).
        self.tcp_keepalive = Some(u16::try_from(idle.as_millis() / 100).unwrap_or(u16::MAX));
        self
    }

    /// Leaves additional data away that the client can do without.
    #[must_use]
    pub fn with_minimal_responses(mut self, is_minimal: bool) -> Self {
        self.is_minimal = is_minimal;
        self
    }

    /// Gives the records of each static `RRset` in another order each time.
    #[must_use]
    pub fn with_rotation(mut self, rotates: bool) -> Self {
        self.rotates = rotates;
        self
    }

    /// The longest response over UDP, and the size that we announce with EDNS.
    #[must_use]
    pub fn udp_size(&self) -> u16 {
        self.udp_size
    }

    /// What the signature of a query is worth at this civil time. An answer that is made elsewhere
    /// than in [`respond`](crate::respond), such as a transfer, is signed with what is found here.
    #[must_use]
    pub fn judge_signature<'m>(&self, query: &Query<'m>, wall_s: u32) -> Signature<'m> {
        Signature::judge(query, u64::from(wall_s), |name| self.keys.find(name))
    }

    /// The OPT record for whoever sent one, where the options of his own cannot be relied on.
    pub(crate) fn plain_opt(&self, dnssec_ok: bool) -> Opt<'static> {
        Opt {
            udp_size: self.udp_size,
            dnssec_ok,
            options: &[],
        }
    }

    /// How long a response over UDP may be: the smaller of what the client takes, 512 without EDNS
    /// and at least with it (RFC 6891 sections 6.2.3 and 6.2.5), and of what we send. Whoever has not shown by
    /// a cookie that the address is its own gets no more than is sent to anybody.
    #[inline]
    pub(crate) fn udp_limit(&self, announced: Option<u16>, cookies: CookieUse) -> usize {
        let most = if cookies == CookieUse::Valid {
            self.udp_size
        } else {
            self.udp_size_without_cookie
        };
        usize::from(announced.unwrap_or(0).max(Self::LEAST_UDP_SIZE).min(most))
    }

    pub(crate) fn cookie_secrets(&self) -> Option<Guard<Arc<CookieSecrets>>> {
        self.cookies.as_ref().map(|jar| jar.0.load())
    }

    pub(crate) fn tcp_keepalive(&self) -> Option<u16> {
        self.tcp_keepalive
    }

    #[inline]
    pub(crate) fn is_minimal(&self) -> bool {
        self.is_minimal
    }

    #[inline]
    pub(crate) fn rotates(&self) -> bool {
        self.rotates
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
