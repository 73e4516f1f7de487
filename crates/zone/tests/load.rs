//! Master files: what reads, what is refused, where and why.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use understudy_wire::{Name, NameBuf, Rtype};
use understudy_zone::{LoadError, Loaded, Problem, Severity, Zone};

const HEAD: &str = "\
$TTL 1h
@ SOA ns hostmaster 1 2 3 4 5
@ NS ns
ns A 192.0.2.1
";

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn read(text: &str) -> Result<Loaded, Vec<Problem>> {
    match Zone::parse(text.as_bytes(), "test.zone", name("example.").as_name()) {
        Ok(loaded) => Ok(loaded),
        Err(LoadError::Problems(problems)) => Err(problems),
        Err(error) => panic!("{error}"),
    }
}

/// The zone of a good file with these lines added.
fn good(lines: &str) -> Loaded {
    read(&format!("{HEAD}{lines}")).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The problems as `line:column code`.
fn places(problems: &[Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|p| format!("{}:{} {}", p.line, p.column, p.code))
        .collect()
}

fn errors(lines: &str) -> Vec<String> {
    match read(&format!("{HEAD}{lines}")) {
        Ok(_) => Vec::new(),
        Err(problems) => places(&problems),
    }
}

fn warnings(lines: &str) -> Vec<String> {
    places(&good(lines).warnings)
}

fn rdatas(zone: &Zone, owner: &str, rtype: Rtype) -> Vec<Vec<u8>> {
    let node = zone
        .node(name(owner).as_name())
        .unwrap_or_else(|| panic!("no {owner}"));
    node.rrset(rtype)
        .unwrap()
        .rdatas()
        .map(<[u8]>::to_vec)
        .collect()
}

fn ttl(zone: &Zone, owner: &str, rtype: Rtype) -> u32 {
    zone.node(name(owner).as_name())
        .unwrap()
        .rrset(rtype)
        .unwrap()
        .ttl
}

#[test]
fn the_zone_of_rfc_1035_section_5_3_reads() {
    let text = "\
@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        NS      VAXA
        MX      10      VENERA
        MX      20      VAXA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32

VAXA    A       10.2.0.27
        A       128.9.0.33";
    let loaded = Zone::parse(text.as_bytes(), "isi", name("ISI.EDU").as_name()).unwrap();
    let zone = loaded.zone;
    assert_eq!((zone.serial().number(), zone.negative_ttl()), (20, 60));
    assert_eq!((zone.record_count(), zone.name_count()), (11, 4));
    assert_eq!(
        rdatas(&zone, "venera.isi.edu", Rtype::A),
        [[10, 1, 0, 52], [128, 9, 0, 32]]
    );
    assert_eq!(ttl(&zone, "vaxa.isi.edu", Rtype::A), 60);
    assert_eq!(loaded.files, ["isi"]);
    assert_eq!(loaded.warnings, []);
}

#[test]
fn ttl_class_and_type_come_in_any_order_that_the_rfc_allows() {
    let zone = good(
        "a 60 IN A 192.0.2.1\nb IN 61 A 192.0.2.1\nc 62 A 192.0.2.1\nd IN A 192.0.2.1\n\
         e a 192.0.2.1\nf 1m in a 192.0.2.1\ng CLASS1 1h30m TYPE1 \\# 4 c0000201\n",
    )
    .zone;
    for (owner, seconds) in [
        ("a", 60),
        ("b", 61),
        ("c", 62),
        ("d", 3600),
        ("e", 3600),
        ("f", 60),
        ("g", 5400),
    ] {
        assert_eq!(
            ttl(&zone, &format!("{owner}.example"), Rtype::A),
            seconds,
            "{owner}"
        );
        assert_eq!(
            rdatas(&zone, &format!("{owner}.example"), Rtype::A),
            [[192, 0, 2, 1]]
        );
    }
}

/// RFC 2308 section 4, for files without `$TTL`; then RFC 1035 section 5.1.
#[test]
fn without_a_default_the_last_ttl_holds() {
    let text = "@ 300 SOA ns hostmaster 1 2 3 4 5\n NS ns\nns A 192.0.2.1\na 7 A 192.0.2.1\nb A 192.0.2.2\n";
    let zone = read(text).unwrap().zone;
    assert_eq!(ttl(&zone, "ns.example", Rtype::A), 300);
    assert_eq!(ttl(&zone, "b.example", Rtype::A), 7);
    let before = read("ns A 192.0.2.1\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n").unwrap_err();
    assert_eq!(places(&before), ["1:4 zone.ttl.missing"]);
}

#[test]
fn carriage_returns_and_a_missing_last_line_end_do_no_harm() {
    let text = format!("{HEAD}a A 192.0.2.9").replace('\n', "\r\n");
    assert_eq!(
        rdatas(&read(&text).unwrap().zone, "a.example", Rtype::A),
        [[192, 0, 2, 9]]
    );
}

/// RFC 1035 section 5.1.
#[test]
fn origin_and_relative_names() {
    let zone = good(
        "$ORIGIN sub\nwww A 192.0.2.1\n$ORIGIN deep\n@ A 192.0.2.2\n$ORIGIN .\nx.example A 192.0.2.3\n",
    )
    .zone;
    assert_eq!(rdatas(&zone, "www.sub.example", Rtype::A), [[192, 0, 2, 1]]);
    assert_eq!(
        rdatas(&zone, "deep.sub.example", Rtype::A),
        [[192, 0, 2, 2]]
    );
    assert_eq!(rdatas(&zone, "x.example", Rtype::A), [[192, 0, 2, 3]]);
}

#[test]
fn generate_makes_a_line_for_each_number() {
    let zone = good(
        "$GENERATE 1-3 host-$ A 192.0.2.$\n$GENERATE 8-10/2 h${-8,2} 60 IN CNAME host-${0,3,x}\n",
    )
    .zone;
    assert_eq!(rdatas(&zone, "host-3.example", Rtype::A), [[192, 0, 2, 3]]);
    assert_eq!(
        rdatas(&zone, "h02.example", Rtype::CNAME),
        [b"\x08host-00a\x07example\0"]
    );
    assert_eq!(zone.record_count(), 3 + 3 + 2);
    assert_eq!(
        errors("$GENERATE 1-300 h$ A 192.0.2.$\n"),
        ["5:1 zone.rdata.address"]
    );
    assert_eq!(
        errors("$GENERATE 3-1 h$ A 192.0.2.$\n"),
        ["5:11 zone.generate"]
    );
    assert_eq!(
        errors("$GENERATE 1-3 h${q} A 192.0.2.$\n"),
        ["5:16 zone.generate"]
    );
}

/// A folder of its own, removed at the end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("understudy-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(folder.0.join("parts")).unwrap();
        folder
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).unwrap();
    }

    /// Load `main.zone`; also what was told about progress.
    fn load(&self) -> (Result<Loaded, LoadError>, Vec<(u64, u64)>) {
        let mut told = Vec::new();
        let main = self.0.join("main.zone");
        let loaded = Zone::load(&main, name("example.").as_name(), &mut |read, all| {
            told.push((read, all));
        });
        (loaded, told)
    }

    fn problems(&self) -> Vec<Problem> {
        match self.load() {
            (Err(LoadError::Problems(problems)), _) => problems,
            _ => panic!("it has errors"),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn included_files_have_their_own_origin_and_are_relative_to_their_includer() {
    let folder = Folder::new("include");
    let include = "a A 192.0.2.7\n$INCLUDE parts/one.zone sub\n AAAA 2001:db8::1\n";
    folder.write("main.zone", &format!("{HEAD}{include}"));
    folder.write("parts/one.zone", "b A 192.0.2.8\n$INCLUDE \"two.zone\"\n");
    folder.write("parts/two.zone", "c A 192.0.2.9\n");
    let (loaded, told) = folder.load();
    let loaded = loaded.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.files.len(), 3);
    assert_eq!(
        rdatas(&loaded.zone, "b.sub.example", Rtype::A),
        [[192, 0, 2, 8]]
    );
    assert_eq!(
        rdatas(&loaded.zone, "c.sub.example", Rtype::A),
        [[192, 0, 2, 9]]
    );
    assert_eq!(rdatas(&loaded.zone, "a.example", Rtype::AAAA).len(), 1);
    assert!(
        told.last()
            .is_some_and(|(read, all)| read == all && *all > 0),
        "{told:?}"
    );
}

#[test]
fn faults_of_inclusion_are_at_their_line_and_do_not_end_the_reading() {
    let folder = Folder::new("loop");
    let include = "$INCLUDE parts/one.zone\n$INCLUDE missing\nd A bad\n";
    folder.write("main.zone", &format!("{HEAD}{include}"));
    folder.write("parts/one.zone", "$INCLUDE two.zone\n");
    folder.write(
        "parts/two.zone",
        "c A 192.0.2.300\n$INCLUDE one.zone\n$INCLUDE ../main.zone\n",
    );
    let problems = folder.problems();
    let file = |p: &Problem| p.file.rsplit('/').next().unwrap().to_owned();
    let place = |(p, at): (&Problem, String)| format!("{}:{at}", file(p));
    let found = problems.iter().zip(places(&problems)).map(place);
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            "main.zone:6:10 zone.include.unreadable",
            "main.zone:7:5 zone.rdata.address",
            "two.zone:1:5 zone.rdata.address",
            "two.zone:2:10 zone.include.loop",
            "two.zone:3:10 zone.include.loop",
        ]
    );
}

#[test]
fn a_fault_is_told_once_however_often_its_file_is_included() {
    let folder = Folder::new("again");
    let again = "$INCLUDE shared sub\n".repeat(60);
    folder.write("main.zone", &format!("{HEAD}{again}d A bad\n"));
    folder.write("shared", "e A 192.0.2.300\nf A 192.0.2.7\nf A 192.0.2.7\n");
    let problems = folder.problems();
    assert_eq!(
        places(&problems),
        [
            "65:5 zone.rdata.address",
            "1:5 zone.rdata.address",
            "2:3 zone.record.duplicate",
            "3:3 zone.record.duplicate",
        ]
    );
}

#[test]
fn files_that_double_at_every_level_come_to_an_end() {
    let folder = Folder::new("double");
    folder.write("main.zone", &format!("{HEAD}$INCLUDE parts/0\n"));
    for level in 0..20 {
        folder.write(
            &format!("parts/{level}"),
            &format!("$INCLUDE {0}\n$INCLUDE {0}\n", level + 1),
        );
    }
    folder.write("parts/20", "");
    let problems = folder.problems();
    assert!(
        problems
            .iter()
            .any(|problem| problem.code == "zone.include.loop")
    );
}

#[test]
fn a_file_that_is_not_there_is_no_problem_of_a_line() {
    let (loaded, _) = Folder::new("missing").load();
    assert!(matches!(loaded, Err(LoadError::Unreadable(_))));
}

#[test]
fn every_fault_is_found_at_once_with_its_place() {
    let found = errors(
        "a A 192.0.2.256\n\
         b AAAA 192.0.2.1\n\
         c MX ten mail\n\
         d NOSUCH data\n\
         e A\n\
         f A 192.0.2.1 192.0.2.2\n\
         g CH TXT x\n\
         h 4294967296 A 192.0.2.1\n\
         i..j A 192.0.2.1\n\
         k TXT \"open\n\
         l ANY 1\n\
         $NOSUCH x\n\
         m TYPE65280 abc\n\
         n TXT \\300\n\
         o A \\# 3 c00002\n\
         p A )\n\
         good A 192.0.2.1\n\
         q A ( 192.0.2.1\n",
    );
    assert_eq!(
        found,
        [
            "5:5 zone.rdata.address",
            "6:8 zone.rdata.address",
            "7:6 zone.rdata.number",
            "8:3 zone.type.unknown",
            "9:4 zone.rdata.missing",
            "10:15 zone.rdata.surplus",
            "11:3 zone.class",
            "12:3 zone.ttl",
            "13:3 zone.name",
            "14:7 zone.syntax.quote",
            "15:3 zone.type.meta",
            "16:1 zone.directive",
            "17:13 zone.rdata.generic",
            "18:7 zone.syntax.escape",
            "19:5 zone.rdata.generic",
            "20:5 zone.syntax.parenthesis",
            "22:5 zone.syntax.parenthesis",
        ]
    );
}

#[test]
fn problems_are_capped_and_say_so() {
    let last = |problems: &[Problem]| {
        assert_eq!(problems.len(), 51);
        let last = problems.last().unwrap();
        assert_eq!(
            (last.line, last.column, last.code),
            (1, 1, "zone.problems.many")
        );
        (last.severity, last.message.clone())
    };
    let bad = |lines: &str| last(&read(&format!("{HEAD}{lines}")).unwrap_err());

    assert_eq!(errors(&"x A bad\n".repeat(50)).len(), 50);
    assert_eq!(
        bad(&"x A bad\n".repeat(51)),
        (
            Severity::Error,
            "and 1 more error (mend these first)".to_owned()
        )
    );
    assert_eq!(
        bad(&"x A bad\n".repeat(346)).1,
        "and 296 more errors (mend these first)"
    );
    assert!(
        bad(&"x A bad\n".repeat(5000))
            .1
            .starts_with("and 950 more errors, and reading stopped")
    );
    assert_eq!(
        last(&good(&"x A 192.0.2.1\n".repeat(101)).warnings),
        (
            Severity::Warning,
            "and 50 more warnings (mend these first)".to_owned()
        )
    );
}

#[test]
fn errors_and_warnings_are_told_apart() {
    let problems = read(&format!("{HEAD}x A bad\na A 192.0.2.1\na A 192.0.2.1\n")).unwrap_err();
    let severities: Vec<_> = problems.iter().map(|problem| problem.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Warning]);
}

#[test]
fn messages_have_nothing_that_a_terminal_obeys() {
    for lines in [
        "x \x1b[31mRED y\n",
        "\x1b]0;x\x07.. A 192.0.2.1\n",
        "x A \x1b[0m\n",
        "x A 192.0.2.1 \x1b[0m\n",
        "x \u{202e}\u{9b}31m A 192.0.2.1\n",
        "x DS 1 8 2 \x1b\n",
        "$\x1bORIGIN x\n",
        "$TTL \x1b\n",
        "$INCLUDE \x1b[31m/no/such/file\n",
        "$GENERATE 1-2 \x1b$ A 192.0.2.1 \x1b\n",
        "x CAA 0 \x1b \x1b\n",
        "x SVCB 1 . \x1b=\x1b\n",
        "x LOC \x1b\n",
        "x WKS 192.0.2.1 \x1b \x1b\n",
        "x RRSIG \x1b 8 2 1 \x1b \x1b 1 a \x1b\n",
        "x NSEC a. \x1b\n",
        "x APL \x1b\n",
        "x NSAP \x1b\n",
    ] {
        let problems = read(&format!("{HEAD}{lines}")).unwrap_err();
        for problem in problems {
            let is_plain = problem
                .message
                .bytes()
                .all(|octet| matches!(octet, b' '..=b'~'));
            assert!(is_plain, "{lines:?}: {:?}", problem.message);
        }
    }
}

/// RFC 1035 section 5.2.
#[test]
fn rules_of_the_apex() {
    let whole = |text: &str| places(&read(text).unwrap_err());
    assert_eq!(whole(""), ["1:1 zone.soa.missing"]);
    assert_eq!(whole("a 60 A 192.0.2.1\n"), ["1:1 zone.soa.missing"]);
    assert_eq!(whole("@ SOA a. b. 1 2 3 4 5\n"), ["1:3 zone.ns.missing"]);
    assert_eq!(
        errors("@ SOA ns hostmaster 2 2 3 4 5\n"),
        ["2:3 zone.soa.multiple"]
    );
    assert_eq!(
        errors("a SOA ns hostmaster 2 2 3 4 5\n"),
        ["5:3 zone.soa.misplaced"]
    );
    assert_eq!(errors("@ CNAME x\n"), ["5:3 zone.cname.other"]);
}

/// RFC 2181 section 10.1, RFC 6672 section 2.4.
#[test]
fn rules_of_aliases() {
    for (lines, expected) in [
        ("a CNAME b\na A 192.0.2.1\n", "5:3 zone.cname.other"),
        (
            "a CNAME b\na NSEC3 1 0 0 - 00000000000000000000000000000000 A\n",
            "5:3 zone.cname.other",
        ),
        ("a CNAME b\na CNAME c\n", "5:3 zone.cname.multiple"),
        ("a DNAME b\na DNAME c\n", "5:3 zone.dname.multiple"),
        ("a DNAME b\nx.a A 192.0.2.1\n", "6:5 zone.dname.below"),
    ] {
        assert_eq!(errors(lines), [expected], "{lines}");
    }
    assert_eq!(
        errors("a DNAME b\na NS ns\n"),
        ["5:3 zone.dname.delegation", "5:3 zone.occluded"]
    );
    assert_eq!(errors("a DNAME b\na A 192.0.2.1\n"), [""; 0]);
    assert_eq!(errors("a CNAME b\na NSEC b CNAME NSEC\n"), [""; 0]);
}

/// RFC 2181 section 10.3, RFC 4592 sections 4.2 and 4.4, RFC 4035 section 2.2.
#[test]
fn oddities_are_warnings() {
    for (lines, expected) in [
        ("a.test. A 192.0.2.1\n", "5:1 zone.owner.outside"),
        (
            "a A 192.0.2.1\na A 192.0.2.1\n",
            "6:3 zone.record.duplicate",
        ),
        (
            "a MX 1 M.example.\na MX 1 m\nm A 192.0.2.1\n",
            "6:3 zone.record.duplicate",
        ),
        (
            "a 60 A 192.0.2.1\na 61 A 192.0.2.2\n",
            "6:3 zone.ttl.differs",
        ),
        ("a MX 1 b\nb CNAME ns\n", "5:3 zone.target.alias"),
        ("a SRV 1 2 3 b\nb CNAME ns\n", "5:3 zone.target.alias"),
        ("@ NS b\nb CNAME ns\n", "5:3 zone.target.alias"),
        ("@ NS b\n", "5:3 zone.ns.address"),
        ("a NS b\n", "5:3 zone.ns.address"),
        ("a NS b.a\n", "5:3 zone.ns.glue"),
        ("a NS ns\nb.a TXT x\n", "6:5 zone.occluded"),
        ("a NS ns\na TXT x\n", "6:3 zone.occluded"),
        ("@ DS 1 8 2 00\n", "5:3 zone.ds.apex"),
        ("a DS 1 8 2 00\n", "5:3 zone.ds.stray"),
        ("*.a NS ns\n", "5:5 zone.wildcard.odd"),
        ("*.a DNAME b\n", "5:5 zone.wildcard.odd"),
    ] {
        assert_eq!(warnings(lines), [expected], "{lines}");
    }
    for lines in [
        "a NS b.a\nb.a A 192.0.2.1\n",
        "a NS x.b\nb NS x.b\nx.b AAAA ::1\n",
        "a MX 0 .\n",
    ] {
        assert_eq!(warnings(lines), [""; 0], "{lines}");
    }
}

/// RFC 2181 sections 5 and 5.2.
#[test]
fn lowest_ttl_and_one_copy_are_kept() {
    let zone = good("a 60 A 192.0.2.2\na 30 A 192.0.2.1\na 90 A 192.0.2.2\n").zone;
    assert_eq!(
        rdatas(&zone, "a.example", Rtype::A),
        [[192, 0, 2, 1], [192, 0, 2, 2]]
    );
    assert_eq!(ttl(&zone, "a.example", Rtype::A), 30);
}

#[test]
fn records_beside_the_zone_do_not_hide_the_next_owner() {
    let loaded = good("a.test. A 192.0.2.1\n A 192.0.2.2\nb A 192.0.2.3\n");
    assert_eq!(loaded.zone.record_count(), 4);
    assert_eq!(loaded.warnings.len(), 1);
}

#[test]
fn the_root_zone_reads_too() {
    let text = ". 60 SOA a. b. 1 2 3 4 5\n. NS a.\na A 192.0.2.1\ncom NS a.\n";
    let zone = Zone::parse(text.as_bytes(), "root", Name::ROOT)
        .unwrap()
        .zone;
    assert_eq!(
        zone.delegation_above(name("www.example.com").as_name()),
        Some(name("com"))
    );
    assert_eq!(zone.name_count(), 3);
}

#[test]
fn a_record_is_located_whatever_the_case_of_its_zone() {
    let folder = Folder::new("locate");
    folder.write("main.zone", &format!("{HEAD}$INCLUDE parts/one.zone\n"));
    folder.write("parts/one.zone", "\nWww A 192.0.2.8\n");
    let locate = |owner: &str, rtype| {
        let main = folder.0.join("main.zone");
        Zone::locate(
            &main,
            name("EXAMPLE.").as_name(),
            name(owner).as_name(),
            rtype,
        )
    };
    let (file, line) = locate("www.example", Rtype::A).unwrap();
    assert_eq!((file.ends_with("parts/one.zone"), line), (true, 2));
    assert_eq!(locate("www.example", Rtype::AAAA), None);
    assert_eq!(locate("www.test", Rtype::A), None);
}

#[test]
fn a_record_without_octets_at_the_apex_takes_nothing_from_the_name_behind_it() {
    let zone = good("@ TYPE65280 \\# 0\na A 192.0.2.2\n").zone;
    assert_eq!(rdatas(&zone, "example.", Rtype::new(65280)), [[0_u8; 0]]);
    assert_eq!(rdatas(&zone, "a.example.", Rtype::A), [[192, 0, 2, 2]]);
}
