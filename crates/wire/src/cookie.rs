//! DNS cookies (RFC 7873), made as all servers of one address make them (RFC 9018).
//!
//! ```text
//! option        = client cookie(8) [server cookie(8 to 32)]
//! server cookie = version(1) reserved(3) timestamp(4) hash(8)      ours
//! hash          = SipHash-2-4(client cookie, all before the hash, client's address; secret)
//! ```

use core::fmt;
use core::hash::Hasher;
use std::net::IpAddr;

use siphasher::sip::SipHasher24;

/// The number of the option that carries cookies (RFC 7873 section 4).
pub const COOKIE: u16 = 10;

/// How long a client's cookie and ours are.
const CLIENT_OCTETS: usize = 8;
const SERVER_OCTETS: usize = 16;

/// How long any server's cookie may be (RFC 7873 section 4).
const SERVER_OCTETS_MIN: usize = 8;
const SERVER_OCTETS_MAX: usize = 32;

/// The version of the way to make them (RFC 9018 section 4.1).
const VERSION: u8 = 1;

/// RFC 9018 section 4.3, in seconds: how old a cookie may be, how far ahead of our clock, and from
/// which age on it is answered with a fresh one.
const AGE_MAX: u32 = 3600;
const AHEAD_MAX: u32 = 300;
const AGE_RENEWED: u32 = 1800;

/// A whole option as it is answered: the client's cookie and ours.
pub type FullCookie = [u8; CLIENT_OCTETS + SERVER_OCTETS];

/// What nobody else may know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CookieSecret([u8; 16]);

impl CookieSecret {
    /// The secret with these octets.
    #[must_use]
    pub const fn new(octets: [u8; 16]) -> Self {
        CookieSecret(octets)
    }

    fn hash(&self, before: &[u8; 16], client: IpAddr) -> [u8; 8] {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(before);
        match client {
            IpAddr::V4(address) => hasher.write(&address.octets()),
            IpAddr::V6(address) => hasher.write(&address.octets()),
        }
        hasher.finish().to_le_bytes()
    }
}

impl fmt::Debug for CookieSecret {
    /// Secrets do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieSecret")
    }
}

/// What cookies are made with, and what they may have been made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieSecrets {
    /// Makes the cookies that are given out.
    pub current: CookieSecret,
    /// Taken from clients as well: the one before, or the next one (RFC 9018 section 5).
    pub other: Option<CookieSecret>,
}

/// What a client's cookies are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The client has no cookie of ours yet.
    New,
    /// We, or a server with our secret, gave it to this address, and not long ago.
    Valid,
    /// Somebody else's, another client's, or too old.
    Wrong,
}

/// The cookies of a query.
#[derive(Clone, Copy, Debug)]
pub struct Cookies<'m> {
    client: [u8; CLIENT_OCTETS],
    server: &'m [u8],
}

impl<'m> Cookies<'m> {
    /// Read an option. None if its length is no cookies' length, which is FORMERR (RFC 7873 section
    /// 5.2.2).
    #[must_use]
    pub fn read(octets: &'m [u8]) -> Option<Self> {
        let (client, server) = octets.split_first_chunk()?;
        let is_whole =
            server.is_empty() || (SERVER_OCTETS_MIN..=SERVER_OCTETS_MAX).contains(&server.len());
        is_whole.then_some(Cookies {
            client: *client,
            server,
        })
    }
}

impl CookieSecrets {
    /// What the cookies of `client` are worth at `now_s` (seconds since 1970, their lower 32 bits),
    /// and the option to answer with: the same cookies where they are good for longer, else fresh
    /// ones.
    #[must_use]
    pub fn judge(
        &self,
        cookies: &Cookies<'_>,
        client: IpAddr,
        now_s: u32,
    ) -> (Standing, FullCookie) {
        let fresh = || full(&self.current, cookies.client, client, now_s);
        if cookies.server.is_empty() {
            return (Standing::New, fresh());
        }
        let Some(age_s) = age_of(cookies.server, now_s) else {
            return (Standing::Wrong, fresh());
        };
        if is_made_with(&self.current, cookies, client) {
            let kept = join(cookies.client, cookies.server).filter(|_| age_s <= AGE_RENEWED);
            return (Standing::Valid, kept.unwrap_or_else(fresh));
        }
        let is_others = |other| is_made_with(other, cookies, client);
        if self.other.as_ref().is_some_and(is_others) {
            return (Standing::Valid, fresh());
        }
        (Standing::Wrong, fresh())
    }
}

/// The age in seconds of a cookie that says it is of our making, 0 if it is ahead of the clock; None
/// if it is another maker's, or beyond the time in which it is good. Time wraps around (RFC 1982).
fn age_of(server: &[u8], now_s: u32) -> Option<u32> {
    let [VERSION, _, _, _, t0, t1, t2, t3, _, _, _, _, _, _, _, _] = *server else {
        return None;
    };
    let age_s = now_s.wrapping_sub(u32::from_be_bytes([t0, t1, t2, t3]));
    if age_s.wrapping_neg() <= AHEAD_MAX {
        return Some(0);
    }
    (age_s <= AGE_MAX).then_some(age_s)
}

fn is_made_with(secret: &CookieSecret, cookies: &Cookies<'_>, client: IpAddr) -> bool {
    let Some((before, hash)) = cookies.server.split_first_chunk::<8>() else {
        return false;
    };
    let hashed = pair(cookies.client, *before);
    // Both sides are numbers in registers: the comparison takes the same time for all of them.
    <[u8; 8]>::try_from(hash).is_ok_and(|hash| {
        u64::from_ne_bytes(hash) == u64::from_ne_bytes(secret.hash(&hashed, client))
    })
}

fn pair(left: [u8; 8], right: [u8; 8]) -> [u8; 16] {
    let number = |octets| u128::from(u64::from_be_bytes(octets));
    (number(left) << 64 | number(right)).to_be_bytes()
}

fn full(secret: &CookieSecret, own: [u8; 8], client: IpAddr, now_s: u32) -> FullCookie {
    let [t0, t1, t2, t3] = now_s.to_be_bytes();
    let before = pair(own, [VERSION, 0, 0, 0, t0, t1, t2, t3]);
    let hash = secret.hash(&before, client);
    let mut all = [0; 24];
    for (to, from) in all.iter_mut().zip(before.iter().chain(&hash)) {
        *to = *from;
    }
    all
}

fn join(client: [u8; CLIENT_OCTETS], server: &[u8]) -> Option<FullCookie> {
    let server: [u8; SERVER_OCTETS] = server.try_into().ok()?;
    let mut all = [0; 24];
    for (to, from) in all.iter_mut().zip(client.iter().chain(&server)) {
        *to = *from;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::{CookieSecret, CookieSecrets, Cookies, Standing};

    fn octets(hex: &str) -> Vec<u8> {
        let octet = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(octet).collect()
    }

    fn hex(octets: &[u8]) -> String {
        octets
            .iter()
            .fold(String::new(), |text, octet| format!("{text}{octet:02x}"))
    }

    fn secret(hex: &str) -> CookieSecret {
        CookieSecret::new(octets(hex).try_into().unwrap())
    }

    fn judge(secrets: &[&str], cookies: &str, client: &str, now_s: u32) -> (Standing, String) {
        let secrets = CookieSecrets {
            current: secret(secrets[0]),
            other: secrets.get(1).map(|hex| secret(hex)),
        };
        let cookies = octets(cookies);
        let cookies = Cookies::read(&cookies).unwrap();
        let (standing, full) = secrets.judge(&cookies, client.parse().unwrap(), now_s);
        (standing, hex(&full))
    }

    const SECRET: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";
    const OLD: &str = "dd3bdf9344b678b185a6f5cb60fca715";
    const NEW: &str = "445536bcd2513298075a5d379663c962";

    /// RFC 9018 sections 4.1 and 4.4.
    #[test]
    fn the_vectors_of_rfc_9018_appendix_a_hold() {
        let a1 = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
        let (standing, full) = judge(
            &[SECRET],
            "2464c4abcf10c957",
            "198.51.100.100",
            1_559_731_985,
        );
        assert_eq!((standing, full.as_str()), (Standing::New, a1));

        let a2 = "2464c4abcf10c957010000005cf7a871d4a564a1442aca77";
        let (standing, full) = judge(&[SECRET], a1, "198.51.100.100", 1_559_734_385);
        assert_eq!((standing, full.as_str()), (Standing::Valid, a2));

        // What is reserved is hashed as it came. The example's clock is beyond the hour of section
        // 4.3, so the cookie is judged at an earlier time than it is renewed at.
        let sent = "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
        let (standing, full) = judge(&[SECRET], sent, "203.0.113.203", 1_559_728_000);
        assert_eq!((standing, full.as_str()), (Standing::Valid, sent));
        let a3 = "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e";
        let (_, full) = judge(&[SECRET], sent, "203.0.113.203", 1_559_734_700);
        assert_eq!(full, a3);

        let sent = "22681ab97d52c298010000005cf7c57926556bd0934c72f8";
        let a4 = "22681ab97d52c298010000005cf7c609a6bb79d16625507a";
        let client = "2001:db8:220:1:59de:d0f4:8769:82b8";
        let (standing, full) = judge(&[NEW, OLD], sent, client, 1_559_741_961);
        assert_eq!((standing, full.as_str()), (Standing::Valid, a4));
        let (standing, full) = judge(&[NEW], sent, client, 1_559_741_961);
        assert_eq!((standing, full.as_str()), (Standing::Wrong, a4));
    }

    /// RFC 9018 section 4.3.
    #[test]
    fn a_cookie_is_good_for_an_hour_and_renewed_after_half_of_it() {
        let made = 100_u32.wrapping_sub(200); // shortly before the clock wraps around
        let client = "192.0.2.1";
        let (_, full) = judge(&[SECRET], "0102030405060708", client, made);
        let expected = [
            (made.wrapping_sub(301), Standing::Wrong, false),
            (made.wrapping_sub(300), Standing::Valid, true),
            (made, Standing::Valid, true),
            (made.wrapping_add(1800), Standing::Valid, true),
            (made.wrapping_add(1801), Standing::Valid, false),
            (made.wrapping_add(3600), Standing::Valid, false),
            (made.wrapping_add(3601), Standing::Wrong, false),
        ];
        for (now_s, standing, is_kept) in expected {
            let (judged, answered) = judge(&[SECRET], &full, client, now_s);
            assert_eq!(
                (judged, answered == full),
                (standing, is_kept),
                "at {now_s}"
            );
        }
    }

    #[test]
    fn a_cookie_belongs_to_one_client_and_one_address() {
        let (_, full) = judge(&[SECRET], "0102030405060708", "192.0.2.1", 5000);
        let (standing, _) = judge(&[SECRET], &full, "192.0.2.2", 5000);
        assert_eq!(standing, Standing::Wrong);
        let others = full.replacen("01", "02", 1);
        let (standing, _) = judge(&[SECRET], &others, "192.0.2.1", 5000);
        assert_eq!(standing, Standing::Wrong);
        for place in 8..24 {
            let mut changed = octets(&full);
            changed[place] ^= 1;
            let changed = hex(&changed);
            let (standing, _) = judge(&[SECRET], &changed, "192.0.2.1", 5000);
            assert_eq!(standing, Standing::Wrong, "octet {place}");
        }
    }

    /// RFC 7873 sections 4 and 5.2.2.
    #[test]
    fn another_makers_cookie_is_wrong_and_a_strange_length_is_no_cookie() {
        for length in 0..60 {
            let is_known = length == 8 || (16..=40).contains(&length);
            let cookies = vec![1; length];
            assert_eq!(Cookies::read(&cookies).is_some(), is_known, "{length}");
            if length > 8 && is_known {
                let (standing, _) = judge(&[SECRET], &"01".repeat(length), "::1", 0x0101_0101);
                assert_eq!(standing, Standing::Wrong, "{length}");
            }
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", secret(SECRET)), "CookieSecret");
    }
}
