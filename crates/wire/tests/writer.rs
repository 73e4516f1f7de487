//! Responses, read back by an independent reader that knows nothing but RFC 1035.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use understudy_wire::{
    EdnsOption, Full, Header, Name, NameBuf, Opt, Owner, Query, Question, Rcode, ReadyRdata, Rtype,
    Section, Writer,
};

const QUERY: &[u8] = b"\x12\x34\x01\x10\0\x01\0\0\0\0\0\0\x03wWw\x07Example\x03com\0\0\x01\0\x01";

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn wire(text: &str) -> Vec<u8> {
    name(text).as_name().octets().to_vec()
}

/// A record as the independent reader sees it: owner, type, TTL, rdata with names written out.
#[derive(Debug, PartialEq)]
struct Record(String, Rtype, u32, Vec<u8>);

struct Reader<'m> {
    message: &'m [u8],
    at: usize,
}

impl Reader<'_> {
    fn u16(&mut self) -> u16 {
        let value = u16::from_be_bytes([self.message[self.at], self.message[self.at + 1]]);
        self.at += 2;
        value
    }

    /// The labels from `at` on, through pointers; also where the name ends here.
    fn name_at(&self, mut at: usize) -> (Vec<u8>, usize) {
        let mut octets = Vec::new();
        let mut end = None;
        loop {
            let length = self.message[at];
            if length >= 0xc0 {
                end = end.or(Some(at + 2));
                let target = usize::from(length & 0x3f) << 8 | usize::from(self.message[at + 1]);
                assert!(target < at, "pointers point back");
                at = target;
                continue;
            }
            let step = usize::from(length) + 1;
            octets.extend_from_slice(&self.message[at..at + step]);
            at += step;
            if length == 0 {
                return (octets, end.unwrap_or(at));
            }
        }
    }

    fn name(&mut self) -> Vec<u8> {
        let (octets, end) = self.name_at(self.at);
        self.at = end;
        octets
    }

    fn record(&mut self) -> Record {
        let owner = self.name();
        let owner = Name::from_octets(&owner).unwrap().to_string();
        let rtype = Rtype::new(self.u16());
        self.u16();
        let ttl = u32::from(self.u16()) << 16 | u32::from(self.u16());
        let length = usize::from(self.u16());
        let end = self.at + length;
        let mut rdata = Vec::new();
        let (before, names) = match rtype {
            Rtype::NS | Rtype::CNAME | Rtype::PTR => (0, 1),
            Rtype::SOA => (0, 2),
            Rtype::MX => (2, 1),
            _ => (0, 0),
        };
        rdata.extend_from_slice(&self.message[self.at..self.at + before]);
        self.at += before;
        for _ in 0..names {
            rdata.extend(self.name());
        }
        rdata.extend_from_slice(&self.message[self.at..end]);
        self.at = end;
        Record(owner, rtype, ttl, rdata)
    }
}

/// Every record of a message; the header's counts must be right.
fn records(message: &[u8]) -> Vec<Record> {
    let header = Header::parse(message).unwrap();
    let mut reader = Reader { message, at: 12 };
    for _ in 0..header.qdcount() {
        reader.name();
        reader.at += 4;
    }
    let sections = [Section::Answer, Section::Authority, Section::Additional];
    let count: u16 = sections.iter().map(|section| header.count(*section)).sum();
    let records = (0..count).map(|_| reader.record()).collect();
    assert_eq!(reader.at, message.len(), "counts and octets agree");
    records
}

fn question() -> Question<'static> {
    Query::parse(QUERY).unwrap().question
}

fn respond(limit: usize, write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut buffer = vec![0xee; 70_000];
    let header = Header::parse(QUERY).unwrap();
    let mut writer = Writer::response(&mut buffer, limit, &header).unwrap();
    writer.question(&question()).unwrap();
    write(&mut writer);
    let length = writer.finish();
    assert!(length <= limit);
    buffer.truncate(length);
    buffer
}

/// RFC 1035 sections 4.1.1 and 4.1.2, RFC 4343 section 4.1.
#[test]
fn the_header_and_the_question_go_back_as_they_came() {
    let message = respond(512, |writer| {
        writer.set_flags(Header::AA | Header::TC);
        writer.clear_flags(Header::TC);
        writer.set_rcode(Rcode::NXDOMAIN);
    });
    assert_eq!(message[..4], [0x12, 0x34, 0x85, 0x03]);
    assert_eq!(message[12..], QUERY[12..]);
}

/// RFC 1035 section 4.1.4.
#[test]
fn owners_and_names_are_compressed() {
    let rdatas = [wire("ns1.example.COM"), wire("ns2.example.com")];
    let glue = name("ns1.example.com");
    let message = respond(512, |writer| {
        let owner = question().qname;
        writer
            .rrset(Owner::Question, Rtype::A, 60, [&[192, 0, 2, 1][..]])
            .unwrap();
        writer.enter(Section::Authority);
        let zone = owner.parent().unwrap();
        let sets = rdatas.iter().map(Vec::as_slice);
        writer
            .rrset(Owner::QuestionEnding(zone), Rtype::NS, 61, sets)
            .unwrap();
        writer.enter(Section::Additional);
        writer
            .rrset(
                Owner::Name(glue.as_name()),
                Rtype::A,
                62,
                [&[192, 0, 2, 2][..]],
            )
            .unwrap();
    });
    assert_eq!(
        records(&message),
        [
            Record("wWw.Example.com.".into(), Rtype::A, 60, vec![192, 0, 2, 1]),
            Record(
                "Example.com.".into(),
                Rtype::NS,
                61,
                wire("ns1.Example.com")
            ),
            Record(
                "Example.com.".into(),
                Rtype::NS,
                61,
                wire("ns2.Example.com")
            ),
            Record("ns1.Example.com.".into(), Rtype::A, 62, vec![192, 0, 2, 2]),
        ]
    );
    // Fixed parts, plus owner pointers, plus "ns1" and "ns2" with a pointer each.
    assert_eq!(
        message.len(),
        12 + 21 + (2 + 14) + 2 * (2 + 10 + 6) + (2 + 14)
    );
}

/// RFC 1035 section 4.1.4, RFC 2782, RFC 9460 section 2.2.
#[test]
fn owners_point_to_targets_that_could_not_be_compressed() {
    for (rtype, before) in [(Rtype::SRV, 6), (Rtype::SVCB, 2), (Rtype::HTTPS, 2)] {
        let targets = ["a.example.com", "b.a.EXAMPLE.com", "c.example.net", "."];
        let rdatas = targets.map(|target| [vec![7; before], wire(target)].concat());
        let hosts = ["A.example.com", "b.a.example.com", "x.c.example.net"].map(name);
        let address = &[192, 0, 2, 1][..];
        let message = respond(512, |writer| {
            let sets = rdatas.iter().map(Vec::as_slice);
            writer
                .rrset(
                    Owner::Question,
                    Rtype::CNAME,
                    1,
                    [&wire("www.example.com")[..]],
                )
                .unwrap();
            writer.rrset(Owner::Question, rtype, 1, sets).unwrap();
            writer.remember_targets(rtype);
            writer.enter(Section::Additional);
            for host in &hosts {
                let owner = Owner::Name(host.as_name());
                writer.rrset(owner, Rtype::A, 1, [address]).unwrap();
            }
        });
        let answers = 12 + 21 + (12 + 2) + 4 * 12 + rdatas.concat().len();
        assert_eq!(message.len(), answers + (2 + 14) + (2 + 14) + (2 + 2 + 14));
        let read = records(&message);
        for (record, rdata) in read[1..].iter().zip(&rdatas) {
            assert_eq!(record.3, *rdata, "{rtype:?}: sent as it is");
        }
        let owners: Vec<_> = read[5..].iter().map(|record| record.0.as_str()).collect();
        assert_eq!(
            owners,
            ["a.example.com.", "b.a.EXAMPLE.com.", "x.c.example.net."]
        );
    }
}

#[test]
fn of_many_targets_as_many_are_pointed_to_as_can_be_remembered() {
    let rdatas: Vec<_> = (0..300)
        .map(|number| [vec![0; 6], wire(&format!("h{number:03}.example.com"))].concat())
        .collect();
    let hosts = [0, 50, 299].map(|number| name(&format!("h{number:03}.example.com")));
    let message = respond(65_535, |writer| {
        let sets = rdatas.iter().map(Vec::as_slice);
        writer.rrset(Owner::Question, Rtype::SRV, 1, sets).unwrap();
        writer.remember_targets(Rtype::SRV);
        for host in &hosts {
            let owner = Owner::Name(host.as_name());
            writer
                .rrset(owner, Rtype::A, 1, [&[192, 0, 2, 1][..]])
                .unwrap();
        }
    });
    let owners = records(&message)[300..]
        .iter()
        .map(|it| name(&it.0))
        .collect::<Vec<_>>();
    assert_eq!(owners, hosts);
    assert_eq!(message.len(), 12 + 21 + 300 * (12 + 24) + 2 * 16 + (16 + 5));
}

#[test]
fn there_is_no_way_back_to_an_earlier_section_but_to_a_mark() {
    let address = &[192, 0, 2, 1][..];
    let counts = |is_back: bool| {
        let message = respond(512, |writer| {
            let start = writer.mark();
            writer.enter(Section::Additional);
            if is_back {
                writer.rollback(start);
            }
            writer.enter(Section::Authority);
            writer.enter(Section::Answer);
            writer
                .rrset(Owner::Question, Rtype::A, 1, [address])
                .unwrap();
        });
        let header = Header::parse(&message).unwrap();
        [Section::Answer, Section::Authority, Section::Additional].map(|it| header.count(it))
    };
    assert_eq!((counts(false), counts(true)), ([0, 0, 1], [0, 1, 0]));
}

/// RFC 3597 section 4, RFC 6672 section 2.5.
#[test]
fn only_the_types_of_rfc_1035_are_compressed() {
    let srv = [&[0, 1, 0, 2, 0, 3][..], &wire("www.example.com")].concat();
    let dname = wire("example.com");
    let mx = [&[0, 5][..], &wire("www.example.com")].concat();
    let soa = [wire("a.example.com"), wire("b.a.example.com"), vec![7; 20]].concat();
    let message = respond(512, |writer| {
        writer
            .rrset(Owner::Question, Rtype::SRV, 1, [&srv[..]])
            .unwrap();
        writer
            .rrset(Owner::Question, Rtype::DNAME, 1, [&dname[..]])
            .unwrap();
        writer
            .rrset(Owner::Question, Rtype::MX, 1, [&mx[..]])
            .unwrap();
        writer
            .rrset(Owner::Question, Rtype::SOA, 1, [&soa[..]])
            .unwrap();
    });
    let contains = |part: &[u8]| message.windows(part.len()).any(|window| window == part);
    assert!(contains(&srv) && contains(&dname) && !contains(&mx));
    let lower: Vec<_> = records(&message)
        .into_iter()
        .map(|r| r.3.to_ascii_lowercase())
        .collect();
    assert_eq!(lower, [srv, dname, mx, soa]);
}

fn lower_records(message: &[u8]) -> Vec<Vec<u8>> {
    let rdatas = records(message).into_iter();
    rdatas.map(|record| record.3.to_ascii_lowercase()).collect()
}

#[test]
fn ready_rdata_is_what_would_have_been_written() {
    let hosts = [
        ".",
        "com",
        "a.example.com",
        "other.com",
        "x.other.com",
        "other.test",
        "a-name-of-so-many-octets.that-both-of-it-need-a-call.to-be.copied",
    ];
    for origin in [".", "com", "example.com", "www.example.com"] {
        for (first, second) in hosts.iter().flat_map(|a| hosts.map(|b| (*a, b))) {
            let soa = [wire(first), wire(second), vec![7; 20]].concat();
            let origin = name(origin);
            let origin = origin.as_name();
            let ready = respond(512, |writer| {
                let rdata = ReadyRdata::new(Rtype::SOA, &soa, origin);
                writer.ready(Rtype::SOA, 1, &rdata).unwrap();
            });
            let written = respond(512, |writer| {
                let owner = Owner::QuestionEnding(origin);
                writer.rrset(owner, Rtype::SOA, 1, [&soa[..]]).unwrap();
            });
            assert_eq!(lower_records(&ready), lower_records(&written));
            // Nothing is known of what stands before the origin in the question's name.
            if origin == name("www.example.com").as_name() {
                assert_eq!(ready, written, "{first} {second}");
            }
        }
    }
}

#[test]
fn ready_rdata_that_does_not_fit_leaves_no_trace() {
    let soa = [wire("ns.other.test"), wire("x"), vec![7; 20]].concat();
    for origin in [".", "example.com"] {
        let rdata = ReadyRdata::new(Rtype::SOA, &soa, name(origin).as_name());
        let whole = respond(512, |writer| {
            writer.ready(Rtype::SOA, 1, &rdata).unwrap();
        });
        let none = respond(512, |_| ());
        for limit in none.len()..whole.len() {
            let message = respond(limit, |writer| {
                assert_eq!(writer.ready(Rtype::SOA, 1, &rdata), Err(Full));
            });
            assert_eq!(message, none);
        }
    }
}

#[test]
fn an_rrset_that_does_not_fit_leaves_no_trace() {
    let rdatas = [wire("one.other.test"), wire("two.other.test")];
    let whole = respond(512, |writer| {
        writer
            .rrset(
                Owner::Question,
                Rtype::NS,
                1,
                rdatas.iter().map(Vec::as_slice),
            )
            .unwrap();
    });
    for limit in 33..whole.len() {
        let message = respond(limit, |writer| {
            let before = writer.octets();
            let sets = rdatas.iter().map(Vec::as_slice);
            assert_eq!(writer.rrset(Owner::Question, Rtype::NS, 1, sets), Err(Full));
            assert_eq!(
                (writer.octets(), writer.count(Section::Answer)),
                (before, 0)
            );
            let small = name("two.other.test");
            if writer.room() >= 30 {
                writer
                    .rrset(
                        Owner::Name(small.as_name()),
                        Rtype::A,
                        1,
                        [&[1, 2, 3, 4][..]],
                    )
                    .unwrap();
            }
        });
        records(&message);
    }
}

#[test]
fn a_mark_brings_back_counts_section_and_names() {
    let message = respond(512, |writer| {
        let mark = writer.mark();
        let other = name("deep.other.test");
        writer.enter(Section::Additional);
        writer
            .rrset(
                Owner::Name(other.as_name()),
                Rtype::A,
                1,
                [&[1, 1, 1, 1][..]],
            )
            .unwrap();
        writer.rollback(mark);
        writer
            .rrset(Owner::Question, Rtype::A, 1, [&[2, 2, 2, 2][..]])
            .unwrap();
        writer
            .rrset(
                Owner::Name(other.as_name()),
                Rtype::A,
                1,
                [&[3, 3, 3, 3][..]],
            )
            .unwrap();
        assert_eq!(writer.count(Section::Answer), 2);
    });
    let owners: Vec<_> = records(&message)
        .into_iter()
        .map(|record| record.0)
        .collect();
    assert_eq!(owners, ["wWw.Example.com.", "deep.other.test."]);
}

#[test]
fn opt_has_its_room_and_carries_the_upper_bits_of_the_rcode() {
    let options = [EdnsOption {
        code: 3,
        octets: b"node",
    }];
    let opt = Opt {
        udp_size: 1232,
        dnssec_ok: true,
        options: &options,
    };
    assert_eq!(opt.octets(), 19);
    let limit = 33 + 16 + opt.octets();
    let message = respond(limit, |writer| {
        writer.reserve(opt.octets()).unwrap();
        assert_eq!(writer.reserve(17), Err(Full));
        writer
            .rrset(Owner::Question, Rtype::A, 1, [&[1, 2, 3, 4][..]])
            .unwrap();
        let more = writer.rrset(Owner::Question, Rtype::A, 1, [&[1, 2, 3, 4][..]]);
        assert_eq!((more, writer.room()), (Err(Full), 0));
        writer.set_rcode(Rcode::BADVERS);
        writer.opt(&opt).unwrap();
    });
    assert_eq!(message.len(), limit);
    assert_eq!(message[3] & 0x0f, 0);
    assert_eq!(
        message[limit - 19..],
        *b"\0\0\x29\x04\xd0\x01\0\x80\0\0\x08\0\x03\0\x04node"
    );
    assert_eq!(
        Header::parse(&message).unwrap().count(Section::Additional),
        1
    );
}

#[test]
fn a_buffer_without_room_for_a_header_is_refused() {
    let header = Header::parse(QUERY).unwrap();
    assert!(Writer::response(&mut [0; 11], 512, &header).is_err());
    assert!(Writer::response(&mut [0; 512], 11, &header).is_err());
    let mut buffer = [0; 512];
    let mut writer = Writer::response(&mut buffer, 20, &header).unwrap();
    assert_eq!(writer.question(&question()), Err(Full));
    assert_eq!(writer.finish(), 12);
}

#[test]
fn names_beyond_the_reach_of_pointers_are_written_out() {
    let far = name("far.away.test");
    let message = respond(65_535, |writer| {
        writer
            .rrset(Owner::Question, Rtype::TXT, 1, [&[b'x'; 0x4000][..]])
            .unwrap();
        for _ in 0..2 {
            writer
                .rrset(Owner::Name(far.as_name()), Rtype::A, 1, [&[1, 2, 3, 4][..]])
                .unwrap();
        }
    });
    let owners: Vec<_> = records(&message)
        .into_iter()
        .map(|record| record.0)
        .collect();
    assert_eq!(
        owners,
        ["wWw.Example.com.", "far.away.test.", "far.away.test."]
    );
}

/// Names of every shape in long messages, and more of them than are remembered.
#[test]
fn any_names_read_back() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..60 {
        let mut expected = Vec::new();
        let message = respond(65_535, |writer| {
            for _ in 0..random.usize(1..2500) {
                let mut owner = question()
                    .qname
                    .suffix(random.usize(0..3))
                    .unwrap()
                    .to_buf();
                for _ in 0..random.usize(0..4) {
                    let label = [random.choice(b"abAB".iter()).copied().unwrap()];
                    owner = NameBuf::child(&label, owner.as_name()).unwrap();
                }
                let label = random.u8(..).to_string();
                let target = NameBuf::child(label.as_bytes(), owner.as_name()).unwrap();
                let target = target.as_name().octets().to_vec();
                let set = [target.as_slice()];
                if writer
                    .rrset(Owner::Name(owner.as_name()), Rtype::NS, 9, set)
                    .is_ok()
                {
                    expected.push((owner, target));
                }
            }
        });
        let found = records(&message);
        assert_eq!(found.len(), expected.len());
        for (record, (owner, target)) in found.iter().zip(&expected) {
            assert_eq!(record.0.to_lowercase(), owner.to_string().to_lowercase());
            assert_eq!(record.3.to_ascii_lowercase(), target.to_ascii_lowercase());
        }
    }
}
