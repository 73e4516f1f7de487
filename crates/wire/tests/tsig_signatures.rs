//! Signatures made and verified: RFC 8945 sections 5.2, 5.3 and 5.4.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::sync::Arc;

use understudy_wire::{
    BadSignature, Name, NameBuf, Query, Rcode, Signature, Signer, Tsig, TsigAlgorithm, TsigFault,
    TsigKey, Unproven, Verifier, sign_request,
};

const QUERY: &[u8] = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
const ANSWER: &[u8] = b"\x12\x34\x84\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
const NOW: u64 = 1_795_348_800;
const SECRET: &[u8] = b"a secret of thirty-two octets...";

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn key_of(algorithm: TsigAlgorithm) -> Arc<TsigKey> {
    let name = name("Transfer.Example.ORG.");
    Arc::new(TsigKey::new(name.as_name(), algorithm, SECRET).unwrap())
}

fn key() -> Arc<TsigKey> {
    key_of(TsigAlgorithm::HmacSha256)
}

fn signed(key: &Arc<TsigKey>) -> (Vec<u8>, Verifier) {
    sign_request(key, QUERY, NOW).unwrap()
}

/// What a server that has this key makes of a request.
fn judge<'m>(message: &'m [u8], key: &Arc<TsigKey>, now_s: u64) -> Signature<'m> {
    let query = Query::parse(message).unwrap();
    let known = |asked: Name<'_>| asked.eq_ignore_case(key.name()).then(|| Arc::clone(key));
    Signature::judge(&query, now_s, known)
}

fn signer(message: &[u8], key: &Arc<TsigKey>) -> Signer {
    let Signature::Valid(signer) = judge(message, key, NOW) else {
        panic!("it is valid");
    };
    signer
}

fn bad(signature: Signature<'_>) -> BadSignature<'_> {
    let Signature::Bad(bad) = signature else {
        panic!("it is bad");
    };
    bad
}

/// The answer with the signature that `sign` appends.
fn answered(octets: usize, sign: impl FnOnce(&mut [u8], usize) -> usize) -> Vec<u8> {
    let mut message = vec![0; ANSWER.len() + octets];
    message[..ANSWER.len()].copy_from_slice(ANSWER);
    let end = sign(&mut message, ANSWER.len());
    assert_eq!(end, message.len(), "it is as long as was said");
    message
}

fn next(signer: &mut Signer, now_s: u64) -> Vec<u8> {
    answered(signer.octets(), |message, end| {
        signer.sign(message, end, now_s).unwrap()
    })
}

/// The message with the MAC of its signature cut to so many octets. Its key and algorithm are those
/// of [`key`].
fn cut(message: &[u8], octets: u8) -> Vec<u8> {
    let mac_end = message.len() - 6;
    let size_at = mac_end - 32 - 2;
    let mut cut = [
        &message[..mac_end - 32 + usize::from(octets)],
        &message[mac_end..],
    ]
    .concat();
    cut[size_at + 1] = octets;
    let rdlength_at = size_at - 8 - 13 - 2;
    cut[rdlength_at + 1] -= 32 - octets;
    cut
}

/// Made by dnspython 2.9 of the same query, key and time, by each algorithm of RFC 8945 section 6.
#[test]
fn a_request_is_signed_as_others_sign_it() {
    let expected = [
        (
            TsigAlgorithm::HmacSha1,
            "0e91501bca31f48c4e23e76bef2e3145f567ce6b",
        ),
        (
            TsigAlgorithm::HmacSha224,
            "d74f6a00f2b02cfb0b7a4232f5d216a43cfdd741caa8c8d5da44cc56",
        ),
        (
            TsigAlgorithm::HmacSha256,
            "bc2b7195c5ee361dc3e874c26376a3f298a38f3d5e774be893b778e26ad4e47d",
        ),
        (
            TsigAlgorithm::HmacSha384,
            "782e033fe8d46de24f473c0f2b8db2c1f17a831b79a37bc713713c18fd2bebf1bb255f2be04cd827afac02189b79e0c1",
        ),
        (
            TsigAlgorithm::HmacSha512,
            "295da17e53dbce05a8756410db50a64ababf82bc307b345e84ffd05f086022a4173d66e6a0124faff46b812e989cf1df694fa070008d3f6cded6de557114948b",
        ),
    ];
    for (algorithm, mac) in expected {
        let (message, _) = signed(&key_of(algorithm));
        let tsig = Tsig::read(&Query::parse(&message).unwrap()).unwrap();
        let octet = |at: usize| u8::from_str_radix(&mac[at..at + 2], 16).unwrap();
        let mac: Vec<u8> = (0..mac.len()).step_by(2).map(octet).collect();
        assert_eq!(tsig.mac, mac, "{algorithm:?}");
        assert_eq!(tsig.mac.len(), algorithm.mac_octets());
        assert_eq!(tsig.algorithm, algorithm.name());
    }
}

#[test]
fn a_signed_answer_is_what_the_client_takes() {
    for key in TsigAlgorithm::ALL.map(key_of) {
        let (request, mut verifier) = signed(&key);
        let mut signer = signer(&request, &key);
        assert_eq!(signer.key().name(), name("transfer.example.org.").as_name());
        let answer = next(&mut signer, NOW + 1);
        assert_eq!(verifier.finish(), Err(TsigFault::Unsigned), "nothing came");
        assert_eq!(verifier.take(&answer, NOW + 2), Ok(()));
        assert_eq!(verifier.finish(), Ok(()));
    }
}

/// RFC 8945 section 5.3.1: each message's MAC covers the one before.
#[test]
fn many_messages_are_signed_in_their_order() {
    let key = key();
    let (request, mut verifier) = signed(&key);
    let mut signer = signer(&request, &key);
    let messages: Vec<_> = (0..150).map(|_| next(&mut signer, NOW)).collect();
    for message in &messages {
        assert_eq!(verifier.take(message, NOW), Ok(()));
    }
    assert_eq!(verifier.finish(), Ok(()));
    for (gone, next) in [(0, 1), (0, 2)] {
        let (_, mut verifier) = signed(&key);
        assert_eq!(verifier.take(&messages[gone], NOW), Ok(()));
        let taken = verifier.take(&messages[next], NOW);
        assert_eq!(taken.is_ok(), next == gone + 1, "{next} after {gone}");
    }
    let (_, mut verifier) = signed(&key);
    assert_eq!(verifier.take(&messages[1], NOW), Err(TsigFault::BadSig));
}

/// Nothing that is signed can be changed: not the message, not the time, not the key's name.
#[test]
fn every_octet_counts() {
    let key = key();
    let (request, _) = signed(&key);
    for at in 0..request.len() {
        let mut changed = request.clone();
        changed[at] ^= 1;
        let Ok(query) = Query::parse(&changed) else {
            continue;
        };
        let judged = Signature::judge(&query, NOW, |_| Some(Arc::clone(&key)));
        // The ID is not signed, the original one is (RFC 8945 section 4.3.2).
        assert_eq!(matches!(judged, Signature::Valid(_)), at < 2, "{at}");
    }
    let mut signer = signer(&request, &key);
    let answer = next(&mut signer, NOW);
    for at in 2..answer.len() {
        let mut changed = answer.clone();
        changed[at] ^= 1;
        let (_, mut verifier) = signed(&key);
        assert!(verifier.take(&changed, NOW).is_err(), "{at}");
    }
}

/// Case is folded in the names that are digested, and means nothing.
#[test]
fn the_case_of_names_means_nothing() {
    let key = key();
    let (mut request, _) = signed(&key);
    for octet in &mut request[QUERY.len()..] {
        if *octet == b't' || *octet == b'h' {
            octet.make_ascii_uppercase();
        }
    }
    // The MAC may have had such an octet; put it back.
    let (plain, _) = signed(&key);
    let mac = plain.len() - 6 - 32..plain.len() - 6;
    request[mac.clone()].copy_from_slice(&plain[mac]);
    assert!(matches!(judge(&request, &key, NOW), Signature::Valid(_)));
}

/// RFC 8945 sections 5.2.1 and 5.3.2.
#[test]
fn an_unknown_key_is_told_unsigned() {
    let (request, mut verifier) = signed(&key());
    let other = TsigKey::new(name("other.").as_name(), TsigAlgorithm::HmacSha256, SECRET);
    let strangers = [Arc::new(other.unwrap()), key_of(TsigAlgorithm::HmacSha512)];
    for known in strangers {
        let mut bad = bad(judge(&request, &known, NOW));
        assert_eq!(bad.error(), Rcode::BADKEY);
        let answer = answered(bad.octets(), |message, end| {
            bad.tell(message, end, NOW).unwrap()
        });
        assert_eq!(answer[10..12], [0, 1], "one additional record");
        let expected =
            b"\x08transfer\x07example\x03org\0\0\xfa\0\xff\0\0\0\0\0\x1d\x0bhmac-sha256\0\
            \0\0\x6b\x02\xd9\x40\x01\x2c\0\0\x12\x34\0\x11\0\0";
        assert_eq!(&answer[ANSWER.len()..], expected);
        let taken = verifier.take(&answer, NOW);
        assert_eq!(taken, Err(TsigFault::Told(Rcode::BADKEY)));
    }
}

/// RFC 8945 sections 5.2.2 and 5.3.2. Its code is 16 (RFC 8945 section 3), which is BADVERS elsewhere.
#[test]
fn another_secret_is_told_unsigned() {
    let other = TsigKey::new(key().name(), TsigAlgorithm::HmacSha256, b"another");
    let (request, mut verifier) = signed(&key());
    let mut bad = bad(judge(&request, &Arc::new(other.unwrap()), NOW));
    assert_eq!(bad.error(), Rcode::BADSIG);
    let answer = answered(bad.octets(), |message, end| {
        bad.tell(message, end, NOW).unwrap()
    });
    assert!(answer.ends_with(&[0, 16, 0, 0]), "{answer:?}");
    let taken = verifier.take(&answer, NOW);
    assert_eq!(taken, Err(TsigFault::Told(Rcode::BADSIG)));
    assert_eq!(taken.unwrap_err().to_string(), "the server says BADSIG");
}

/// RFC 8945 section 5.2.3: told with a signature, the client's time and the server's. They may differ by
/// five minutes (RFC 8945 section 10).
#[test]
fn clocks_that_differ_are_told_with_a_signature() {
    let key = key();
    let (request, _) = signed(&key);
    for late in [301, -301_i64] {
        let now_s = NOW.saturating_add_signed(late);
        assert!(matches!(
            judge(
                &request,
                &key,
                now_s - u64::from(late > 0) + u64::from(late < 0)
            ),
            Signature::Valid(_)
        ));
        let mut bad = bad(judge(&request, &key, now_s));
        assert_eq!(bad.error(), Rcode::BADTIME);
        let answer = answered(bad.octets(), |message, end| {
            bad.tell(message, end, now_s).unwrap()
        });
        let other = [&[0, 18, 0, 6, 0, 0][..], &now_s.to_be_bytes()[4..]].concat();
        assert!(answer.ends_with(&other));
        let (_, mut verifier) = signed(&key);
        let taken = verifier.take(&answer, NOW);
        assert_eq!(taken, Err(TsigFault::Told(Rcode::BADTIME)));
        // It is proven: another secret would have shown.
        let mut forged = answer.clone();
        *forged.last_mut().unwrap() ^= 1;
        let (_, mut verifier) = signed(&key);
        assert_eq!(verifier.take(&forged, NOW), Err(TsigFault::BadSig));
    }
}

/// RFC 8945 sections 5.2.2.1 and 5.2.4: our policy takes whole MACs only.
#[test]
fn a_cut_mac_is_told_with_a_signature() {
    let key = key();
    let (request, _) = signed(&key);
    for octets in 16..32 {
        let request = cut(&request, octets);
        let mut bad = bad(judge(&request, &key, NOW));
        assert_eq!(bad.error(), Rcode::BADTRUNC, "{octets} octets");
        let answer = answered(bad.octets(), |message, end| {
            bad.tell(message, end, NOW).unwrap()
        });
        assert!(answer.ends_with(&[0, 22, 0, 0]));
    }
    for octets in 0..16 {
        let request = cut(&request, octets);
        let judged = judge(&request, &key, NOW);
        assert!(matches!(judged, Signature::Malformed), "{octets} octets");
    }
    let mut wrong = cut(&request, 16);
    let last = wrong.len() - 7;
    wrong[last] ^= 1;
    assert_eq!(bad(judge(&wrong, &key, NOW)).error(), Rcode::BADSIG);
    let mut signer = signer(&request, &key);
    let answer = cut(&next(&mut signer, NOW), 16);
    let (_, mut verifier) = signed(&key);
    assert_eq!(verifier.take(&answer, NOW), Err(TsigFault::BadTrunc));
}

#[test]
fn a_message_without_room_stays_as_it_was() {
    let key = key();
    let (request, mut verifier) = signed(&key);
    let mut signer = signer(&request, &key);
    let mut message = vec![0; ANSWER.len() + signer.octets() - 1];
    message[..ANSWER.len()].copy_from_slice(ANSWER);
    assert!(signer.sign(&mut message, ANSWER.len(), NOW).is_err());
    assert_eq!(&message[..ANSWER.len()], ANSWER);
    // It signs what follows as if nothing had been tried.
    assert_eq!(verifier.take(&next(&mut signer, NOW), NOW), Ok(()));
    let long = vec![0; 65_535 - signer.octets() + 1];
    assert!(sign_request(&key, &long, NOW).is_none());
    assert!(sign_request(&key, &long[1..], NOW).is_some());
    assert!(sign_request(&key, b"short", NOW).is_none());
}

/// RFC 8945 section 5.3.1: up to 99 messages between two signatures.
#[test]
fn unsigned_messages_are_proven_by_the_next_signature() {
    let key = key();
    let (request, mut verifier) = signed(&key);
    assert_eq!(verifier.take(ANSWER, NOW), Err(TsigFault::Unsigned));
    let mut signer = signer(&request, &key);
    assert_eq!(verifier.take(&next(&mut signer, NOW), NOW), Ok(()));
    for _ in 0..99 {
        assert_eq!(verifier.take(ANSWER, NOW), Ok(()));
    }
    assert_eq!(verifier.finish(), Err(TsigFault::Unsigned));
    assert_eq!(verifier.take(ANSWER, NOW), Err(TsigFault::Unsigned));
    // The signature that follows does not know of them.
    let message = next(&mut signer, NOW);
    assert_eq!(verifier.take(&message, NOW), Err(TsigFault::BadSig));
}

#[test]
fn an_answer_with_another_key_or_time_or_form_is_not_taken() {
    let key = key();
    let (request, _) = signed(&key);
    let take = |message: &[u8], now_s| {
        let (_, mut verifier) = signed(&key);
        verifier.take(message, now_s)
    };
    let answer = next(&mut signer(&request, &key), NOW);
    assert_eq!(take(&answer, NOW + 301), Err(TsigFault::BadTime));
    assert_eq!(take(&answer, NOW - 301), Err(TsigFault::BadTime));
    for length in 0..answer.len() {
        assert_eq!(take(&answer[..length], NOW), Err(TsigFault::Malformed));
    }
    let more = [&answer[..], b"x"].concat();
    assert_eq!(take(&more, NOW), Err(TsigFault::Malformed));
    let other = key_of(TsigAlgorithm::HmacSha384);
    let (foreign, _) = signed(&other);
    let answer = next(&mut signer(&foreign, &other), NOW);
    assert_eq!(take(&answer, NOW), Err(TsigFault::AnotherKey));
    // Two signatures, and one that is not in the additional section.
    let record = &foreign[QUERY.len()..];
    let mut twice = [ANSWER, record, record].concat();
    twice[11] = 2;
    assert_eq!(take(&twice, NOW), Err(TsigFault::Malformed));
    let mut elsewhere = [ANSWER, record].concat();
    elsewhere[7] = 1;
    assert_eq!(take(&elsewhere, NOW), Err(TsigFault::Malformed));
}

#[test]
fn a_key_needs_a_secret_and_does_not_show_it() {
    let made = TsigKey::new(name("k.").as_name(), TsigAlgorithm::HmacSha256, b"");
    assert!(made.is_err());
    let shown = format!("{:?}", key());
    assert_eq!(shown, "TsigKey(transfer.example.org., HmacSha256)");
    for algorithm in TsigAlgorithm::ALL {
        assert_eq!(TsigAlgorithm::from_name(algorithm.name()), Some(algorithm));
    }
    assert_eq!(TsigAlgorithm::from_name(name("HMAC-md5.").as_name()), None);
}

#[test]
fn whoever_signed_is_known_unless_it_proves_nothing() {
    let key = key();
    let (request, _) = signed(&key);
    let signer = judge(&request, &key, NOW).signer().unwrap();
    assert_eq!(signer.unwrap().key().name(), key.name());
    for octets in [10, 20] {
        let short = cut(&request, octets);
        let judged = judge(&short, &key, NOW);
        assert_eq!(judged.signer().err(), Some(Unproven), "{octets} octets");
    }
    let unsigned = judge(QUERY, &key, NOW).signer().unwrap();
    assert!(unsigned.is_none());
}
