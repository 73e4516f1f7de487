//! Transfers that come in, whole and as differences, cut into messages anywhere and damaged on the way:
//! what comes of one is what a naive reader makes of its records, or an error; what is held stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use understudy_wire::{Class, NameBuf, Rtype, Serial, SerialRelation};
use understudy_zone::{Difference, Incoming, IncomingError, Progress, Received, Zone};

use crate::draw::Draw;
use crate::records::{Fact, facts_of, of};
use crate::world;

const ID: u16 = 0x0a0b;
const LIMIT: usize = 1 << 20;

/// The sets of a zone: their TTL, and their rdata.
type Sets = BTreeMap<(NameBuf, u16), (u32, BTreeSet<Vec<u8>>)>;

/// A record as it is sent.
#[derive(Clone, Debug)]
struct Sent {
    fact: Fact,
    class: Class,
}

/// A record that comes no more means that nothing comes of the transfer.
#[derive(Debug)]
struct Senseless;

/// What is held, what is sent, and what becomes of it.
pub fn run(input: &[u8]) {
    let mut draw = Draw::new(input);
    let origin = world::name("example.");
    let versions = versions(&mut draw, &world::bare_zone(origin.as_name()));
    let held = versions.first().filter(|_| !draw.one_in(8));
    let is_incremental = held.is_some() && draw.one_in(2);
    let mut records = if is_incremental && !draw.one_in(4) {
        differences(&versions)
    } else {
        whole(&versions[versions.len() - 1])
    };
    let damages = draw.pick(&[0, 0, 1, 1, 2, 4]);
    for _ in 0..damages {
        damage(&mut draw, &mut records);
    }
    let parts = cut(&mut draw, &records);
    let mut messages: Vec<_> = parts
        .iter()
        .enumerate()
        .map(|(number, part)| message(part, is_incremental, number == 0 || draw.one_in(2)))
        .collect();
    let is_clean = !draw.one_in(3) || !scramble(&mut draw, &mut messages);
    let before = held.map(facts_of);
    let received = receive(held, is_incremental, &messages);
    assert_eq!(held.map(facts_of), before, "what is held stays as it is");
    check_sound(&received, held);
    if is_clean {
        let expected = read_naively(&parts, held, is_incremental);
        check(&received, expected, damages == 0);
    }
}

/// A zone, and up to three later versions.
fn versions(draw: &mut Draw<'_>, bare: &Zone) -> Vec<Zone> {
    let mut versions = vec![change(draw, bare, 1)];
    for _ in 0..draw.below(4) {
        let step = draw.pick(&[1, 1, 9, 0x1fff_ffff]);
        let next = change(draw, &versions[versions.len() - 1], step);
        versions.push(next);
    }
    versions
}

fn change(draw: &mut Draw<'_>, zone: &Zone, step: u32) -> Zone {
    let serial = Serial::new(zone.serial().number().wrapping_add(step));
    let mut changes: Vec<_> = (0..draw.below(6))
        .map(|_| world::rrset_change(draw, zone.origin()))
        .collect();
    changes.push(zone.serial_change(serial));
    zone.with_rrsets(&changes).expect("changes of the zone")
}

fn sent(fact: Fact) -> Sent {
    Sent {
        fact,
        class: Class::IN,
    }
}

fn whole(zone: &Zone) -> Vec<Sent> {
    let (soa, rest): (Vec<_>, Vec<_>) = facts_of(zone).into_iter().partition(Fact::is_soa);
    [soa.clone(), rest, soa]
        .concat()
        .into_iter()
        .map(sent)
        .collect()
}

fn differences(versions: &[Zone]) -> Vec<Sent> {
    let soa = facts_of(&versions[versions.len() - 1]).into_iter();
    let last: Vec<_> = soa.filter(Fact::is_soa).map(sent).collect();
    let mut records = last.clone();
    for pair in versions.windows(2) {
        let difference = Difference::between(&pair[0], &pair[1]);
        let both = difference.deleted().chain(difference.added());
        records.extend(both.map(|record| sent(of(&record))));
    }
    [records, last].concat()
}

/// One thing that a server may do wrong.
fn damage(draw: &mut Draw<'_>, records: &mut Vec<Sent>) {
    if records.is_empty() {
        return;
    }
    let (at, other) = (draw.below(records.len()), draw.below(records.len()));
    match draw.below(8) {
        0 => drop(records.remove(at)),
        1 => records.insert(other, records[at].clone()),
        2 => records.swap(at, other),
        3 => records.truncate(at),
        4 => records[at].class = Class::CH,
        5 => records[at].fact.ttl = draw.ttl(),
        6 => {
            let origin = world::name("example.");
            let rtype = draw.rtype();
            let rdata = draw.rdata(rtype, origin.as_name());
            let owner = draw.pick(&["example.", "a.example.", "elsewhere.", "."]);
            records.insert(
                at,
                sent(Fact {
                    owner: world::name(owner),
                    rtype: rtype.number(),
                    ttl: draw.ttl(),
                    rdata,
                }),
            );
        }
        _ => {
            let step = draw.pick(&[1, 0x7fff_ffff, 0xffff_ffff]);
            renumber(&mut records[at].fact, step);
        }
    }
}

/// Another serial, if it is a SOA record.
fn renumber(fact: &mut Fact, step: u32) {
    if fact.is_soa() {
        let at = fact.rdata.len() - 20;
        let number = serial_of(fact).number().wrapping_add(step).to_be_bytes();
        fact.rdata[at..at + 4].copy_from_slice(&number);
    }
}

fn serial_of(fact: &Fact) -> Serial {
    let octets = fact.rdata[fact.rdata.len() - 20..].first_chunk();
    Serial::new(u32::from_be_bytes(*octets.expect("a serial")))
}

/// The records of each message; none is without any.
fn cut(draw: &mut Draw<'_>, records: &[Sent]) -> Vec<Vec<Sent>> {
    let mut parts: Vec<Vec<Sent>> = Vec::new();
    for record in records {
        match parts.last_mut() {
            Some(part) if !draw.one_in(5) => part.push(record.clone()),
            _ => parts.push(vec![record.clone()]),
        }
    }
    parts
}

fn message(part: &[Sent], is_incremental: bool, has_question: bool) -> Vec<u8> {
    let count = u16::try_from(part.len()).expect("a message's records");
    let mut octets = [ID.to_be_bytes(), [0x84, 0], [0, u8::from(has_question)]].concat();
    octets.extend(count.to_be_bytes());
    octets.extend([0; 4]);
    let origin = world::name("example.");
    if has_question {
        octets.extend(origin.as_name().octets());
        octets.extend([0, if is_incremental { 251 } else { 252 }, 0, 1]);
    }
    for record in part {
        let owner = record.fact.owner.as_name().octets();
        match owner.strip_suffix(origin.as_name().octets()) {
            Some(labels) if has_question => {
                octets.extend(labels);
                octets.extend([0xc0, 12]);
            }
            _ => octets.extend(owner),
        }
        octets.extend(record.fact.rtype.to_be_bytes());
        octets.extend(record.class.number().to_be_bytes());
        octets.extend(record.fact.ttl.to_be_bytes());
        let length = u16::try_from(record.fact.rdata.len()).expect("rdata");
        octets.extend(length.to_be_bytes());
        octets.extend(&record.fact.rdata);
    }
    octets
}

/// What a network or a liar does to messages. False: nothing.
fn scramble(draw: &mut Draw<'_>, messages: &mut Vec<Vec<u8>>) -> bool {
    if messages.is_empty() {
        return false;
    }
    let (at, other) = (draw.below(messages.len()), draw.below(messages.len()));
    let octet = draw.below(messages[at].len());
    match draw.below(5) {
        0 => messages[at][octet] ^= 1 << draw.below(8),
        1 => messages[at].truncate(octet),
        2 => messages.swap(at, other),
        3 => drop(messages.remove(at)),
        _ => messages[at] = draw.octets(300),
    }
    true
}

/// As a client does: up to the last message or the first fault.
fn receive(
    held: Option<&Zone>,
    is_incremental: bool,
    messages: &[Vec<u8>],
) -> Result<Received, IncomingError> {
    let origin = world::name("example.");
    let mut incoming = match held {
        Some(held) if is_incremental => Incoming::differences(held.clone(), ID, LIMIT),
        _ => Incoming::whole(origin.as_name(), ID, held.cloned(), LIMIT),
    };
    for message in messages {
        match incoming.feed(message) {
            Ok(Progress::Done) => return incoming.finish(),
            Ok(Progress::More) => {}
            Err(error) => {
                assert!(
                    incoming.feed(message).is_err(),
                    "nothing comes of it any more"
                );
                assert!(incoming.finish().is_err());
                return Err(error);
            }
        }
    }
    incoming.finish()
}

/// Whatever was sent: a version that is taken is newer, and a zone.
fn check_sound(received: &Result<Received, IncomingError>, held: Option<&Zone>) {
    if let Ok(Received::Newer(loaded)) = received {
        let zone = &loaded.zone;
        assert_eq!(zone.origin(), world::name("example.").as_name());
        assert!(held.is_none_or(|held| zone.serial().is_newer_than(held.serial())));
        assert!(zone.apex().rrset(Rtype::NS).is_some());
    }
}

/// None: what is held is current.
fn check(
    received: &Result<Received, IncomingError>,
    expected: Result<Option<Sets>, Senseless>,
    is_undamaged: bool,
) {
    match (received, expected) {
        (Ok(Received::Current), Ok(None)) => {}
        (Ok(Received::Newer(loaded)), Ok(Some(sets))) => assert_eq!(sets_of(&loaded.zone), sets),
        // The rules of a zone are no business of the naive reader.
        (Err(error), Ok(Some(_))) => assert_eq!(error.code(), "transfer.zone", "{error}"),
        (Err(error), Err(Senseless)) => assert!(!is_undamaged, "{error}"),
        (received, expected) => panic!("{received:?}, but {expected:?}"),
    }
}

fn sets_of(zone: &Zone) -> Sets {
    let mut sets = Sets::new();
    for fact in facts_of(zone) {
        add(&mut sets, fact);
    }
    sets
}

/// Of several TTLs the lowest counts (RFC 2181 section 5.2). Was it new?
fn add(sets: &mut Sets, fact: Fact) -> bool {
    let set = sets.entry((fact.owner, fact.rtype)).or_default();
    set.0 = if set.1.is_empty() {
        fact.ttl
    } else {
        set.0.min(fact.ttl)
    };
    set.1.insert(fact.rdata)
}

/// What the records say, one after the other (RFC 1995 section 4, RFC 5936 section 2.2).
fn read_naively(
    parts: &[Vec<Sent>],
    held: Option<&Zone>,
    is_incremental: bool,
) -> Result<Option<Sets>, Senseless> {
    let ends = |part: &[Sent], at: usize| at + 1 == part.len();
    let records = parts.iter().flat_map(|part| {
        part.iter()
            .enumerate()
            .map(move |(at, it)| (it, ends(part, at)))
    });
    let mut reader = Reader::new(held, is_incremental);
    for (record, is_last) in records {
        match reader.take(record)? {
            State::Current => return Ok(None),
            State::Done if is_last => {
                let mut sets = reader.sets;
                sets.retain(|_, set| !set.1.is_empty());
                return Ok(Some(sets));
            }
            State::Done => return Err(Senseless),
            state => reader.state = state,
        }
    }
    Err(Senseless)
}

#[derive(Clone, Copy)]
enum State {
    First,
    Second,
    Whole,
    Deleting(Serial),
    Adding(Serial),
    Current,
    Done,
}

struct Reader<'z> {
    held: Option<&'z Zone>,
    is_incremental: bool,
    state: State,
    offered: Serial,
    sets: Sets,
}

impl<'z> Reader<'z> {
    fn new(held: Option<&'z Zone>, is_incremental: bool) -> Self {
        Reader {
            held,
            is_incremental,
            state: State::First,
            offered: Serial::new(0),
            sets: Sets::new(),
        }
    }

    fn take(&mut self, record: &Sent) -> Result<State, Senseless> {
        let fact = record.fact.clone();
        let origin = world::name("example.");
        let is_inside = fact.owner.as_name().is_at_or_below(origin.as_name());
        if record.class != Class::IN || !is_inside {
            return Err(Senseless);
        }
        let soa = fact.is_soa().then(|| serial_of(&fact));
        match (self.state, soa) {
            (State::First, Some(serial)) => self.begin(serial, fact),
            (State::Second, Some(serial))
                if self.is_incremental && self.held.map(Zone::serial) == Some(serial) =>
            {
                self.sets = self.held.map(sets_of).unwrap_or_default();
                Ok(State::Deleting(serial))
            }
            (State::Second | State::Whole, Some(serial)) => {
                let is_end = serial == self.offered;
                is_end.then_some(State::Done).ok_or(Senseless)
            }
            (State::Second | State::Whole, None) => {
                add(&mut self.sets, fact);
                Ok(State::Whole)
            }
            (State::Deleting(from), Some(to)) => {
                self.sets.remove(&(fact.owner, fact.rtype));
                add(&mut self.sets, fact);
                to.is_newer_than(from)
                    .then_some(State::Adding(to))
                    .ok_or(Senseless)
            }
            (State::Deleting(from), None) => {
                let set = self.sets.entry((fact.owner, fact.rtype)).or_default();
                let was_there = set.1.remove(&fact.rdata);
                was_there.then_some(State::Deleting(from)).ok_or(Senseless)
            }
            (State::Adding(to), Some(serial)) if serial != to => Err(Senseless),
            (State::Adding(_), Some(serial)) if serial == self.offered => Ok(State::Done),
            (State::Adding(_), Some(serial)) => Ok(State::Deleting(serial)),
            (State::Adding(to), None) => {
                let is_new = add(&mut self.sets, fact);
                is_new.then_some(State::Adding(to)).ok_or(Senseless)
            }
            (State::First, None) | (State::Current | State::Done, _) => Err(Senseless),
        }
    }

    fn begin(&mut self, serial: Serial, fact: Fact) -> Result<State, Senseless> {
        self.offered = serial;
        add(&mut self.sets, fact);
        match self.held.map(|held| serial.relation_to(held.serial())) {
            None | Some(SerialRelation::Newer) => Ok(State::Second),
            Some(SerialRelation::Equal) => Ok(State::Current),
            Some(SerialRelation::Older | SerialRelation::Undefined) => Err(Senseless),
        }
    }
}
