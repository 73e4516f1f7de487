//! What is written reads back, and what is read never ends the process.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use understudy_wire::{NameBuf, Rtype};
use understudy_zone::{Kind, LoadError, RRsetChange, Selector, SteeredChange, SteeredSet, Zone};

fn origin(text: &str) -> NameBuf {
    text.parse().unwrap()
}

/// Everything in a zone as values: owner, type, TTL, rdatas.
fn contents(zone: &Zone) -> Vec<(NameBuf, Rtype, u32, Vec<Vec<u8>>)> {
    zone.nodes()
        .flat_map(|(name, node)| {
            node.rrsets().map(move |set| {
                (
                    name,
                    set.rtype,
                    set.ttl,
                    set.rdatas().map(<[u8]>::to_vec).collect(),
                )
            })
        })
        .collect()
}

fn base(origin: &NameBuf) -> Zone {
    let text = "@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\n";
    Zone::parse(text.as_bytes(), "base", origin.as_name())
        .unwrap()
        .zone
}

/// A name of labels of any octets.
fn random_name(random: &mut fastrand::Rng, origin: &NameBuf) -> NameBuf {
    let mut name = *origin;
    for _ in 0..random.usize(0..4) {
        let label: Vec<u8> = (0..random.usize(1..12)).map(|_| random.u8(..)).collect();
        name = NameBuf::child(&label, name.as_name()).unwrap();
    }
    name
}

fn random_change(random: &mut fastrand::Rng, origin: &NameBuf) -> RRsetChange {
    let owner = random_name(random, origin);
    let (rtype, mut rdatas): (Rtype, Vec<Vec<u8>>) = match random.u8(0..4) {
        0 => (
            Rtype::A,
            (0..3)
                .map(|_| random.u32(..).to_be_bytes().to_vec())
                .collect(),
        ),
        1 => {
            let target = random_name(random, origin);
            (
                Rtype::MX,
                vec![[&[0, 9][..], target.as_name().octets()].concat()],
            )
        }
        2 => {
            let text: Vec<u8> = (0..random.u8(..)).map(|_| random.u8(..)).collect();
            let length = u8::try_from(text.len()).unwrap();
            (Rtype::TXT, vec![[&[length][..], &text].concat()])
        }
        _ => (
            Rtype::new(65_280),
            vec![(0..random.u8(..)).map(|_| random.u8(..)).collect()],
        ),
    };
    rdatas.truncate(random.usize(1..4));
    RRsetChange::Set(owner, rtype, random.u32(0..0x7fff_ffff), rdatas)
}

/// RFC 3597 section 5: what not every reader knows by its name, all know by its number.
#[test]
fn what_other_servers_do_not_read_is_written_so_that_they_do() {
    let origin = origin("ex!ample.");
    let text = "@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\n\
        x!y MX 10 a=b\nx!y A6 128 c'd.\nx!y NSEC a. A CLA\n";
    let zone = Zone::parse(text.as_bytes(), "odd", origin.as_name())
        .unwrap()
        .zone;
    let written = zone.to_master_file();
    let records = written.lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.join(" ")
    });
    let records: Vec<_> = records.collect();
    for expected in [
        r"$ORIGIN ex\033ample.",
        r"x\033y 60 IN MX 10 a\061b.ex\033ample.",
        r"x\033y 60 IN TYPE38 \# 6 800363276400 ; A6 128 c\039d.",
        r"x\033y 60 IN NSEC a. A TYPE263",
    ] {
        assert!(records.iter().any(|it| it == expected), "{written}");
    }
}

#[test]
fn a_written_zone_reads_back_as_itself() {
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let origin = origin(["example.", ".", r"a\.b.\007."][random.usize(0..3)]);
        let changes: Vec<_> = (0..40)
            .map(|_| random_change(&mut random, &origin))
            .collect();
        let zone = base(&origin).with_rrsets(&changes).unwrap();
        let text = zone.to_master_file();
        let again = Zone::parse(text.as_bytes(), "export", origin.as_name())
            .unwrap_or_else(|error| panic!("{error}{text}"));
        assert_eq!(contents(&again.zone), contents(&zone), "{text}");
        assert_eq!(again.zone.to_master_file(), text);
        assert_eq!(again.zone.record_count(), zone.record_count());
    }
}

#[test]
fn the_soa_comes_first_and_steered_sets_are_not_written() {
    let set = SteeredSet {
        rtype: Rtype::A,
        kind: Kind::Nodata,
        ttl: 30,
        due_ns: None,
        selector: Selector::One,
        variants: Vec::new(),
    };
    let origin = origin("example.");
    let zone = base(&origin);
    let steered = zone
        .with_steered(&[SteeredChange::Set(origin, set)])
        .unwrap();
    assert_eq!(steered.to_master_file(), zone.to_master_file());
    assert_eq!(
        zone.to_master_file(),
        "$ORIGIN example.\n\
         @                       60      IN SOA     a. b. 1 2 3 4 5\n\
         @                       60      IN NS      a.\n"
    );
}

/// A file with something of everything.
const SAMPLE: &str = "$TTL 1h\n$ORIGIN example.\n\
    @ IN SOA ns hostmaster ( 1 ; serial\n 2h 3 4 5 )\n NS ns\nns 60 A 192.0.2.1\n\
    $GENERATE 1-3/2 h${1,2,x} 60 IN A 192.0.2.$\n\
    *.w TXT \"quo\\\"ted\" plain\\032text\n\
    a HTTPS 1 . alpn=\"h2,h3\" ipv4hint=192.0.2.1\n\
    b LOC 42 21 54 N 71 06 18 W -24m 30m\nc TYPE65280 \\# 3 abcdef\n\
    d NSEC e A RRSIG\ne APL !1:192.0.2.0/24\nf CAA 0 issue \"x\"\n\
    g RRSIG A 5 3 86400 20030322173103 20030220173103 2642 a. AQID\n$INCLUDE nothing x\n";

#[test]
fn mutated_files_are_read_or_refused() {
    const SPICE: &[u8] = b"\\\"();$@.{}\n\r\t \0\xff-/,0129*aZ";
    let mut random = fastrand::Rng::with_seed(5);
    let origin = origin("example.");
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut text = SAMPLE.as_bytes().to_vec();
        text.truncate(SAMPLE.len() - if random.bool() { 19 } else { 0 });
        for _ in 0..random.usize(0..4) {
            let at = random.usize(0..text.len());
            match random.u8(0..4) {
                0 => text[at] = SPICE[random.usize(0..SPICE.len())],
                1 => text.insert(at, SPICE[random.usize(0..SPICE.len())]),
                2 => text.truncate(at.max(1)),
                _ => {
                    let end = (at + random.usize(0..30)).min(text.len());
                    text.extend_from_within(at..end);
                }
            }
        }
        match Zone::parse(&text, "mutated", origin.as_name()) {
            Ok(loaded) => {
                read += 1;
                let lines = text.split(|octet| *octet == b'\n').count();
                let is_inside = |line: u32| usize::try_from(line).unwrap() <= lines;
                assert!(
                    loaded
                        .warnings
                        .iter()
                        .all(|warning| is_inside(warning.line))
                );
                assert_eq!(loaded.zone.apex().rrset(Rtype::SOA).unwrap().count(), 1);
            }
            Err(LoadError::Problems(problems)) => {
                refused += 1;
                assert!(!problems.is_empty());
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} {refused}");
}
