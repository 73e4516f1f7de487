//! Drawn zones and queries: the response is well-formed, and says what the model says of the name.

use domain::base::Message;
use domain::base::iana::Rcode;
use understudy_answer::{Server, Transport};
use understudy_wire::{Name, NameBuf, Rtype};
use understudy_zone::Zone;

use crate::draw::Draw;
use crate::model::{Content, Model};
use crate::reply::{self, Ask};
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
    let server = Server::new(draw.pick(&[1232, 512, 4096]), "", "").expect("a server");
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
        let Some(response) = reply::ask(&served, &server, &ask) else {
            panic!("silence to a query for {qname} {qtype}");
        };
        if let ([zone], [model]) = (served.0.as_slice(), models.as_slice()) {
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

/// RFC 1034 section 4.3.2 for all names that do not lead on.
fn check(case: &Case<'_>, response: &[u8]) {
    let Case {
        model,
        qname,
        qtype,
        ..
    } = case;
    let message = Message::from_octets(response).expect("a header");
    let (rcode, aa) = (message.header().rcode(), message.header().aa());
    let counts = message.header_counts();
    let path = model.path(*qname).expect("a name of the zone");
    let what = format!("{qname} {qtype}: {rcode}, AA {aa}, {counts:?}");
    if model.dname(&path).is_some() {
        return;
    }
    let is_parents = *qtype == Rtype::DS && model.cut(&path) == Some(path.len());
    if model.cut(&path).is_some() && !is_parents {
        assert_eq!(
            (rcode, aa, counts.ancount()),
            (Rcode::NOERROR, false, 0),
            "{what}"
        );
        assert!(counts.nscount() > 0 || message.header().tc(), "{what}");
        return;
    }
    let encloser = model.encloser(&path);
    let asterisk = [encloser, &[b"*".to_vec()]].concat();
    let source = if model.exists(&path) {
        &path
    } else {
        &asterisk
    };
    if !model.exists(source) {
        assert_eq!(
            (rcode, aa, counts.ancount()),
            (Rcode::NXDOMAIN, true, 0),
            "{what}"
        );
        return check_soa(case, &message);
    }
    let none = crate::model::Sets::new();
    let sets = model.sets(source).unwrap_or(&none);
    let is_steered = sets
        .values()
        .any(|content| matches!(content, Content::Steered(_)));
    let leads_on = sets.contains_key(&(Rtype::CNAME.number(), true)) && *qtype != Rtype::CNAME;
    if is_steered || leads_on || *qtype == Rtype::ANY || message.header().tc() {
        return;
    }
    assert_eq!((rcode, aa), (Rcode::NOERROR, true), "{what}");
    match sets.get(&(qtype.number(), true)) {
        Some(Content::Static(_, rdatas)) => {
            assert_eq!(usize::from(counts.ancount()), rdatas.len(), "{what}");
            assert_eq!(counts.nscount(), 0, "{what}");
        }
        _ => {
            assert_eq!(counts.ancount(), 0, "{what}");
            check_soa(case, &message);
        }
    }
}

/// A negative answer has the SOA record with the zone's negative TTL (RFC 2308 section 3).
fn check_soa(case: &Case<'_>, message: &Message<&[u8]>) {
    if message.header().tc() {
        return;
    }
    let mut authority = message.authority().expect("a section");
    let soa = authority.next().expect("an SOA record").expect("a record");
    assert_eq!(soa.rtype().to_int(), Rtype::SOA.number());
    assert_eq!(soa.ttl().as_secs(), case.zone.negative_ttl());
    let owner: NameBuf = format!("{}.", soa.owner()).parse().expect("a name");
    assert_eq!(owner.as_name(), case.zone.origin());
    assert!(authority.next().is_none(), "one record");
}
