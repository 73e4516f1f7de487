//! Signed requests and the answers to them (RFC 8945): what one side signs the other verifies, and what was
//! changed, left out or put elsewhere on the way is found.

use std::sync::Arc;

use understudy_wire::{Name, Query, Signature, TsigAlgorithm, TsigKey, Verifier, sign_request};

use crate::draw::Draw;
use crate::world;

const NOW: u64 = 1_795_348_800;

/// The bits of the message id, which the signature does not cover: it has an id of its own (section 4.3.2).
const ID_OCTETS: usize = 2;

const ALGORITHMS: [TsigAlgorithm; 5] = [
    TsigAlgorithm::HmacSha256,
    TsigAlgorithm::HmacSha1,
    TsigAlgorithm::HmacSha224,
    TsigAlgorithm::HmacSha384,
    TsigAlgorithm::HmacSha512,
];

/// A conversation of two that share a key, and what somebody between them can do.
pub fn run(input: &[u8]) {
    let mut draw = Draw::new(input);
    let key = key(&mut draw);
    forge(&key, input);
    let plain = request(&mut draw);
    let Some((signed, _)) = sign_request(&key, &plain, NOW) else {
        return;
    };
    assert!(is_valid(&signed, &key, NOW), "{signed:02x?}");
    assert!(!is_valid(&signed, &key, NOW + 301) && !is_valid(&signed, &key, NOW - 301));
    let changed = change(&mut draw, &signed);
    assert!(
        means_the_same(&changed, &signed) || !is_valid(&changed, &key, NOW),
        "{changed:02x?}"
    );
    let another = TsigKey::new(key.name(), key.algorithm(), b"another").expect("a key");
    assert!(!is_valid(&signed, &Arc::new(another), NOW));
    let answer = answer(&mut draw, &signed, &key);
    let verifier = || sign_request(&key, &plain, NOW).expect("as before").1;
    check_answer(&mut draw, &answer, verifier);
}

fn key(draw: &mut Draw<'_>) -> Arc<TsigKey> {
    let algorithm = draw.pick(&ALGORITHMS);
    let name = draw.name(world::name("Keys.").as_name());
    let key = TsigKey::new(name.as_name(), algorithm, b"what both sides know");
    Arc::new(key.expect("a key"))
}

/// Octets of somebody who has no key are never taken.
fn forge(key: &Arc<TsigKey>, octets: &[u8]) {
    assert!(!is_valid(octets, key, NOW));
    let plain = [&b"\x12\x34\0\0\0\0\0\0\0\0\0\0"[..]].concat();
    let (_, mut verifier) = sign_request(key, &plain, NOW).expect("room for a signature");
    assert!(verifier.take(octets, NOW).is_err());
    assert!(verifier.finish().is_err());
}

fn request(draw: &mut Draw<'_>) -> Vec<u8> {
    let mut octets = vec![draw.octet(), draw.octet(), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    octets.extend(draw.name(Name::ROOT).as_name().octets());
    octets.extend([0, draw.octet() & 0x7f, 0, 1]);
    octets
}

fn is_valid(message: &[u8], key: &Arc<TsigKey>, now_s: u64) -> bool {
    let Ok(query) = Query::parse(message) else {
        return false;
    };
    let known = |asked: Name<'_>| asked.eq_ignore_case(key.name()).then(|| Arc::clone(key));
    matches!(Signature::judge(&query, now_s, known), Signature::Valid(_))
}

/// One octet, or the end.
fn change(draw: &mut Draw<'_>, message: &[u8]) -> Vec<u8> {
    let mut changed = message.to_vec();
    let at = draw.below(changed.len());
    match draw.below(4) {
        0 => changed.truncate(at),
        1 => changed.insert(at, draw.octet()),
        2 => drop(changed.remove(at)),
        _ => changed[at] ^= 1 << draw.below(8),
    }
    changed
}

/// Whether only the id differs, or the case of the names of key and algorithm (section 4.3.3).
fn means_the_same(changed: &[u8], signed: &[u8]) -> bool {
    changed.len() == signed.len() && changed[ID_OCTETS..].eq_ignore_ascii_case(&signed[ID_OCTETS..])
}

/// Some messages, each signed after the one before.
fn answer(draw: &mut Draw<'_>, signed: &[u8], key: &Arc<TsigKey>) -> Vec<Vec<u8>> {
    let query = Query::parse(signed).expect("a request");
    let known = |_: Name<'_>| Some(Arc::clone(key));
    let Signature::Valid(mut pen) = Signature::judge(&query, NOW, known) else {
        panic!("it is valid");
    };
    let count = draw.below(5) + 1;
    let mut sign = || {
        let mut message = [&signed[..2], &[0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
        let end = message.len();
        message.resize(end + pen.octets(), 0);
        let length = pen.sign(&mut message, end, NOW).expect("room");
        assert_eq!(length, message.len());
        message
    };
    (0..count).map(|_| sign()).collect()
}

/// As it was sent, and with one fault.
fn check_answer(draw: &mut Draw<'_>, answer: &[Vec<u8>], verifier: impl Fn() -> Verifier) {
    assert!(is_proven(answer, verifier()));
    let mut other = answer.to_vec();
    let (at, to) = (draw.below(other.len()), draw.below(other.len()));
    match draw.below(5) {
        0 => other[at] = change(draw, &answer[at]),
        1 => other.swap(at, to),
        2 => drop(other.remove(at)),
        3 => other.insert(to, answer[at].clone()),
        _ => other.push(vec![0; 12]),
    }
    let is_same = other.len() == answer.len()
        && other
            .iter()
            .zip(answer)
            .all(|(one, two)| means_the_same(one, two));
    // What was left out at the end is what the messages themselves tell.
    let is_shorter = !other.is_empty() && answer.starts_with(&other);
    assert!(
        is_same || is_shorter || !is_proven(&other, verifier()),
        "{other:02x?}"
    );
}

fn is_proven(messages: &[Vec<u8>], mut verifier: Verifier) -> bool {
    messages
        .iter()
        .all(|message| verifier.take(message, NOW).is_ok())
        && verifier.finish().is_ok()
}
