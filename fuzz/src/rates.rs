//! The table of rates against a map of exact ones: no subject is sent less than its rate permits, and
//! none more as long as the table has room for all that fall into its place.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};

use understudy_answer::{Chance, CookieUse, Request, Subject, Summary, Transport};
use understudy_engine::RateLimit;
use understudy_engine::trial::Rates;
use understudy_wire::{HEADER_OCTETS, Name};

use crate::draw::Draw;

/// What the table counts in, so that the map rounds as it does.
const TICK_NS: u64 = 1 << 7;
const TICKS_PER_SECOND: u64 = 1_000_000_000 / TICK_NS;

/// Subjects that one place of the table remembers.
const SLOTS: usize = 8;

/// The time wraps around in the table after so many ticks. No run is half as long, but some begin
/// shortly before.
const WRAP: u64 = 1 << 40;

/// The first octet chooses between the table alone and what fills it.
pub fn run(input: &[u8]) {
    let mut draw = Draw::new(input);
    if draw.one_in(4) {
        judge_messages(&mut draw);
    } else {
        take(&mut draw);
    }
}

fn limit(draw: &mut Draw<'_>) -> RateLimit {
    RateLimit {
        per_second: draw.pick(&[1, 2, 20, 1000, 100_000]),
        slip: draw.pick(&[0, 1, 2]),
        ipv4_prefix: draw.pick(&[24, 32, 0]),
        ipv6_prefix: draw.pick(&[56, 128, 0]),
        exempt: Vec::new(),
        table_size: draw.pick(&[0, 8, 64]),
    }
}

/// What a subject has had: when it is due next, in ticks.
struct Exact {
    interval: u64,
    lead_max: u64,
    due: HashMap<(u64, u64), u64>,
}

impl Exact {
    fn permits(&self, subject: (u64, u64), now: u64) -> bool {
        let due = self.due.get(&subject).copied().unwrap_or(now);
        due.saturating_sub(now) <= self.lead_max
    }

    fn count(&mut self, subject: (u64, u64), now: u64) {
        let due = self.due.entry(subject).or_insert(now);
        *due = now.max(*due) + self.interval;
    }
}

fn take(draw: &mut Draw<'_>) {
    let limit = limit(draw);
    let places = limit.table_size.div_ceil(SLOTS).next_power_of_two() as u64;
    let interval = (TICKS_PER_SECOND / u64::from(limit.per_second)).max(1);
    let mut exact = Exact {
        interval,
        lead_max: interval * u64::from(limit.per_second - 1),
        due: HashMap::new(),
    };
    let rates = Rates::new(limit);
    let start = draw.pick(&[1, WRAP - 1000, WRAP - TICKS_PER_SECOND, 7 * WRAP]);
    let mut now = start;
    let mut met: HashMap<u64, HashSet<u64>> = HashMap::new();
    while !draw.is_used_up() && now < start + WRAP / 2 {
        let steps = [0, 1, interval, interval - 1, TICKS_PER_SECOND, 1 << 30];
        now += draw.pick(&steps);
        // The upper bits tell subjects of one place apart, the lower ones are the place.
        let (tag, lower) = (draw.below(12) as u64 + 1, draw.below(3) as u64);
        let subject = (lower & (places - 1), tag);
        for _ in 0..draw.pick(&[1, 1, 3, 50]) {
            let place = met.entry(subject.0).or_default();
            place.insert(tag);
            // Places that are still empty look used while the time wraps around.
            let is_remembered = place.len() <= SLOTS && start % WRAP < WRAP / 2;
            let expected = exact.permits(subject, now);
            let found = rates.permit(tag << 40 | lower, now * TICK_NS);
            assert!(found || !expected, "{subject:?} at {now} is kept back");
            assert!(expected || !found || !is_remembered, "{subject:?} at {now}");
            if found {
                exact.count(subject, now);
            }
        }
    }
}

/// Whatever the message and what is said of it, nobody gets less than one response, who is proven gets
/// all, and letters' cases are no subjects of their own.
fn judge_messages(draw: &mut Draw<'_>) {
    let rates = Rates::new(RateLimit {
        per_second: 1,
        slip: 0,
        ..limit(draw)
    });
    let mut chance = Chance::new(1);
    let summary = Summary {
        rcode: draw.pick(&[0, 3, 5, u16::MAX]),
        qtype: draw.pick(&[Some(1), None]),
        cookies: draw.pick(&[CookieUse::None, CookieUse::Valid, CookieUse::Wrong]),
        subject: Subject {
            labels: draw.octet(),
            has_type: draw.one_in(2),
        },
        ..Summary::default()
    };
    let transport = draw.pick(&[Transport::Udp, Transport::Tcp]);
    let client = match draw.below(2) {
        0 => IpAddr::from([192, 0, 2, draw.octet()]),
        _ => IpAddr::from(Ipv6Addr::from([draw.octet(); 16])),
    };
    let message = draw.octets(400);
    let mut shouted = message.clone();
    // A length that is a letter, of what is no name, is not to be changed.
    if Name::split_from(message.get(HEADER_OCTETS..).unwrap_or(&[])).is_ok() {
        shouted.make_ascii_uppercase();
    }
    let is_proven = transport == Transport::Tcp || summary.cookies == CookieUse::Valid;
    for (message, expected) in [
        (&message, true),
        (&message, is_proven),
        (&shouted, is_proven),
    ] {
        let request = Request {
            message,
            client,
            transport,
            now_ns: 5,
            wall_s: 0,
        };
        assert_eq!(rates.send(&request, &summary, &mut chance), expected);
    }
}
