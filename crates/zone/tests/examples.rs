//! What the RFCs say of single types: their examples, as text and as octets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use understudy_wire::{NameBuf, Rtype};
use understudy_zone::Zone;

/// Type, text, octets in hexadecimal.
const EXAMPLES: &[(&str, &str, &str)] = &[
    // RFC 1035 section 3.4.2: the 26th bit means the port of SMTP.
    ("WKS", "10.0.0.1 TCP SMTP", "0a000001 06 00000040"),
    // RFC 1706 section 7.
    (
        "NSAP",
        "0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00",
        "47000580005a0000000001e133ffffff00016100",
    ),
    // RFC 1876 section 3: what is left out is 10 km and 10 m.
    (
        "LOC",
        "42 21 54 N 71 06 18 W -24m 30m",
        "0033 1613 89172dd0 70be15f0 00988d20",
    ),
    // RFC 2535 section 5.2.
    (
        "NXT",
        "medium.foo.tld. A MX SIG NXT",
        "066d656469756d03666f6f03746c6400 40010082",
    ),
    // RFC 2874 section 3.1.
    (
        "A6",
        "64 ::1234:5678:9abc:def0 s.ip6.",
        "40 123456789abcdef0 01730369703600",
    ),
    // RFC 3123 section 5.
    (
        "APL",
        "1:192.168.32.0/21 !1:192.168.38.0/28",
        "000115 03c0a820 00011c83c0a826",
    ),
    // RFC 4025 sections 2.5 and 3.1: an address, a name and nothing as gateway.
    (
        "IPSECKEY",
        "10 1 2 192.0.2.38 AQID",
        "0a0102 c0000226 010203",
    ),
    (
        "IPSECKEY",
        "10 3 2 gw.a. AQID",
        "0a0302 026777016100 010203",
    ),
    ("IPSECKEY", "10 0 2 . AQID", "0a0002 010203"),
    // RFC 4034 section 4.1.2: windows without the octets of zero behind them.
    (
        "NSEC",
        "host.a. A MX RRSIG NSEC TYPE1234",
        "04686f7374016100 0006400100000003 041b000000000000000000000000000000000000000000000000000020",
    ),
    // RFC 4398 section 2.1: kinds of certificates have names.
    ("CERT", "PKIX 0 0 AQID", "0001000000 010203"),
    ("CERT", "IACPKIX 0 0 AQID", "0008000000 010203"),
    ("CERT", "OID 0 0 AQID", "00fe000000 010203"),
    // RFC 5155 section 3.3: no salt is a hyphen, and the hash has no padding.
    (
        "NSEC3",
        "1 1 12 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A",
        "0101000c 00 14174eb2409fe28bcb4887a1836f957f0a8425e27b 000140",
    ),
    // RFC 6742 section 2.1.
    ("NID", "10 0014:4fff:ff20:ee64", "000a 00144fffff20ee64"),
    // RFC 8005 section 6.
    (
        "HIP",
        "2 200100107B1A74DF365639CC39F1D578 AQID rvs.a.",
        "10020003 200100107b1a74df365639cc39f1d578 010203 03727673016100",
    ),
    // RFC 8659 section 4.1.
    ("CAA", "128 tbs \"Unknown\"", "8003 746273 556e6b6e6f776e"),
    // RFC 8777 sections 4.2.4 and 4.3.1.
    ("AMTRELAY", "10 0 1 203.0.113.15", "0a01 cb00710f"),
    ("AMTRELAY", "10 1 3 relays.a.", "0a83 0672656c617973016100"),
    // RFC 9460 appendix A: escapes of texts are undone before those of lists.
    (
        "SVCB",
        r#"16 foo. alpn="f\\\\oo\\,bar,h2""#,
        "0010 03666f6f00 0001000c 08665c6f6f2c626172 026832",
    ),
    // RFC 9859 section 2.1.
    ("DSYNC", "CDS NOTIFY 5359 a.", "003b 01 14ef 016100"),
];

fn zone(lines: &str) -> Zone {
    let origin: NameBuf = "example.".parse().unwrap();
    let text = format!("@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\n{lines}");
    Zone::parse(text.as_bytes(), "test", origin.as_name())
        .unwrap()
        .zone
}

fn hex(octets: &[u8]) -> String {
    let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    digits
        .filter_map(|it| char::from_digit(u32::from(it), 16))
        .collect()
}

/// The records of `x.example.`, in hexadecimal.
fn rdatas(zone: &Zone, rtype: Rtype) -> Vec<String> {
    let owner: NameBuf = "x.example.".parse().unwrap();
    let set = zone.node(owner.as_name()).unwrap().rrset(rtype).unwrap();
    set.rdatas().map(hex).collect()
}

#[test]
fn the_examples_of_the_rfcs_mean_what_they_say() {
    for (rtype, text, octets) in EXAMPLES {
        let number = rtype.parse().unwrap();
        let expected = [octets.replace(' ', "")];
        let read = zone(&format!("x {rtype} {text}\n"));
        assert_eq!(rdatas(&read, number), expected, "{rtype} {text}");
        let written = read.to_master_file();
        let (_, records) = written.split_once('\n').unwrap();
        let again = Zone::parse(records.as_bytes(), "again", read.origin()).unwrap();
        assert_eq!(rdatas(&again.zone, number), expected, "{written}");
    }
}

/// RFC 4034 section 6.3: by the octets from the left, where the shorter of two that begin alike comes
/// first, and letters of names count as small ones (section 6.2).
#[test]
fn records_of_a_set_stand_in_canonical_order() {
    let texts = zone("x TXT ab\nx TXT b\nx TXT a a\nx TXT a\n");
    let expected = ["0161", "01610161", "0162", "026162"];
    assert_eq!(rdatas(&texts, Rtype::TXT), expected);
    let names = zone("x NS b.\nx NS C.\nx NS a.\n");
    assert_eq!(rdatas(&names, Rtype::NS), ["016100", "016200", "014300"]);
}
