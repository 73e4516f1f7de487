//! Signatures as they come.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use understudy_wire::{Query, Rcode, Tsig};

const QUESTION: &[u8] = b"\x03www\x07example\x03com\0\0\x01\0\x01";
/// hmac-sha256, 48 bits of time, fudge 300, a MAC of 4 octets, id 0x4321, no error, no other data.
const RDATA: &[u8] = b"\x0bhmac-sha256\0\0\0\x69\x21\x66\x80\x01\x2c\0\x04abcd\x43\x21\0\0\0\0";

fn signed(owner: &[u8], class: u8, rdata: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rdata.len()).unwrap().to_be_bytes();
    let frame = [0, 250, 0, class, 0, 0, 0, 0, length[0], length[1]];
    let header = b"\x12\x34\0\0\0\x01\0\0\0\0\0\x01";
    [header, QUESTION, owner, &frame, rdata].concat()
}

/// RFC 8945 section 4.2.
#[test]
fn a_signature_is_read() {
    let octets = signed(b"\x03Key\0", 255, RDATA);
    let query = Query::parse(&octets).unwrap();
    let tsig = Tsig::read(&query).unwrap();
    assert_eq!(tsig.key.as_name().octets(), b"\x03Key\0");
    assert_eq!(tsig.algorithm.octets(), b"\x0bhmac-sha256\0");
    assert_eq!(tsig.time_signed, [0, 0, 0x69, 0x21, 0x66, 0x80]);
    assert_eq!((tsig.fudge, tsig.original_id), (300, 0x4321));
    assert_eq!(tsig.mac, b"abcd");
    assert_eq!((tsig.error, tsig.other), (Rcode::NOERROR, &b""[..]));
}

#[test]
fn a_compressed_key_name_is_written_out() {
    let octets = signed(b"\x03key\xc0\x10", 255, RDATA);
    let tsig = Tsig::read(&Query::parse(&octets).unwrap()).unwrap();
    assert_eq!(tsig.key.as_name().octets(), b"\x03key\x07example\x03com\0");
}

#[test]
fn what_cannot_be_understood_is_none() {
    let read = |class, rdata: &[u8]| {
        let octets = signed(b"\x01k\0", class, rdata);
        Tsig::read(&Query::parse(&octets).unwrap()).is_some()
    };
    assert!(read(255, RDATA));
    assert!(!read(1, RDATA), "class IN");
    let mut with_ttl = signed(b"\x01k\0", 255, RDATA);
    with_ttl[12 + QUESTION.len() + 3 + 7] = 1;
    assert!(Tsig::read(&Query::parse(&with_ttl).unwrap()).is_none());
    for length in 0..RDATA.len() {
        assert!(!read(255, &RDATA[..length]), "cut at {length}");
    }
    assert!(!read(255, &[RDATA, b"x"].concat()), "more than there is");
    let unsigned = [&b"\x12\x34\0\0\0\x01\0\0\0\0\0\0"[..], QUESTION].concat();
    assert!(Tsig::read(&Query::parse(&unsigned).unwrap()).is_none());
}
