//! Drawn zones and queries: the response is well-formed, and says what the model says of the name.

use std::fmt;

use domain::base::Message;
use domain::base::iana::Rcode;
use understudy_answer::{Server, Transport};
use understudy_wire::{Name, NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredSet, Zone};

use crate::draw::Draw;
use crate::model::{Content, Model, Sets};
use crate::reply::{self, Ask, Host};
use crate::world::{self, Served};

/// chosen: enough to ask each small zone about most of what it has.
const QUERIES: usize = 12;

/// What is asked for, once in a while that of no zone.
const ASKED: [Rtype; 12] = [
    Rtype::A,
    Rtype::AAAA,
    Rtype::CNAME,
    Rtype::NS,
    Rtype::DNAME,
    Rtype::MX,
    Rtype::TXT,
    Rtype::DS,
    Rtype::SOA,
    Rtype::ANY,
    Rtype::HTTPS,
    Rtype::RRSIG,
];

/// The first octets are the zones, the others the queries.
pub fn run(input: &[u8]) {
    let mut draw = Draw::new(input);
    let mut served = Served::default();
    for origin in ["example.", "a.example.", "."] {
        if served.0.is_empty() || draw.one_in(3) {
            let zone = world::zone(&mut draw, world::name(origin).as_name());
            served.0.push(zone);
        }
    }
    let models: Vec<_> = served.0.iter().map(Model::of).collect();
    let size = draw.pick(&[1232, 512, 4096]);
    let host = Host {
        server: Server::new(size, "", "").expect("a server"),
        size_without_cookie: size,
    };
    for _ in 0..QUERIES {
        let qname = draw.name(world::name("example.").as_name());
        let qtype = draw.pick(&ASKED);
        let is_tcp = draw.one_in(2);
        let message = query(&mut draw, qname.as_name(), qtype);
        let ask = Ask {
            message: &message,
            transport: if is_tcp {
                Transport::Tcp
            } else {
                Transport::Udp
            },
            room: 65_535,
            seed: u64::from(draw.octet()),
        };
        let Some(response) = reply::ask(&served, &host, &ask) else {
            panic!("silence to a query for {qname} {qtype}");
        };
        reply::check_origins(&models, &response);
        let nearest = (served.0.iter().zip(&models))
            .filter(|(zone, _)| qname.as_name().is_at_or_below(zone.origin()))
            .max_by_key(|(zone, _)| zone.origin().label_count());
        let (zone, model) = nearest.expect("a zone at or above the name");
        // The DS record of a zone is in the one above it, if that is here.
        if !(qtype == Rtype::DS && zone.origin() == qname.as_name()) {
            check(
                &Case {
                    zone,
                    model,
                    qname: qname.as_name(),
                    qtype,
                },
                &response,
            );
        }
    }
}

fn query(draw: &mut Draw<'_>, qname: Name<'_>, qtype: Rtype) -> Vec<u8> {
    let has_opt = draw.one_in(2);
    let mut message = vec![7, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(has_opt)];
    message.extend(qname.octets());
    message.extend(qtype.number().to_be_bytes());
    message.extend([0, 1]);
    if has_opt {
        message.extend([0, 0, 41]);
        message.extend(draw.pick(&[1232_u16, 0, 600, u16::MAX]).to_be_bytes());
        message.extend([0, 0, 0x80, 0, 0, 0]);
    }
    message
}

/// A query to one zone alone.
struct Case<'a> {
    zone: &'a Zone,
    model: &'a Model,
    qname: Name<'a>,
    qtype: Rtype,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            zone, qname, qtype, ..
        } = self;
        write!(out, "{qname} {qtype} in\n{}", zone.to_master_file())
    }
}

/// RFC 1034 section 4.3.2 for all names that do not lead on.
fn check(case: &Case<'_>, response: &[u8]) {
    let Case { model, qtype, .. } = case;
    let message = Message::from_octets(response).expect("a header");
    let path = model.path(case.qname).expect("a name of the zone");
    if model.dname(&path).is_some() {
        return;
    }
    let header = message.header();
    let counts = message.header_counts();
    let outcome = (header.rcode(), header.aa(), counts.ancount());
    let is_parents = *qtype == Rtype::DS && model.cut(&path) == Some(path.len());
    if model.cut(&path).is_some() && !is_parents {
        assert_eq!(outcome, (Rcode::NOERROR, false, 0), "{case}");
        assert!(counts.nscount() > 0 || header.tc(), "{case}");
        return;
    }
    let asterisk = [model.encloser(&path), &[b"*".to_vec()]].concat();
    let source = if model.exists(&path) { path } else { asterisk };
    if !model.exists(&source) {
        assert_eq!(outcome, (Rcode::NXDOMAIN, true, 0), "{case}");
        return check_soa(case, &message, (0, u32::MAX));
    }
    let sets = model.sets(&source).cloned().unwrap_or_default();
    if !header.tc() {
        check_sets(case, &sets, &message);
    }
}

/// The answer of a name that exists, or of a wildcard: what is steered comes before what is static,
/// and the type asked for before an alias.
fn check_sets(case: &Case<'_>, sets: &Sets, message: &Message<&[u8]>) {
    let of_type = |rtype: Rtype| {
        let number = rtype.number();
        sets.get(&(number, false))
            .or_else(|| sets.get(&(number, true)))
    };
    let own = of_type(case.qtype);
    let leads_on = own.is_none() && of_type(Rtype::CNAME).is_some();
    if leads_on || case.qtype == Rtype::ANY {
        return;
    }
    let (header, counts) = (message.header(), message.header_counts());
    let count = usize::from(counts.ancount());
    let outcome = (header.rcode(), header.aa());
    if let Some(Content::Steered(SteeredSet {
        kind: Kind::Servfail,
        ..
    })) = own
    {
        assert_eq!((outcome, count), ((Rcode::SERVFAIL, false), 0), "{case}");
        return;
    }
    assert_eq!(outcome, (Rcode::NOERROR, true), "{case}");
    match own {
        Some(Content::Static(_, rdatas)) => assert_eq!(count, rdatas.len(), "{case}"),
        Some(Content::Steered(set)) if set.kind == Kind::Answer => {
            let variants = match set.selector {
                Selector::Chance => &set.variants,
                Selector::One | Selector::Rotate => &set.variants[..1],
            };
            let is_one = variants.iter().any(|(_, rdatas)| rdatas.len() == count);
            assert!(is_one, "{count} records of {set:?}");
        }
        Some(Content::Steered(set)) => check_soa(case, message, (count, set.ttl)),
        None => check_soa(case, message, (count, u32::MAX)),
    }
}

/// A negative answer has the SOA record, with the zone's negative TTL (RFC 2308 section 3) or that of
/// a steered set.
fn check_soa(case: &Case<'_>, message: &Message<&[u8]>, (count, ttl): (usize, u32)) {
    assert_eq!(count, 0, "{case}");
    if message.header().tc() {
        return;
    }
    let mut authority = message.authority().expect("a section");
    let soa = authority.next().expect("an SOA record").expect("a record");
    assert_eq!(soa.rtype().to_int(), Rtype::SOA.number());
    let most = case.zone.negative_ttl().min(ttl);
    assert!(soa.ttl().as_secs() <= most, "{case}");
    assert!(ttl < u32::MAX || soa.ttl().as_secs() == most, "{case}");
    let owner: NameBuf = format!("{}.", soa.owner()).parse().expect("a name");
    assert_eq!(owner.as_name(), case.zone.origin());
    assert!(authority.next().is_none(), "one record");
}
