//! Every type's text and octets, read through master files and written back by the export.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use understudy_wire::{NameBuf, Rtype};
use understudy_zone::{LoadError, Zone};

const HEAD: &str = "@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\n";

fn parse(lines: &str) -> Result<Zone, LoadError> {
    let origin: NameBuf = "example.".parse().unwrap();
    let text = format!("{HEAD}{lines}");
    Zone::parse(text.as_bytes(), "test", origin.as_name()).map(|loaded| loaded.zone)
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap()
}

fn hex(octets: &[u8]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 15])
        .map(hex_digit)
        .collect()
}

/// The octets of the only record of this type at `x.example.`
fn octets(zone: &Zone, rtype: Rtype) -> String {
    let owner: NameBuf = "x.example.".parse().unwrap();
    let node = zone
        .node(owner.as_name())
        .unwrap_or_else(|| panic!("{rtype}"));
    hex(node
        .rrset(rtype)
        .unwrap_or_else(|| panic!("{rtype}"))
        .rdatas()
        .next()
        .unwrap())
}

/// Text, its octets, and the text that the export writes (empty: the same as read).
const GOOD: &[(&str, &str, &str, &str)] = &[
    ("A", "192.0.2.1", "c0000201", ""),
    ("NS", "Ns.Other.", "024e73054f7468657200", ""),
    ("MD", "m", "016d076578616d706c6500", "m.example."),
    ("MF", "@", "076578616d706c6500", "example."),
    ("MB", ".", "00", ""),
    ("MG", "a.", "016100", ""),
    ("MR", "a.", "016100", ""),
    ("NULL", r"\# 3 616263", "616263", ""),
    (
        "WKS",
        "192.0.2.1 tcp smtp 80 0",
        "c00002010680000040000000000000 80",
        "192.0.2.1 6 0 25 80",
    ),
    ("PTR", r"a\.b\032c.", "05612e62206300", ""),
    (
        "HINFO",
        "PC \"Free BSD\"",
        "02504308467265652042 5344",
        "\"PC\" \"Free BSD\"",
    ),
    ("MINFO", "a. b.", "016100016200", ""),
    ("MX", "10 a.", "000a016100", ""),
    (
        "TXT",
        r#"a "b;c" "" "\"\\\255""#,
        "016103623b6300 03225cff",
        r#""a" "b;c" "" "\"\\\255""#,
    ),
    ("RP", "a. .", "01610000", ""),
    ("AFSDB", "1 a.", "0001016100", ""),
    (
        "X25",
        "311061700956",
        "0c333131303631373030393536",
        "\"311061700956\"",
    ),
    (
        "ISDN",
        "150862028003217 004",
        "0f31353038363230323830303332313703303034",
        "\"150862028003217\" \"004\"",
    ),
    ("ISDN", "\"1\"", "0131", ""),
    ("RT", "2 a.", "0002016100", ""),
    ("NSAP", "0x47.0005.80.ff", "47000580ff", "0x47000580FF"),
    ("NSAP-PTR", "a.", "016100", ""),
    ("KEY", "49152 3 8", "c0000308", ""),
    (
        "KEY",
        "256 3 RSASHA256 AQAB",
        "01000308010001",
        "256 3 8 AQAB",
    ),
    ("PX", "10 a. b.", "000a016100016200", ""),
    (
        "GPOS",
        "-32.6882 116.8652 10.0",
        "082d33322e36383832083131362e383635320431302e30",
        "\"-32.6882\" \"116.8652\" \"10.0\"",
    ),
    (
        "AAAA",
        "2001:DB8::1",
        "20010db8000000000000000000000001",
        "2001:db8::1",
    ),
    (
        "LOC",
        "42 21 54 N 71 06 18 W -24m 30m",
        "00331613891 72dd070be15f000988d20",
        "42 21 54.000 N 71 6 18.000 W -24.00m 30.00m 10000.00m 10.00m",
    ),
    (
        "LOC",
        "0 N 180 E 0",
        "0012161380000000a69fb20000989680",
        "0 0 0.000 N 180 0 0.000 E 0.00m 1.00m 10000.00m 10.00m",
    ),
    ("NXT", "a. A NXT", "0161004000 0002", "a. A TYPE30"),
    ("EID", "00 aB", "00ab", "00AB"),
    ("NIMLOC", "AB", "ab", ""),
    ("SRV", "1 2 3 a.", "000100020003016100", ""),
    ("ATMA", "+61200000000", "013631323030303030303030", ""),
    ("ATMA", "39.246f.00", "0039246f00", "39246F00"),
    (
        "NAPTR",
        r#"100 10 "u" "sip+E2U" "!^.*$!sip:a@b!" ."#,
        "0064000a0175077369702b4532550e215e2e2a24217369703a6140622100",
        "",
    ),
    ("KX", "1 a.", "0001016100", ""),
    ("CERT", "PGP 0 0 AQID", "0003000000010203", "3 0 0 AQID"),
    (
        "A6",
        "64 ::1:2:3:4 a.",
        "400001000200030004016100",
        "64 ::1:2:3:4 a.",
    ),
    (
        "A6",
        "0 2001:db8::1",
        "0020010db8000000000000000000000001",
        "",
    ),
    ("A6", "128 a.", "80016100", ""),
    ("DNAME", "a.", "016100", ""),
    ("SINK", "1 2 3 AQID", "010203010203", ""),
    (
        "APL",
        "1:192.168.32.0/21 !1:192.168.38.0/28 2:FF00:0:0:0:0:0:0:0/8",
        "00011503c0a82000011c83c0a826000208 01ff",
        "1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8",
    ),
    (
        "DS",
        "60485 5 1 2BB1 83AF",
        "ec4505012bb183af",
        "60485 5 1 2BB183AF",
    ),
    ("SSHFP", "2 1 1234", "02011234", ""),
    ("IPSECKEY", "10 0 2 . AQID", "0a0002010203", ""),
    (
        "IPSECKEY",
        "10 1 2 192.0.2.38 AQID",
        "0a0102c0000226010203",
        "",
    ),
    (
        "IPSECKEY",
        "10 2 2 2001:db8::1 AQID",
        "0a020220010db8000000000000000000000001010203",
        "",
    ),
    ("IPSECKEY", "10 3 0 a.", "0a0300016100", ""),
    (
        "RRSIG",
        "A 5 3 86400 20030322173103 20030220173103 2642 a. AQID",
        "0001050300015180 3e7c9dd7 3e5510d7 0a52 016100 010203",
        "",
    ),
    (
        "NSEC",
        "a. A MX RRSIG NSEC TYPE1234",
        "016100 0006400100000003 041b000000000000000000000000000000000000000000000000000020",
        "",
    ),
    ("DNSKEY", "256 3 5 AQ ID", "01000305010203", "256 3 5 AQID"),
    ("DHCID", "AAIBAQ==", "00020101", ""),
    (
        "NSEC3",
        "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX RRSIG",
        "0101000c04aabbccdd14174eb2409fe28bcb4887a1836f957f0a8425e27b0006000100000002",
        "1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR MX RRSIG",
    ),
    ("NSEC3PARAM", "1 0 0 -", "0100000000", ""),
    ("TLSA", "3 1 1 AB", "030101ab", ""),
    ("SMIMEA", "3 1 1 AB", "030101ab", ""),
    (
        "HIP",
        "2 2001 AQID a. b.",
        "0202000320010102030161000162 00",
        "",
    ),
    ("NINFO", "\"a\"", "0161", ""),
    ("RKEY", "0 1 2 AQID", "00000102010203", ""),
    ("TALINK", "a. b.", "016100016200", ""),
    ("CDS", "0 0 0 00", "0000000000", ""),
    ("CDNSKEY", "0 3 0 AA==", "0000030000", ""),
    ("OPENPGPKEY", "AQID", "010203", ""),
    ("CSYNC", "66 3 A NS AAAA", "0000004200030004600000 08", ""),
    ("ZONEMD", "1 1 1 AB", "000000010101ab", ""),
    ("SVCB", "0 a.", "0000016100", ""),
    (
        "HTTPS",
        "1 . alpn=h2,h3 port=443",
        "0001000001000602683202683300030002 01bb",
        "1 . alpn=\"h2,h3\" port=443",
    ),
    (
        "HTTPS",
        "16 a. mandatory=alpn,ipv4hint alpn=\"f\\\\\\\\oo\\\\,bar,h2\" ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 ech=AQID no-default-alpn key667=\"hello\\210\"",
        "0010016100 0000000400010004 0001000c 08665c6f6f2c626172 026832 00020000 00040008c0000201c0000202 00050003010203 0006001020010db8000000000000000000000001 029b000668656c6c6fd2",
        "16 a. mandatory=alpn,ipv4hint alpn=\"f\\\\\\\\oo\\\\,bar,h2\" no-default-alpn ipv4hint=192.0.2.1,192.0.2.2 ech=AQID ipv6hint=2001:db8::1 key667=\"hello\\210\"",
    ),
    (
        "DSYNC",
        "CDS NOTIFY 5300 a.",
        "003b0114b4016100",
        "CDS 1 5300 a.",
    ),
    ("HHIT", "AQID", "010203", ""),
    ("SPF", "\"v=spf1 -all\"", "0b763d73706631202d616c6c", ""),
    ("NID", "10 0014:4fff:ff20:ee64", "000a00144fffff20ee64", ""),
    ("L32", "10 10.1.2.0", "000a0a010200", ""),
    (
        "L64",
        "10 2001:db8:1140:1000",
        "000a20010db811401000",
        "10 2001:0db8:1140:1000",
    ),
    ("LP", "10 a.", "000a016100", ""),
    (
        "EUI48",
        "00-00-5E-00-53-2a",
        "00005e00532a",
        "00-00-5e-00-53-2a",
    ),
    ("EUI64", "00-00-5e-ef-10-00-00-2a", "00005eef1000002a", ""),
    (
        "URI",
        "10 1 \"ftp://a/b\"",
        "000a00016674703a2f2f612f62",
        "",
    ),
    (
        "CAA",
        "0 issue \"ca.example; x=y\"",
        "000569737375 6563612e6578616d706c653b20783d79",
        "",
    ),
    ("AVC", "\"a\"", "0161", ""),
    ("DOA", "0 1 2 \"\" AQID", "00000000000000010200010203", ""),
    ("DOA", "0 1 2 \"\" -", "000000000000000102 00", ""),
    ("AMTRELAY", "10 1 3 a.", "0a83016100", ""),
    ("AMTRELAY", "10 0 0 .", "0a00", ""),
    ("RESINFO", "\"qnamemin\"", "08716e616d656d696e", ""),
    ("WALLET", "\"BTC\" \"x\"", "034254430178", ""),
    ("CLA", "\"a\"", "0161", ""),
    ("IPN", "18446744073709551615", "ffffffffffffffff", ""),
    ("TA", "1 8 2 AB", "00010802ab", ""),
    ("DLV", "1 8 2 AB", "00010802ab", ""),
    (
        "SIG",
        "A 5 3 1 0 0 1 a. AQID",
        "00010503000000010000000000000000 0001016100010203",
        "A 5 3 1 19700101000000 19700101000000 1 a. AQID",
    ),
    ("TYPE65280", r"\# 0", "", ""),
    (
        "TYPE65280",
        r"\# 4 01 02 0304",
        "01020304",
        r"\# 4 01020304",
    ),
    ("TYPE1", r"\# 4 C0000201", "c0000201", "192.0.2.1"),
];

/// RFC 1035 sections 3.3.13 and 3.3.14, RFC 3597 section 5, RFC 9460 section 2.1, and whatever else
/// describes a type.
#[test]
fn every_type_reads_and_writes() {
    for (rtype, text, expected, written) in GOOD {
        let zone = parse(&format!("x {rtype} {text}\n")).unwrap_or_else(|e| panic!("{rtype}: {e}"));
        let number: Rtype = rtype.parse().unwrap();
        assert_eq!(
            octets(&zone, number),
            expected.replace(' ', ""),
            "{rtype} {text}"
        );
        let export = zone.to_master_file();
        let line = export.lines().find(|line| line.starts_with('x')).unwrap();
        // What not every reader knows by its name stands behind the notation that all know.
        let (_, frame) = line.split_once(" IN ").unwrap();
        let (_, rdata) = frame.split_once(' ').unwrap();
        let rdata = match line.split_once(&format!(" ; {number} ")) {
            Some((_, meaning)) => meaning,
            None => rdata.trim(),
        };
        let written = if written.is_empty() { text } else { written };
        assert_eq!(rdata, *written, "{rtype}");
        let again = Zone::parse(export.as_bytes(), "export", zone.origin())
            .unwrap()
            .zone;
        assert_eq!(
            octets(&again, number),
            expected.replace(' ', ""),
            "{rtype} {export}"
        );
    }
}

#[test]
fn every_named_type_that_zones_have_is_in_the_table_above() {
    // These have no text form that anybody defined.
    let without = [
        Rtype::OPT,
        Rtype::UINFO,
        Rtype::UID,
        Rtype::GID,
        Rtype::UNSPEC,
    ];
    for rtype in Rtype::NAMED.iter().filter(|rtype| !rtype.is_meta()) {
        let is_covered = GOOD.iter().any(|(name, ..)| name.parse() == Ok(*rtype));
        let is_elsewhere = [Rtype::SOA, Rtype::CNAME, Rtype::BRID].contains(rtype);
        assert!(
            is_covered || is_elsewhere || without.contains(rtype),
            "{rtype}"
        );
    }
}

/// Text that is no rdata of the type.
const BAD: &[(&str, &str)] = &[
    ("A", "192.0.2"),
    ("A", "192.0.2.01"),
    ("A", "192.0.2.1.1"),
    ("A", "::1"),
    ("AAAA", "2001:db8::1::"),
    ("MX", "65536 a."),
    ("MX", "1"),
    ("SOA", "a. b. 1 2 3 4"),
    ("SRV", "1 2 3"),
    ("TXT", ""),
    ("CAA", "256 issue \"x\""),
    ("CAA", "0 is-sue \"x\""),
    ("DS", "1 8 2"),
    ("DS", "1 8 2 ABC"),
    ("DNSKEY", "256 3 5 A"),
    ("NSEC", "a. NOSUCH"),
    ("NSEC3", "1 1 12 aabbccd 2t7b4g4v A"),
    ("LOC", "91 N 0 E 0"),
    ("LOC", "90 0 0.001 N 0 E 0"),
    ("LOC", "1 N 0"),
    ("LOC", "1 60 N 0 E 0"),
    ("LOC", "1 X 0 E 0"),
    ("EUI48", "00-00-5e-00-53"),
    ("EUI48", "00-00-5e-00-53-2g"),
    ("NID", "10 0014:4fff:20:ee64:1"),
    ("APL", "1:192.0.2.0/33"),
    ("APL", "3:192.0.2.0/3"),
    ("IPSECKEY", "10 4 2 . AQID"),
    ("IPSECKEY", "10 1 2 . AQID"),
    ("IPSECKEY", "10 0 2 x. AQID"),
    ("AMTRELAY", "10 2 0 ."),
    ("HTTPS", "1 . alpn=h2 alpn=h3"),
    ("HTTPS", "1 . port=65536"),
    ("HTTPS", "1 . alpn"),
    ("HTTPS", "1 . alpn=h2,,h3"),
    ("HTTPS", "1 . no-default-alpn=x"),
    ("HTTPS", "1 . mandatory=alpn"),
    ("HTTPS", "1 . mandatory=mandatory"),
    ("HTTPS", "1 . mandatory=alpn,alpn alpn=h2"),
    ("HTTPS", "1 . ipv4hint=::1"),
    ("HTTPS", "1 . nosuch=1"),
    ("HTTPS", "1 . key65535=1"),
    ("HTTPS", "1 . key01=1"),
    ("HIP", "2 2001 AQID ..a"),
    ("NULL", "abc"),
    ("A", r"\# 5 c000020101"),
    ("A", r"\# 4 c00002"),
    ("MX", r"\# 3 00014"),
    ("CNAME", r"\# 2 c00c"),
    (
        "RRSIG",
        "A 5 3 86400 20031322173103 20030220173103 2642 a. AQID",
    ),
    ("WKS", "192.0.2.1 tcp nosuchservice"),
    ("NSAP", "47.0005"),
    ("X25", "a b"),
    ("ISDN", "a b c"),
    ("URI", "1 1"),
    ("GPOS", "1 2"),
];

/// RFC 9460 section 8 among others.
#[test]
fn malformed_rdata_is_refused() {
    for (rtype, text) in BAD {
        let found = parse(&format!("x {rtype} {text}\n"));
        let Err(LoadError::Problems(problems)) = found else {
            panic!("{rtype} {text}")
        };
        assert_eq!(
            (problems.len(), problems[0].line),
            (1, 3),
            "{rtype} {text}: {problems:?}"
        );
    }
}

#[test]
fn long_texts_and_rdata_have_limits() {
    let text = |length: usize| format!("x TXT {}\n", "a".repeat(length));
    assert!(parse(&text(255)).is_ok());
    assert!(parse(&text(256)).is_err());
    let many = |count: usize| format!("x TXT {}\n", "a ".repeat(count));
    assert!(parse(&many(32_155)).is_ok());
    for (count, code) in [
        (32_156, "zone.record.size"), // what a message may have no room for
        (32_767, "zone.record.size"),
        (32_768, "zone.rdata.long"), // what no record can have
    ] {
        let found = parse(&many(count));
        let Err(LoadError::Problems(problems)) = found else {
            panic!("{count}")
        };
        assert_eq!(problems[0].code, code, "{problems:?}");
    }
}

/// Octets of any kind are either written so that they read back, or generic.
#[test]
fn any_octets_survive_the_export() {
    use understudy_zone::RRsetChange;

    let mut random = fastrand::Rng::with_seed(11);
    let owner: NameBuf = "x.example.".parse().unwrap();
    let zone = parse("").unwrap();
    let samples: Vec<(Rtype, Vec<u8>)> = GOOD
        .iter()
        .map(|(rtype, text, ..)| {
            let rtype: Rtype = rtype.parse().unwrap();
            let zone = parse(&format!("x {rtype} {text}\n")).unwrap();
            let node = zone.node(owner.as_name()).unwrap();
            (
                rtype,
                node.rrset(rtype).unwrap().rdatas().next().unwrap().to_vec(),
            )
        })
        .collect();
    let mut accepted = 0;
    for _ in 0..20_000 {
        let (rtype, mut octets) = samples[random.usize(0..samples.len())].clone();
        for _ in 0..random.usize(0..3) {
            match random.u8(0..3) {
                0 if !octets.is_empty() => {
                    let at = random.usize(0..octets.len());
                    octets[at] = random.u8(..);
                }
                1 => octets.truncate(random.usize(0..=octets.len())),
                _ => octets.insert(random.usize(0..=octets.len()), random.u8(..)),
            }
        }
        let change = RRsetChange::Set(owner, rtype, 60, vec![octets.clone()]);
        let Ok(changed) = zone.with_rrsets(&[change]) else {
            continue;
        };
        accepted += 1;
        let export = changed.to_master_file();
        let again = Zone::parse(export.as_bytes(), "export", zone.origin())
            .unwrap_or_else(|error| panic!("{error}{export}"))
            .zone;
        let node = again.node(owner.as_name()).unwrap();
        let back = node.rrset(rtype).unwrap().rdatas().next().unwrap();
        assert_eq!(hex(back), hex(&octets), "{export}");
    }
    assert!(accepted > 5000, "{accepted}");
}
