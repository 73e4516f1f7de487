//! What every response has to be, whatever was asked.

use std::collections::BTreeSet;
use std::net::IpAddr;

use domain::base::iana::Rtype as OtherRtype;
use domain::base::rdata::ComposeRecordData as _;
use domain::base::{Message, ToName as _};
use domain::rdata::AllRecordData;
use understudy_answer::{
    Chance, CookieUse, Memory, Outcome, Request, Server, Summary, Transport, Zones, respond,
    respond_at_length, respond_remembering, slip, turn_to_tcp,
};
use understudy_wire::{Class, Name, Opcode, Query, Question, Rcode, Refusal, Rtype};

use crate::model::Model;

/// The least of a client's buffer (RFC 1035 section 2.3.4).
const PLAIN: usize = 512;

/// The circumstances of a query.
pub(crate) struct Ask<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) transport: Transport,
    pub(crate) room: usize,
    pub(crate) seed: u64,
}

impl Ask<'_> {
    fn request(&self) -> Request<'_> {
        Request {
            message: self.message,
            client: IpAddr::from([192, 0, 2, 53]),
            transport: self.transport,
            now_ns: 5_000_000_000,
            wall_s: 1_700_000_000,
        }
    }
}

/// A server, and what it sends at most to whoever shows no cookie of ours.
pub(crate) struct Host {
    pub(crate) server: Server,
    pub(crate) size_without_cookie: u16,
}

/// Asks, checks the response, and returns it; none where there is silence.
pub(crate) fn ask<Z: Zones>(zones: &Z, host: &Host, ask: &Ask<'_>) -> Option<Vec<u8>> {
    let request = ask.request();
    let mut reply = vec![0; ask.room];
    let mut chance = Chance::new(ask.seed);
    let outcome = respond(zones, &host.server, &request, &mut chance, &mut reply);
    let is_deaf = ask.message.len() < 12 || ask.message[2] & 0x80 != 0;
    let Outcome::Answered(summary) = outcome else {
        assert!(
            is_deaf || ask.room < PLAIN,
            "silence to {:02x?}",
            ask.message
        );
        return None;
    };
    assert!(!is_deaf, "an answer to {:02x?}", ask.message);
    assert!(
        summary.length <= limit(host, ask, summary.cookies),
        "{summary:?}"
    );
    reply.truncate(summary.length);
    check(ask.message, &reply, &summary);
    check_long_way(zones, host, ask, (&summary, &reply));
    check_memory(zones, host, ask, (&summary, &reply));
    check_slip(host, ask, &summary);
    check_beginning(host, ask);
    Some(reply)
}

/// The short way of common questions leads where the long one does.
fn check_long_way<Z: Zones>(
    zones: &Z,
    host: &Host,
    ask: &Ask<'_>,
    (summary, reply): (&Summary, &[u8]),
) {
    let (mut long, mut chance) = (vec![0; ask.room], Chance::new(ask.seed));
    let request = ask.request();
    let from = (zones, &mut Memory::none());
    let outcome = respond_at_length(from, &host.server, &request, &mut chance, &mut long);
    assert_eq!(outcome, Outcome::Answered(*summary));
    assert_eq!(&long[..reply.len()], reply);
}

/// What is kept of a response, the second time, is what it was.
fn check_memory<Z: Zones>(
    zones: &Z,
    host: &Host,
    ask: &Ask<'_>,
    (summary, reply): (&Summary, &[u8]),
) {
    let (request, mut memory) = (ask.request(), Memory::default());
    for _ in 0..3 {
        let (mut again, mut chance) = (vec![0; ask.room], Chance::new(ask.seed));
        let from = (zones, &mut memory);
        let outcome = respond_remembering(from, &host.server, &request, &mut chance, &mut again);
        assert_eq!(outcome, Outcome::Answered(*summary));
        assert_eq!(&again[..reply.len()], reply);
    }
}

/// What a rate limit leaves of a response.
fn check_slip(host: &Host, ask: &Ask<'_>, kept: &Summary) {
    let (mut reply, mut chance) = (vec![0; ask.room], Chance::new(ask.seed));
    let of = (&ask.request(), kept);
    let outcome = slip(&host.server, of, &mut chance, &mut reply);
    if let Outcome::Answered(summary) = outcome {
        assert!(summary.length <= limit(host, ask, summary.cookies));
        reply.truncate(summary.length);
        check(ask.message, &reply, &summary);
        assert_eq!(summary.rcode, kept.rcode);
        let is_malformed = summary.rcode == Rcode::FORMERR.number();
        assert!(summary.is_truncated || is_malformed, "{summary:?}");
        assert_eq!(reply[6..10], [0; 4], "no records but OPT");
    }
}

/// What is answered where this is the beginning of a message that is too long for UDP.
fn check_beginning(host: &Host, ask: &Ask<'_>) {
    let mut reply = vec![0; ask.room];
    let outcome = turn_to_tcp(&host.server, &ask.request(), &mut reply);
    let Outcome::Answered(summary) = outcome else {
        assert!(ask.room < PLAIN, "silence to {:02x?}", ask.message);
        return;
    };
    assert!(summary.length <= PLAIN, "{summary:?}");
    reply.truncate(summary.length);
    check(ask.message, &reply, &summary);
    let is_error = [Rcode::FORMERR, Rcode::NOTIMP].map(Rcode::number);
    assert!(summary.is_truncated != is_error.contains(&summary.rcode));
    assert_eq!(reply[6..10], [0; 4], "no records but OPT");
}

/// The most that may be sent.
fn limit(host: &Host, ask: &Ask<'_>, cookies: CookieUse) -> usize {
    let announced = match Query::parse(ask.message) {
        Ok(query) | Err(Refusal::BadVersion(query) | Refusal::NoQuestion(query)) => {
            query.edns.map(|edns| edns.udp_size)
        }
        Err(_) => None,
    };
    let announced = announced.map_or(0, usize::from).max(PLAIN);
    let ours = match cookies {
        CookieUse::Valid => host.server.udp_size(),
        _ => host.size_without_cookie,
    };
    match ask.transport {
        Transport::Tcp => ask.room,
        Transport::Udp => announced.min(usize::from(ours)).min(ask.room),
    }
}

fn check(query: &[u8], response: &[u8], summary: &Summary) {
    let message = Message::from_octets(response).expect("a header");
    let header = message.header();
    assert_eq!(response[..2], query[..2], "the ID");
    assert!(header.qr());
    // Opcode and RD go back (RFC 1035 section 4.1.1); RA is never set: there is no recursion here.
    assert_eq!(response[2] & 0x79, query[2] & 0x79, "opcode and RD");
    assert!(!header.ra());
    assert_eq!(header.tc(), summary.is_truncated);
    assert_eq!(u16::from(response[3] & 0xf), summary.rcode & 0xf);
    let parsed = Query::parse(query);
    let asked = match &parsed {
        Ok(query) | Err(Refusal::BadVersion(query) | Refusal::NoQuestion(query)) => Some(query),
        Err(_) => None,
    };
    if let Some(asked) = asked {
        assert_eq!(response[4..6], query[4..6], "as many questions");
        assert!(
            response[12..].starts_with(asked.question.octets),
            "the question"
        );
    }
    let records = check_records(&message);
    if let Some(asked) = asked.filter(|it| it.header.opcode() == Opcode::QUERY) {
        check_chain(&asked.question, &records);
    }
    let opts = records.iter().filter(|it| it.rtype == OtherRtype::OPT);
    let opts = opts.count();
    match asked {
        Some(asked) if asked.edns.is_none() => assert_eq!(opts, 0, "nobody asked for OPT"),
        _ => assert!(opts <= 1),
    }
    if summary.rcode > 15 {
        assert!(
            opts == 1 || asked.is_some_and(|it| it.signature.is_some()),
            "{summary:?}"
        );
    }
}

/// Every count, name and rdata is whole, no record comes twice in its section, and nothing follows.
fn check_records(message: &Message<&[u8]>) -> Vec<Read> {
    let (questions, answer, authority, additional) = message.sections().expect("sections");
    assert!(questions.count() <= 1);
    let mut found = Vec::new();
    for (rank, section) in [answer, authority, additional].into_iter().enumerate() {
        let mut seen = BTreeSet::new();
        for record in section {
            let record = record.expect("a record");
            let rtype = record.rtype();
            let owner = record.owner().to_vec().as_slice().to_ascii_lowercase();
            let record = record
                .to_any_record::<AllRecordData<_, _>>()
                .unwrap_or_else(|error| panic!("{rtype}: {error}"));
            let key = (
                owner.clone(),
                rtype.to_int(),
                format!("{:?}", record.data()),
            );
            assert!(seen.insert(key), "{record:?} comes twice");
            let target = match record.data() {
                AllRecordData::Cname(it) => {
                    Some(it.cname().to_vec().as_slice().to_ascii_lowercase())
                }
                _ => None,
            };
            found.push(Read {
                is_answer: rank == 0,
                rtype,
                owner,
                target,
            });
        }
    }
    found
}

/// Every record is one of a zone's, or made from a wildcard or a DNAME record: a name that is
/// compressed wrongly is none of theirs.
pub(crate) fn check_origins(models: &[Model], response: &[u8]) {
    let message = Message::from_octets(response).expect("a header");
    let (_, answer, authority, additional) = message.sections().expect("sections");
    for record in answer.chain(authority).chain(additional) {
        let record = record.expect("a record");
        // CHAOS, OPT and TSIG have classes of their own.
        if record.class().to_int() != Class::IN.number() {
            continue;
        }
        let record = record
            .to_any_record::<AllRecordData<_, _>>()
            .expect("rdata");
        let owner = record.owner().to_vec();
        let owner = Name::from_octets(owner.as_slice()).expect("a name");
        let (rtype, mut rdata) = (Rtype::new(record.rtype().to_int()), Vec::new());
        let written = record.data().compose_rdata(&mut rdata);
        written.expect("a vector has room");
        let is_known = |model: &Model| model.has_record(owner, rtype, &rdata);
        let is_any = models.iter().any(is_known);
        assert!(is_any, "{owner} {rtype} {rdata:02x?} is in no zone");
    }
}

/// A record of a response; its names are in lower case.
struct Read {
    is_answer: bool,
    rtype: OtherRtype,
    owner: Vec<u8>,
    target: Option<Vec<u8>>,
}

/// Each record of the answer is of the name that the ones before it lead to, a DNAME record of a name
/// above it (RFC 1034 section 3.6.2, RFC 6672 section 3.2); only the question's type ends the way.
fn check_chain(question: &Question<'_>, records: &[Read]) {
    let qtype = OtherRtype::from_int(question.qtype.number());
    let ends_with_alias = matches!(qtype, OtherRtype::CNAME | OtherRtype::ANY);
    let mut name = question.qname.octets().to_ascii_lowercase();
    for record in records.iter().filter(|it| it.is_answer) {
        if record.rtype == OtherRtype::DNAME && record.owner != name {
            assert!(is_below(&name, &record.owner), "a DNAME beside the name");
            continue;
        }
        assert_eq!(record.owner, name, "{:?}", record.rtype);
        match &record.target {
            Some(target) if !ends_with_alias => name.clone_from(target),
            Some(_) => {}
            None => assert!(qtype == record.rtype || qtype == OtherRtype::ANY, "{qtype}"),
        }
    }
}

fn is_below(name: &[u8], ancestor: &[u8]) -> bool {
    let mut rest = name;
    while let Some((length, after)) = rest.split_first() {
        rest = after.get(usize::from(*length)..).unwrap_or_default();
        if rest == ancestor {
            return true;
        }
    }
    false
}
