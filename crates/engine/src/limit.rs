//! Response rate limiting: what one network is sent of one subject, per second.
//!
//! A forged query makes a server send to a victim. The victim's network gets what it could use of
//! one response, and no more; who really asks gets a truncated response now and then, and comes
//! back over TCP or with a cookie, which prove the address and are never limited.
//!
//! ```text
//! table  = bucket*            a power of two of them, made once
//! bucket = slot(8) * 8        one cache line; a subject's hash says which
//! slot   = tag(24 bits) due(40 bits)
//! ```
//! A slot is a token bucket in one number (the generic cell rate algorithm, ITU-T I.371): `due` is
//! when all that was sent would have been sent at the permitted rate. It may be a second ahead of
//! the clock. Slots are changed by compare-and-swap: threads share the table without a lock. A
//! subject without a slot takes the one whose `due` is the oldest.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use understudy_answer::{Chance, CookieUse, Request, SignatureUse, Summary, Transport};

use crate::network::{Network, network_of};

/// Bits of a slot that are a time.
const TIME_BITS: u32 = 40;
const TIME: u64 = (1 << TIME_BITS) - 1;

/// A tick of that time is 2^7 ns, so that 100,000 responses per second are still 78 ticks apart; it
/// wraps around after 39 hours.
const TICK_BITS: u32 = 7;
const TICKS_PER_SECOND: u64 = 1_000_000_000 >> TICK_BITS;

/// No slot is due later than this; what seems to be was due long ago, before the time wrapped.
const LEAD_MAX: u64 = 2 * TICKS_PER_SECOND;

/// Slots that a subject may have: a cache line of them.
const SLOTS: usize = 8;

/// Where a query's name begins.
const QNAME: usize = 12;

/// What a subject's hash is made from: network, code and type in front, then a name.
const KEY_HEAD: usize = 32;
const KEY_OCTETS: usize = KEY_HEAD + 255;

/// Response codes of answers; all others are errors, which are one subject.
const NOERROR: u16 = 0;
const NXDOMAIN: u16 = 3;

/// What a network may be sent.
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// Responses per second about one subject to one network; as many may come at once.
    pub per_second: u32,
    /// One in so many of the others is sent truncated; 0: none.
    pub slip: u32,
    /// Bits that make a network of IPv4.
    pub ipv4_prefix: u8,
    /// Bits that make a network of IPv6.
    pub ipv6_prefix: u8,
    /// Networks without a limit.
    pub exempt: Vec<Network>,
    /// How many subjects are remembered; eight octets each.
    pub table_size: usize,
}

/// What becomes of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes as it is.
    Send,
    /// It goes without its records, and with TC.
    Slip,
    /// Nothing goes.
    Keep,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Bucket([AtomicU64; SLOTS]);

/// The rates of all networks, for all threads.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: RateLimit,
    /// Ticks from one response to the next.
    interval: u64,
    /// How far ahead of the clock a slot may be due.
    lead_max: u64,
    /// Nobody can choose names that fall into one bucket.
    keys: RandomState,
    buckets: Box<[Bucket]>,
}

impl Limiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let per_second = u64::from(limit.per_second.max(1));
        let interval = (TICKS_PER_SECOND / per_second).max(1);
        let buckets = limit.table_size.div_ceil(SLOTS).next_power_of_two();
        Limiter {
            interval,
            lead_max: interval * (per_second - 1),
            keys: RandomState::new(),
            buckets: (0..buckets).map(|_| Bucket::default()).collect(),
            limit,
        }
    }

    /// What becomes of a response.
    pub(crate) fn judge(
        &self,
        request: &Request<'_>,
        summary: &Summary,
        chance: &mut Chance,
    ) -> Verdict {
        let is_proven = request.transport == Transport::Tcp
            || summary.cookies == CookieUse::Valid
            || summary.signature == SignatureUse::Valid;
        if is_proven
            || self.takes(self.subject(request, summary), request.now_ns)
            || self.is_exempt(request.client)
        {
            return Verdict::Send;
        }
        if self.limit.slip > 0 && chance.below(u64::from(self.limit.slip)) == 0 {
            return Verdict::Slip;
        }
        Verdict::Keep
    }

    fn is_exempt(&self, client: IpAddr) -> bool {
        self.limit.exempt.iter().any(|it| it.contains(client))
    }

    /// The hash of who asks and what the response is about.
    fn subject(&self, request: &Request<'_>, summary: &Summary) -> u64 {
        let mut key = [0; KEY_OCTETS];
        let (head, tail) = key.split_at_mut(KEY_HEAD);
        let network = network_of(
            request.client,
            self.limit.ipv4_prefix,
            self.limit.ipv6_prefix,
        );
        let network = match network {
            IpAddr::V4(network) => network.to_ipv6_mapped(),
            IpAddr::V6(network) => network,
        };
        let mut length = KEY_HEAD;
        let (mut rcode, mut qtype) = (u16::MAX, 0);
        // All errors are one subject.
        if matches!(summary.rcode, NOERROR | NXDOMAIN) {
            let qname = request.message.get(QNAME..).unwrap_or(&[]);
            let name = ending(qname, usize::from(summary.subject.labels));
            for (to, from) in tail.iter_mut().zip(name) {
                *to = from.to_ascii_lowercase(); // the length of a label is below every letter
            }
            length += name.len().min(tail.len());
            rcode = summary.rcode;
            qtype = summary
                .qtype
                .filter(|_| summary.subject.has_type)
                .unwrap_or(0);
        }
        let numbers = u128::from(rcode) << 16 | u128::from(qtype);
        let numbers = [network.to_bits(), numbers].map(u128::to_be_bytes);
        for (to, from) in head.iter_mut().zip(numbers.as_flattened()) {
            *to = *from;
        }
        let mut hasher = self.keys.build_hasher();
        hasher.write(key.get(..length).unwrap_or(&[]));
        hasher.finish()
    }

    /// Is one more response permitted? Then it is counted.
    pub(crate) fn takes(&self, subject: u64, now_ns: u64) -> bool {
        let now = (now_ns >> TICK_BITS) & TIME;
        let tag = subject >> TIME_BITS;
        let place = usize::try_from(subject & TIME).unwrap_or(0) & (self.buckets.len() - 1);
        let Some(Bucket(slots)) = self.buckets.get(place) else {
            return true;
        };
        let mut idlest: Option<(&AtomicU64, u64, u64)> = None;
        for slot in slots {
            let word = slot.load(Ordering::Relaxed);
            if word >> TIME_BITS == tag {
                return self.takes_from(slot, tag, now);
            }
            let lead = lead(word, now);
            if idlest.is_none_or(|(_, _, least)| lead < least) {
                idlest = Some((slot, word, lead));
            }
        }
        if let Some((slot, word, _)) = idlest {
            // Whoever was quicker keeps it; this subject begins with its next response.
            let begun = tag << TIME_BITS | (now + self.interval) & TIME;
            let _is_ours = slot.compare_exchange(word, begun, Ordering::Relaxed, Ordering::Relaxed);
        }
        true
    }

    fn takes_from(&self, slot: &AtomicU64, tag: u64, now: u64) -> bool {
        let mut is_gone = false;
        let taken = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            is_gone = word >> TIME_BITS != tag;
            let lead = lead(word, now);
            let next = tag << TIME_BITS | (now + lead + self.interval) & TIME;
            (!is_gone && lead <= self.lead_max).then_some(next)
        });
        taken.is_ok() || is_gone
    }
}

/// How many ticks a slot's time is ahead of the clock; 0 if it has passed.
fn lead(word: u64, now: u64) -> u64 {
    let lead = (word & TIME).wrapping_sub(now) & TIME;
    if lead > LEAD_MAX { 0 } else { lead }
}

/// The last `count` labels of the name at the front of `octets`, as they stand there.
fn ending(octets: &[u8], count: usize) -> &[u8] {
    let mut labels = 0;
    let mut end = 0;
    while let Some(length @ 1..) = octets.get(end) {
        labels += 1;
        end += usize::from(*length) + 1;
    }
    let mut start = 0;
    for _ in count..labels {
        start += octets.get(start).map_or(0, |length| usize::from(*length)) + 1;
    }
    octets.get(start..end).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use understudy_answer::{Chance, CookieUse, Request, Subject, Summary, Transport};

    use super::{Limiter, RateLimit, Verdict};

    const SECOND: u64 = 1_000_000_000;

    fn limiter(per_second: u32, table_size: usize) -> Limiter {
        Limiter::new(RateLimit {
            per_second,
            slip: 0,
            ipv4_prefix: 24,
            ipv6_prefix: 56,
            exempt: vec!["198.51.100.0/24".parse().unwrap()],
            table_size,
        })
    }

    /// The octets of a query's header and name.
    fn query(name: &str) -> Vec<u8> {
        let mut message = vec![0; 12];
        for label in name.split('.') {
            message.push(u8::try_from(label.len()).unwrap());
            message.extend(label.as_bytes());
        }
        message.extend([0, 0, 1, 0, 1]);
        message
    }

    fn subject(limiter: &Limiter, client: &str, name: &str, summary: &Summary) -> u64 {
        let message = query(name);
        let request = Request {
            message: &message,
            client: client.parse().unwrap(),
            transport: Transport::Udp,
            now_ns: 0,
            wall_s: 0,
        };
        limiter.subject(&request, summary)
    }

    fn about(rcode: u16, qtype: u16, labels: u8, has_type: bool) -> Summary {
        Summary {
            rcode,
            qtype: Some(qtype),
            subject: Subject { labels, has_type },
            ..Summary::default()
        }
    }

    #[test]
    fn a_subject_gets_its_rate_and_a_second_of_it_at_once() {
        for per_second in [1, 2, 7, 50, 1000, 100_000] {
            let limiter = limiter(per_second, 1000);
            let sent = |from_ns: u64| (0..200_000).filter(|_| limiter.takes(77, from_ns)).count();
            assert_eq!(sent(5 * SECOND), usize::try_from(per_second).unwrap());
            assert_eq!(sent(5 * SECOND), 0);
            // After a long pause no more has been saved up, also where the time wraps around.
            assert_eq!(sent(141_000 * SECOND), usize::try_from(per_second).unwrap());
        }
    }

    #[test]
    fn a_steady_flood_is_cut_to_the_rate() {
        let limiter = limiter(20, 1000);
        let step = SECOND / 10_000;
        let sent = (0..100_000).filter(|n| limiter.takes(9, n * step)).count();
        assert!(
            (218..=222).contains(&sent),
            "20 at once and 200 in ten seconds: {sent}"
        );
    }

    #[test]
    fn a_calm_client_is_never_limited() {
        let limiter = limiter(20, 1000);
        assert!((0..10_000).all(|number| limiter.takes(9, number * SECOND / 20)));
    }

    #[test]
    fn what_belongs_to_one_subject_is_counted_together() {
        let limiter = limiter(20, 1000);
        let is_same = |left: (&str, &str, Summary), right: (&str, &str, Summary)| {
            subject(&limiter, left.0, left.1, &left.2)
                == subject(&limiter, right.0, right.1, &right.2)
        };
        let answer = about(0, 1, 255, true);
        let here = ("192.0.2.1", "www.example.com", answer);
        assert!(is_same(here, ("192.0.2.200", "WWW.example.COM", answer)));
        assert!(!is_same(here, ("192.0.3.1", "www.example.com", answer)));
        assert!(!is_same(here, ("192.0.2.1", "w2.example.com", answer)));
        assert!(!is_same(
            here,
            ("192.0.2.1", "www.example.com", about(0, 28, 255, true))
        ));
        // Names that do not exist, in one zone: whatever they are, and of whatever type.
        let missing = ("192.0.2.1", "a.example.com", about(3, 1, 2, false));
        assert!(is_same(
            missing,
            ("192.0.2.1", "b.c.example.com", about(3, 28, 2, false))
        ));
        assert!(!is_same(
            missing,
            ("192.0.2.1", "b.example.net", about(3, 1, 2, false))
        ));
        assert!(!is_same(
            missing,
            ("192.0.2.1", "example.com", about(0, 1, 2, false))
        ));
        // Errors are all one, whatever was asked.
        let refused = ("192.0.2.1", "www.example.net", about(5, 1, 255, true));
        assert!(is_same(
            refused,
            ("192.0.2.1", "x.example.org", about(1, 15, 255, true))
        ));
        // A site of IPv6.
        let site = ("2001:db8:0:1::1", "www.example.com", answer);
        assert!(is_same(
            site,
            ("2001:db8:0:ff::2", "www.example.com", answer)
        ));
        assert!(!is_same(
            site,
            ("2001:db8:0:100::1", "www.example.com", answer)
        ));
    }

    /// What becomes of so many responses alike beyond the first, which is within any rate.
    fn verdicts(slip: u32, client: &str, transport: Transport, cookies: CookieUse) -> Vec<Verdict> {
        let mut limiter = limiter(1, 8);
        limiter.limit.slip = slip;
        let (message, mut chance) = (query("www.example.com"), Chance::new(1));
        let request = Request {
            message: &message,
            client: client.parse().unwrap(),
            transport,
            now_ns: SECOND,
            wall_s: 0,
        };
        let summary = Summary {
            cookies,
            ..Summary::default()
        };
        let mut judge = || limiter.judge(&request, &summary, &mut chance);
        assert_eq!(judge(), Verdict::Send, "the first");
        (0..1000).map(|_| judge()).collect()
    }

    #[test]
    fn whoever_has_shown_the_address_to_be_its_own_is_not_limited() {
        for (client, transport, cookies, is_limited) in [
            ("192.0.2.1", Transport::Udp, CookieUse::None, true),
            ("192.0.2.1", Transport::Udp, CookieUse::New, true),
            ("192.0.2.1", Transport::Udp, CookieUse::Wrong, true),
            ("192.0.2.1", Transport::Udp, CookieUse::Malformed, true),
            ("192.0.2.1", Transport::Udp, CookieUse::Valid, false),
            ("192.0.2.1", Transport::Tcp, CookieUse::None, false),
            ("198.51.100.9", Transport::Udp, CookieUse::None, false),
        ] {
            let expected = if is_limited {
                Verdict::Keep
            } else {
                Verdict::Send
            };
            let found = verdicts(0, client, transport, cookies);
            assert!(
                found.iter().all(|it| *it == expected),
                "{client} {transport:?} {cookies:?}"
            );
        }
    }

    #[test]
    fn one_in_so_many_of_those_beyond_the_rate_is_slipped() {
        for (slip, range) in [(0, 0..=0), (1, 1000..=1000), (2, 430..=570), (10, 60..=140)] {
            let found = verdicts(slip, "192.0.2.1", Transport::Udp, CookieUse::None);
            let slipped = found.iter().filter(|it| **it == Verdict::Slip).count();
            let kept = found.iter().filter(|it| **it == Verdict::Keep).count();
            assert!(range.contains(&slipped), "slip {slip}: {slipped}");
            assert_eq!(slipped + kept, 1000, "slip {slip}");
        }
    }

    #[test]
    fn some_networks_have_no_limit() {
        let limiter = limiter(1, 8);
        let is_exempt = |address: &str| limiter.is_exempt(address.parse().unwrap());
        assert!(is_exempt("198.51.100.77"));
        assert!(!is_exempt("198.51.101.77"));
    }

    /// A hash as good as the real one, for a number.
    fn scatter(number: u64) -> u64 {
        let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }

    #[test]
    fn a_flood_of_other_subjects_costs_a_bystander_nothing() {
        let limiter = limiter(5, 4096);
        for number in 0..1_000_000_u64 {
            let now_ns = number * 10_000; // 100,000 queries per second, for ten seconds
            let _flood = limiter.takes(scatter(number), now_ns);
            if number % 50_000 == 0 {
                assert!(limiter.takes(77, now_ns), "twice a second, at {number}");
            }
        }
    }

    #[test]
    fn a_victim_is_spared_while_the_table_overflows() {
        // Ten times as many subjects at once as the table remembers: those that are due latest stay.
        let limiter = limiter(5, 4096);
        let (mut sent, mut asked) = (0, 0);
        for number in 0..400_000_u64 {
            let now_ns = number * 25_000; // 40,000 per second, for ten seconds
            let _flood = limiter.takes(scatter(number), now_ns);
            if number % 4 == 0 {
                asked += 1;
                sent += u32::from(limiter.takes(scatter(u64::MAX), now_ns));
            }
        }
        assert_eq!(asked, 100_000);
        assert!(
            (50..=60).contains(&sent),
            "5 at once and 5 a second: {sent}"
        );
    }

    #[test]
    fn threads_share_a_rate_without_losing_count() {
        let limiter = limiter(1000, 64);
        let sent: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..50_000).filter(|_| limiter.takes(3, SECOND)).count()))
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).sum()
        });
        // The first of each thread may find the slot empty and not get it.
        assert!((1000..=1004).contains(&sent), "{sent}");
    }

    #[test]
    fn a_table_has_the_memory_that_was_asked_for() {
        for (asked, made) in [(0, 8), (8, 8), (9, 16), (100_000, 131_072)] {
            assert_eq!(limiter(1, asked).buckets.len() * super::SLOTS, made);
        }
        assert_eq!(size_of::<super::Bucket>(), 64);
    }

    #[test]
    fn a_names_ending_is_found_whatever_stands_there() {
        let name = &query("a.bb.c")[12..];
        assert_eq!(super::ending(name, 255), b"\x01a\x02bb\x01c");
        assert_eq!(super::ending(name, 2), b"\x02bb\x01c");
        assert_eq!(super::ending(name, 0), b"");
        for (octets, count) in [(&[0][..], 5), (&[], 5), (&[5, 1], 5), (&[5, 1], 0)] {
            assert_eq!(super::ending(octets, count), b"", "{octets:?}");
        }
    }
}
