//! The short way for the commonest questions: one plain question of class IN, with no option, to
//! which one set of our zones, or the lack of one, is the answer.
//!
//! Nothing is decided here that the long way ([`crate::message`], [`crate::resolve`]) decides
//! otherwise: where anything else comes into play (aliases, cuts, wildcards, additional records,
//! options, signatures, truncation) this way gives up before anything is written, and the long way
//! is taken. A test holds the two against each other.

use understudy_wire::{Folded, Header, Owner, Plain, Question, Rcode, Rtype, Writer};
use understudy_zone::{Match, Node, Zone};

use crate::additional::names_hosts;
use crate::authority::no_data;
use crate::chance::Chance;
use crate::edns::Extras;
use crate::memory::{Memory, Source};
use crate::outcome::{CookieUse, Outcome, Request, Subject, Summary, Transport};
use crate::resolve::Zones;
use crate::server::Server;
use crate::steering::{Chosen, Picker};

/// The response, if this way leads to it; otherwise `reply` is as good as untouched.
#[inline(always)]
pub(crate) fn respond<Z: Zones>(
    (zones, memory): (&Z, &Memory),
    server: &Server,
    request: &Request<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Option<Outcome> {
    let plain = Plain::parse(request.message)?;
    if is_never_direct(plain.question.qtype) {
        return None;
    }
    let mut copy = None;
    let name = plain.folded(&mut copy);
    let zone = zones.nearest(name, name.label_count())?;
    let room = reply.len();
    let announced = plain.opt.map(|opt| opt.udp_size);
    let limit = match request.transport {
        Transport::Tcp => room,
        Transport::Udp => server.udp_limit(announced, CookieUse::None).min(room),
    };
    let mut writer = Writer::response(reply, limit, &plain.header).ok()?;
    if plain.opt.is_some() {
        writer.reserve(Writer::PLAIN_OPT_OCTETS).ok()?;
    }
    writer.question(&plain.question).ok()?;
    writer.set_flags(Header::AA);
    let mut picker = Picker::new(server, request.now_ns, chance);
    let found = sections(&zone, name, plain.question.qtype, &mut picker, &mut writer);
    let (rcode, subject) = match found {
        Some(found) => found,
        None => recall((zones, memory), &zone, &plain.question, &mut writer)?,
    };
    writer.set_rcode(rcode);
    if let Some(opt) = plain.opt {
        writer.plain_opt(server.udp_size(), opt.dnssec_ok).ok()?;
    }
    Some(Outcome::Answered(Summary {
        length: writer.finish(),
        rcode: rcode.number(),
        qtype: Some(plain.question.qtype.number()),
        is_steered: picker.is_steered,
        records: picker.records,
        subject,
        ..Summary::default()
    }))
}

/// The same where the OPT record has options; apart, so that queries without any, which are the
/// rule, know nothing of them.
#[inline(never)]
pub(crate) fn respond_with_options<Z: Zones>(
    (zones, memory): (&Z, &Memory),
    server: &Server,
    request: &Request<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Option<Outcome> {
    let (plain, edns) = Plain::parse_with_options(request.message)?;
    let extras = Extras::read(server, &edns, request);
    if extras.cookies == CookieUse::Malformed || is_never_direct(plain.question.qtype) {
        return None;
    }
    if extras.asks_expire && plain.question.qtype == Rtype::SOA {
        return None;
    }
    let mut copy = None;
    let name = plain.folded(&mut copy);
    let zone = zones.nearest(name, name.label_count())?;
    let room = reply.len();
    let limit = match request.transport {
        Transport::Tcp => room,
        Transport::Udp => server
            .udp_limit(Some(edns.udp_size), extras.cookies)
            .min(room),
    };
    let options = extras.options(limit);
    let opt = options.opt(server, &edns);
    let mut writer = Writer::response(reply, limit, &plain.header).ok()?;
    writer.reserve(opt.octets()).ok()?;
    writer.question(&plain.question).ok()?;
    writer.set_flags(Header::AA);
    let mut picker = Picker::new(server, request.now_ns, chance);
    let found = sections(&zone, name, plain.question.qtype, &mut picker, &mut writer);
    let (rcode, subject) = match found {
        Some(found) => found,
        None => recall((zones, memory), &zone, &plain.question, &mut writer)?,
    };
    writer.set_rcode(rcode);
    writer.opt(&opt).ok()?;
    Some(Outcome::Answered(Summary {
        length: writer.finish(),
        rcode: rcode.number(),
        qtype: Some(plain.question.qtype.number()),
        is_steered: picker.is_steered,
        records: picker.records,
        cookies: extras.cookies,
        subject,
        ..Summary::default()
    }))
}

/// What was answered to the same question before, where the short way ends.
#[inline(never)]
fn recall<Z: Zones>(
    (zones, memory): (&Z, &Memory),
    zone: &Zone,
    question: &Question<'_>,
    writer: &mut Writer<'_>,
) -> Option<(Rcode, Subject)> {
    let source = Source {
        zones: zones.stamp()?,
        zone: zone.stamp(),
    };
    memory.recall(source, question, writer)
}

/// Types that ask for more than one set, or for one above the name.
pub(crate) fn is_never_direct(qtype: Rtype) -> bool {
    qtype.is_meta() || qtype == Rtype::DS
}

/// Writes what the zone has to say, and gives the code for it.
#[inline(always)]
fn sections(
    zone: &Zone,
    name: Folded<'_>,
    qtype: Rtype,
    picker: &mut Picker<'_>,
    writer: &mut Writer<'_>,
) -> Option<(Rcode, Subject)> {
    match zone.find_unhidden(name)? {
        Match::Exact(node) => {
            let subject = at_node(zone, (name, &node), qtype, picker, writer)?;
            Some((Rcode::NOERROR, subject))
        }
        Match::EmptyNonTerminal => {
            let subject = negative(zone, u32::MAX, writer)?;
            Some((Rcode::NOERROR, subject))
        }
        Match::Missing { .. } => {
            let labels = u8::try_from(zone.origin_labels()).unwrap_or(u8::MAX);
            let subject = negative(zone, u32::MAX, writer)?;
            Some((Rcode::NXDOMAIN, Subject { labels, ..subject }))
        }
    }
}

/// Writes what the name has of the type, or the lack of it.
#[inline(always)]
fn at_node(
    zone: &Zone,
    (name, node): (Folded<'_>, &Node<'_>),
    qtype: Rtype,
    picker: &mut Picker<'_>,
    writer: &mut Writer<'_>,
) -> Option<Subject> {
    match picker.choose(node, qtype) {
        Some(Chosen::Records(_)) if names_hosts(qtype) => None, // whose addresses are added
        Some(Chosen::Records(records)) => {
            let written = records.write_answer(writer, name.label_count() == 0);
            written.is_ok().then(Subject::default)
        }
        Some(Chosen::Nodata(ttl)) => negative(zone, ttl, writer),
        Some(Chosen::Servfail) => None,
        None if node.may_be_alias() => None,
        None => negative(zone, u32::MAX, writer),
    }
}

#[inline]
fn negative(zone: &Zone, ttl: u32, writer: &mut Writer<'_>) -> Option<Subject> {
    let owner = Owner::QuestionEnding(zone.origin());
    let written = no_data(writer, zone, owner, ttl);
    written.is_ok().then(|| Subject {
        has_type: false,
        ..Subject::default()
    })
}

#[cfg(test)]
mod tests {
    use std::ops::Deref;
    use std::sync::Arc;

    use understudy_wire::{CookieSecret, CookieSecrets, Name, NameBuf};
    use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet};

    use super::*;
    use crate::message::respond_at_length;
    use crate::server::CookieJar;

    const COMMON: &str = "$TTL 300
@ SOA ns hostmaster.example.net. 1 2 3 4 5
@ NS ns
@ MX 10 ns
ns A 192.0.2.1
ns AAAA 2001:db8::1
two A 192.0.2.2
two A 192.0.2.3
two TXT some text
alias CNAME two
x.deep A 192.0.2.4
odd TYPE65280 \\# 3 010203
big TYPE65280 \\# 600 ";
    /// Zones in which more and more plays a part.
    const MORE: [&str; 4] = [
        "",
        "*.w A 192.0.2.5\n",
        "sub NS ns.sub\nns.sub A 192.0.2.6\n",
        "old DNAME example.org.\n",
    ];
    const OWNERS: [&str; 17] = [
        "@", "ns", "two", "TwO", "alias", "x.deep", "deep", "odd", "big", "none", "b.none", "a.w",
        "sub", "c.sub", "steered", "empty", "x.old",
    ];
    const TYPES: [Rtype; 13] = [
        Rtype::A,
        Rtype::AAAA,
        Rtype::TXT,
        Rtype::CNAME,
        Rtype::NS,
        Rtype::SOA,
        Rtype::MX,
        Rtype::DS,
        Rtype::ANY,
        Rtype::AXFR,
        Rtype::RRSIG,
        Rtype::DNAME,
        Rtype::new(65280),
    ];

    struct One(Zone);

    impl Zones for One {
        fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>> {
            let name = Name::from_octets(name.suffix(labels)?).unwrap();
            name.is_at_or_below(self.0.origin()).then_some(&self.0)
        }
    }

    fn name(owner: &str) -> NameBuf {
        let text = if owner == "@" {
            String::new()
        } else {
            format!("{owner}.")
        };
        format!("{text}example.com.").parse().unwrap()
    }

    fn zone(more: &str) -> One {
        let text = format!("{COMMON}{}\n{more}", "00".repeat(600));
        let zone = Zone::parse(text.as_bytes(), "direct", name("@").as_name())
            .unwrap()
            .zone;
        let set = |kind, selector, variants| SteeredSet {
            rtype: Rtype::A,
            kind,
            ttl: 30,
            due_ns: Some(20_000_000_005),
            selector,
            variants,
        };
        let address = |last| vec![192, 0, 2, last];
        let drawn = vec![(1, vec![address(7)]), (3, vec![address(8), address(9)])];
        let changes = [
            SteeredChange::Set(name("steered"), set(Kind::Answer, Selector::Chance, drawn)),
            SteeredChange::Set(name("empty"), set(Kind::Nodata, Selector::One, Vec::new())),
            SteeredChange::Set(
                name("two"),
                set(
                    Kind::Answer,
                    Selector::Rotate,
                    vec![(1, vec![address(1), address(2), address(3)])],
                ),
            ),
        ];
        One(zone.with_steered(&changes).unwrap())
    }

    fn jar() -> Arc<CookieJar> {
        let (current, other) = (CookieSecret::new([7; 16]), None);
        Arc::new(CookieJar::new(CookieSecrets { current, other }))
    }

    /// The option with a good cookie, as the server makes it.
    fn good_cookie() -> Vec<u8> {
        let server = Server::new(1232, "", "").unwrap().with_cookies(jar());
        let mut message = query("ns", Rtype::A, [0, 0], Some(1232));
        with_options(&mut message, &NEW_COOKIE);
        let mut reply = [0; 512];
        let request = request(&message, Transport::Udp);
        let (zones, chance) = (zone(""), &mut Chance::new(1));
        let Some(Outcome::Answered(summary)) = respond_with_options(
            (&zones, &Memory::none()),
            &server,
            &request,
            chance,
            &mut reply,
        ) else {
            unreachable!("a plain query with an answer")
        };
        reply[summary.length - 28..summary.length].to_vec()
    }

    /// A cookie of the client's alone.
    const NEW_COOKIE: [u8; 12] = [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];

    /// Gives the OPT record at the end of a message these options.
    fn with_options(message: &mut Vec<u8>, options: &[u8]) {
        let length = u16::try_from(options.len()).unwrap();
        message.truncate(message.len() - 2);
        message.extend(length.to_be_bytes());
        message.extend(options);
    }

    fn query(owner: &str, rtype: Rtype, flags: [u8; 2], opt: Option<u16>) -> Vec<u8> {
        let [high, low] = flags;
        let mut message = vec![
            7,
            9,
            high,
            low,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            u8::from(opt.is_some()),
        ];
        message.extend(name(owner).as_name().octets());
        message.extend(rtype.number().to_be_bytes());
        message.extend([0, 1]);
        if let Some(size) = opt {
            message.extend([0, 0, 41]);
            message.extend(size.to_be_bytes());
            message.extend([0, 0, 0x80, 0, 0, 0]);
        }
        message
    }

    fn request(message: &[u8], transport: Transport) -> Request<'_> {
        Request {
            message,
            client: [192, 0, 2, 53].into(),
            transport,
            now_ns: 5,
            wall_s: 0,
        }
    }

    /// Asks both ways; true if the short one led to the answer.
    fn ask(zones: &One, server: &Server, message: &[u8], transport: Transport) -> bool {
        let request = request(message, transport);
        let (mut short, mut long) = ([0; 2000], [0; 2000]);
        let (memory, chance) = (Memory::none(), &mut Chance::new(3));
        let mut outcome = respond((zones, &memory), server, &request, chance, &mut short);
        if outcome.is_none() {
            let chance = &mut Chance::new(3);
            outcome = respond_with_options((zones, &memory), server, &request, chance, &mut short);
        }
        let (memory, chance) = (&mut Memory::none(), &mut Chance::new(3));
        let expected = respond_at_length((zones, memory), server, &request, chance, &mut long);
        let Some(Outcome::Answered(summary)) = outcome else {
            return false;
        };
        assert_eq!(Outcome::Answered(summary), expected, "{message:02x?}");
        assert_eq!(
            short[..summary.length],
            long[..summary.length],
            "{message:02x?}"
        );
        true
    }

    #[test]
    fn where_the_short_way_leads_the_long_way_leads_too() {
        let (mut asked, mut direct) = (0, 0);
        let plain = Server::new(1232, "", "").unwrap();
        let rotating = Server::new(4096, "", "").unwrap().with_rotation(true);
        for (more, server) in MORE
            .iter()
            .flat_map(|more| [(more, &plain), (more, &rotating)])
        {
            let zones = zone(more);
            for (owner, rtype) in OWNERS
                .iter()
                .flat_map(|owner| TYPES.map(|rtype| (owner, rtype)))
            {
                for opt in [None, Some(0), Some(512), Some(700), Some(4096)] {
                    for transport in [Transport::Udp, Transport::Tcp] {
                        let message = query(owner, rtype, [1, 0x30], opt);
                        asked += 1;
                        direct += usize::from(ask(&zones, server, &message, transport));
                    }
                }
            }
        }
        assert!(direct > asked / 4, "{direct} of {asked} are worth a test");
    }

    #[test]
    fn options_are_answered_alike_on_both_ways() {
        let good = good_cookie();
        let mut wrong = good.clone();
        wrong[20] ^= 1;
        let all = [&good[..], &[0, 3, 0, 0, 0, 11, 0, 0, 0xfd, 0xe9, 0, 1, 9]].concat();
        let cases: [(&[u8], CookieUse, bool); 9] = [
            (&NEW_COOKIE, CookieUse::New, true),
            (&good, CookieUse::Valid, true),
            (&wrong, CookieUse::Wrong, true),
            (&all, CookieUse::Valid, true),
            (&[0, 3, 0, 0], CookieUse::None, true),
            (&[0xfd, 0xe9, 0, 0], CookieUse::None, true),
            (&[0, 10, 0, 1, 1], CookieUse::Malformed, false),
            (&[0, 10, 0, 9, 1], CookieUse::None, false),
            (&[0], CookieUse::None, false),
        ];
        let zones = zone("");
        let server = Server::new(1232, "", "ns1.example.net")
            .unwrap()
            .with_cookies(jar())
            .with_udp_size_without_cookie(512)
            .with_tcp_keepalive(std::time::Duration::from_secs(9));
        for (options, cookies, is_direct) in cases {
            for transport in [Transport::Udp, Transport::Tcp] {
                for owner in ["ns", "none"] {
                    let mut message = query(owner, Rtype::A, [0, 0], Some(1232));
                    with_options(&mut message, options);
                    let led = ask(&zones, &server, &message, transport);
                    assert_eq!(led, is_direct, "{options:?}");
                }
                // 600 octets over UDP for nobody but who has a good cookie.
                let mut message = query("big", Rtype::new(65280), [0, 0], Some(1232));
                with_options(&mut message, options);
                let has_room = transport == Transport::Tcp || cookies == CookieUse::Valid;
                let led = ask(&zones, &server, &message, transport);
                assert_eq!(led, is_direct && has_room, "{options:?}");
            }
        }
    }

    #[test]
    fn messages_that_are_not_plain_take_the_long_way() {
        let (zones, server) = (zone(""), Server::new(1232, "", "").unwrap());
        let good = query("ns", Rtype::A, [0, 0], Some(1232));
        assert!(ask(&zones, &server, &good, Transport::Udp));
        for at in 2..12 {
            let mut other = good.clone();
            other[at] ^= 0x08;
            let is_of_no_account = at == 3;
            assert_eq!(
                ask(&zones, &server, &other, Transport::Udp),
                is_of_no_account,
                "octet {at}"
            );
        }
        for end in 12..good.len() {
            assert!(
                !ask(&zones, &server, &good[..end], Transport::Udp),
                "{end} octets"
            );
        }
        assert!(!ask(
            &zones,
            &server,
            &[&good[..], &[0]].concat(),
            Transport::Udp
        ));
        assert!(!ask(
            &zones,
            &server,
            &query("ns", Rtype::A, [0x80, 0], None),
            Transport::Udp
        ));
    }

    #[test]
    fn a_variant_that_does_not_fit_comes_as_often_as_its_weight_says() {
        let many = (0..100).map(|last| vec![192, 0, 2, last]).collect();
        let set = SteeredSet {
            rtype: Rtype::A,
            kind: Kind::Answer,
            ttl: 30,
            due_ns: None,
            selector: Selector::Chance,
            variants: vec![(1, vec![vec![192, 0, 2, 1]]), (1, many)],
        };
        let changes = [SteeredChange::Set(name("many"), set)];
        let zones = One(zone("").0.with_steered(&changes).unwrap());
        let server = Server::new(512, "", "").unwrap();
        let (client, transport) = ([192, 0, 2, 53].into(), Transport::Udp);
        let message = &query("many", Rtype::A, [0, 0], None);
        let request = Request {
            message,
            client,
            transport,
            now_ns: 5,
            wall_s: 0,
        };
        let (mut chance, mut truncated) = (Chance::new(3), 0);
        for _ in 0..10_000 {
            let reply = &mut [0; 512];
            let outcome = crate::respond(&zones, &server, &request, &mut chance, reply);
            let is_truncated =
                matches!(outcome, Outcome::Answered(summary) if summary.is_truncated);
            truncated += u32::from(is_truncated);
        }
        assert!((4_700..5_300).contains(&truncated), "{truncated}");
    }
}
