//! The options of EDNS: what a client asked for with them, and what it gets.

use understudy_wire::{COOKIE, Cookies, EXPIRE, Edns, EdnsOption, FullCookie, Opt, Standing};

use crate::outcome::{CookieUse, Request, Transport};
use crate::server::Server;

/// Asks for, and tells, which server answers (RFC 5001 section 2).
const NSID: u16 = 3;

/// Asks for, and tells, how long an idle connection is kept (RFC 7828 section 3).
const TCP_KEEPALIVE: u16 = 11;

/// Says more than the response code (RFC 8914 section 2).
pub(crate) const EXTENDED_ERROR: u16 = 15;

/// Header, longest question, OPT without options: what a response has before anything else.
const FRAME_OCTETS: usize = 12 + 255 + 4 + 11;

/// Options that a response has at most.
const OPTIONS: usize = 5;

/// What is answered to a query's options.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extras<'s> {
    pub(crate) cookies: CookieUse,
    full_cookie: FullCookie,
    nsid: Option<&'s [u8]>,
    keepalive: Option<[u8; 2]>,
    pub(crate) asks_expire: bool,
    expire: Option<[u8; 4]>,
}

impl<'s> Extras<'s> {
    /// Reads the options of a query. Those that are not known mean nothing (RFC 6891 section
    /// 6.1.2), nor does the second of a kind.
    #[inline(never)]
    pub(crate) fn read(server: &'s Server, edns: &Edns<'_>, request: &Request<'_>) -> Self {
        let mut extras = Extras::default();
        for option in edns.options() {
            match option.code {
                COOKIE if extras.cookies == CookieUse::None => {
                    extras.judge(server, option.octets, request);
                }
                EXPIRE => extras.asks_expire = true,
                NSID => extras.nsid = server.hostname_text(),
                TCP_KEEPALIVE if request.transport == Transport::Tcp => {
                    extras.keepalive = server.tcp_keepalive().map(u16::to_be_bytes);
                }
                _ => {}
            }
        }
        extras
    }

    fn judge(&mut self, server: &Server, octets: &[u8], request: &Request<'_>) {
        let Some(secrets) = server.cookie_secrets() else {
            return;
        };
        let Some(cookies) = Cookies::read(octets) else {
            self.cookies = CookieUse::Malformed;
            return;
        };
        let (standing, full) = secrets.judge(&cookies, request.client, request.wall_s);
        self.full_cookie = full;
        self.cookies = match standing {
            Standing::New => CookieUse::New,
            Standing::Valid => CookieUse::Valid,
            Standing::Wrong => CookieUse::Wrong,
        };
    }

    /// Tells for how many seconds the zone is answered, if that was asked for.
    pub(crate) fn tell_expire(&mut self, seconds: Option<u32>) {
        self.expire = seconds.filter(|_| self.asks_expire).map(u32::to_be_bytes);
    }

    /// The options as they are answered in a response of `limit` octets.
    pub(crate) fn options(&self, limit: usize) -> Options<'_> {
        let mut options = Options::default();
        if !matches!(self.cookies, CookieUse::None | CookieUse::Malformed) {
            options.push(COOKIE, &self.full_cookie);
        }
        if let Some(octets) = &self.keepalive {
            options.push(TCP_KEEPALIVE, octets);
        }
        if let Some(octets) = &self.expire {
            options.push(EXPIRE, octets);
        }
        // Our name is left out where it could crowd out the frame: it is a courtesy (RFC 5001
        // section 2.2), the answer is not.
        let room = limit.saturating_sub(FRAME_OCTETS + options.octets() + 4);
        if let Some(octets) = self.nsid.filter(|octets| octets.len() <= room) {
            options.push(NSID, octets);
        }
        options
    }
}

/// The options of a response.
#[derive(Default)]
pub(crate) struct Options<'o> {
    all: [EdnsOption<'o>; OPTIONS],
    count: usize,
}

impl<'o> Options<'o> {
    pub(crate) fn push(&mut self, code: u16, octets: &'o [u8]) {
        if let Some(place) = self.all.get_mut(self.count) {
            *place = EdnsOption { code, octets };
            self.count += 1;
        }
    }

    fn as_slice(&self) -> &[EdnsOption<'o>] {
        self.all.get(..self.count).unwrap_or(&[])
    }

    fn octets(&self) -> usize {
        self.as_slice().iter().map(|it| 4 + it.octets.len()).sum()
    }

    /// The record that has them.
    pub(crate) fn opt(&self, server: &Server, edns: &Edns<'_>) -> Opt<'_> {
        Opt {
            udp_size: server.udp_size(),
            dnssec_ok: edns.dnssec_ok,
            options: self.as_slice(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_gives_its_name_where_that_leaves_room_for_the_longest_question() {
        let name = [b'n'; 255];
        for (cookies, keepalive, others) in [
            (CookieUse::None, None, 0),
            (CookieUse::New, None, 28),
            (CookieUse::New, Some([0, 0]), 34),
        ] {
            for octets in 0..=name.len() {
                let extras = Extras {
                    cookies,
                    keepalive,
                    nsid: name.get(..octets),
                    ..Extras::default()
                };
                let options = extras.options(512);
                let whole = others + 4 + octets;
                let given = if FRAME_OCTETS + whole <= 512 {
                    whole
                } else {
                    others
                };
                assert_eq!(options.octets(), given, "{octets} beside {others}");
            }
        }
    }
}
