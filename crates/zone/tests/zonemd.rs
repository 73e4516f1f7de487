//! Message digests of zones (RFC 8976): its examples, and what each rule of its form changes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use understudy_wire::{NameBuf, Rtype, Serial};
use understudy_zone::{RRsetChange, Zone, ZonemdHash, ZonemdVerdict};

const HEAD: &str = "@ 86400 SOA ns1 admin 2018031900 1800 900 604800 86400\n\
                    @ 86400 NS ns1\n@ 86400 NS ns2\n";

/// RFC 8976 appendix A.1.
const SIMPLE: &str = "@ 86400 ZONEMD 2018031900 1 1 \
    c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c\n\
    ns1 3600 A 203.0.113.63\nns2 3600 AAAA 2001:db8::63\n";

/// Appendix A.2, without the record outside of the zone, which no zone here can have.
const COMPLEX: &str = "@ 86400 ZONEMD 2018031900 1 1 \
    a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b1711d4bd2d8b39808226d7b9db71e34b72077f8fe\n\
    ns1 3600 A 203.0.113.63\nNS2 3600 AAAA 2001:db8::63\n\
    occluded.sub 7200 TXT \"I'm occluded but must be digested\"\nsub 7200 NS ns1\n\
    duplicate 300 TXT \"I must be digested just once\"\n\
    duplicate 300 TXT \"I must be digested just once\"\n\
    UPPERCASE 3600 TXT \"canonicalize uppercase owner names\"\n\
    * 777 PTR dont-forget-about-wildcards\nmail 3600 MX 20 MAIL1\nmail 3600 MX 10 Mail2.Example.\n\
    sortme 3600 AAAA 2001:db8::5:61\nsortme 3600 AAAA 2001:db8::3:62\n\
    sortme 3600 AAAA 2001:db8::4:63\nsortme 3600 AAAA 2001:db8::1:65\n\
    sortme 3600 AAAA 2001:db8::2:64\nnon-apex 900 ZONEMD 2018031900 1 1 \
    616c6c6f776564206275742069676e6f7265642e20616c6c6f776564206275742069676e6f7265642e20616c6c6f7765\n";

/// Appendix A.3.
const SEVERAL_384: &str = "@ 86400 ZONEMD 2018031900 1 1 \
    62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c279dd10f0edb1c56f8080211f8480ee306\n";
const SEVERAL_512: &str = "@ 86400 ZONEMD 2018031900 1 2 \
    08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a\
    4e114d884e66f176eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27\n";
const SEVERAL_PRIVATE: &str = "@ 86400 ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee\n\
    @ 86400 ZONEMD 2018031900 241 1 e1846540e33a9e4189792d18d5d131f605fc283e\n";
const SEVERAL: &str = "ns1 3600 A 203.0.113.63\nns2 86400 TXT \"This example has multiple digests\"\n\
    NS2 3600 AAAA 2001:db8::63\n";

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn zone(parts: &[&str]) -> Zone {
    let text = format!("{HEAD}{}", parts.concat());
    let origin = name("example.");
    let loaded = Zone::parse(text.as_bytes(), "zonemd", origin.as_name());
    loaded.unwrap().zone
}

fn verdict(parts: &[&str]) -> ZonemdVerdict {
    zone(parts).verify_zonemd()
}

/// RFC 8976 sections 2.2, 5.2 and 5.3: the record, its scheme, its hashes.
#[test]
fn the_examples_of_the_rfc_hold() {
    assert_eq!(verdict(&[SIMPLE]), ZonemdVerdict::Verified);
    assert_eq!(verdict(&[COMPLEX]), ZonemdVerdict::Verified);
    for known in [SEVERAL_384, SEVERAL_512] {
        assert_eq!(verdict(&[known, SEVERAL]), ZonemdVerdict::Verified);
        let with_private = [known, SEVERAL_PRIVATE, SEVERAL];
        assert_eq!(verdict(&with_private), ZonemdVerdict::Verified);
    }
}

#[test]
fn what_was_changed_shows() {
    for parts in [[SIMPLE, "x 1 A 192.0.2.1\n"], [COMPLEX, "x 1 TXT x\n"]] {
        assert_eq!(verdict(&parts), ZonemdVerdict::Mismatch);
    }
    let ttl = SIMPLE.replace("3600 A", "3601 A");
    assert_eq!(verdict(&[&ttl]), ZonemdVerdict::Mismatch);
}

#[test]
fn one_digest_that_holds_is_enough() {
    let other = SEVERAL_384.replace("62e6", "62e7");
    assert_eq!(verdict(&[&other, SEVERAL]), ZonemdVerdict::Mismatch);
    let both = [&other, SEVERAL_512, SEVERAL];
    assert_eq!(verdict(&both), ZonemdVerdict::Verified);
    let late = SEVERAL_512.replace("2018031900", "2018031901");
    let both = [SEVERAL_384, &late, SEVERAL];
    assert_eq!(verdict(&both), ZonemdVerdict::Verified);
}

#[test]
fn a_digest_that_cannot_be_compared_proves_nothing() {
    assert_eq!(verdict(&[SEVERAL]), ZonemdVerdict::Absent);
    let unknown = verdict(&[SEVERAL_PRIVATE, SEVERAL]);
    assert_eq!(unknown, ZonemdVerdict::Unknown);
    let late = SIMPLE.replace("2018031900 1 1", "2018031899 1 1");
    assert_eq!(verdict(&[&late]), ZonemdVerdict::OtherSerial);
    // RFC 8976 section 4: several with one scheme and hash, and none of them counts.
    let twice = SEVERAL_384.replace("62e6", "62e7");
    let parts = [SEVERAL_384, &twice, SEVERAL];
    assert_eq!(verdict(&parts), ZonemdVerdict::Unknown);
}

#[test]
fn the_record_that_is_made_proves_the_version_and_only_that() {
    for hash in ZonemdHash::ALL {
        let zone = zone(&[COMPLEX]);
        let next = zone
            .with_rrsets(&[zone.serial_change(Serial::new(2_018_031_901))])
            .unwrap();
        assert_eq!(next.verify_zonemd(), ZonemdVerdict::OtherSerial);
        let next = next.with_rrsets(&[next.zonemd_change(hash)]).unwrap();
        assert_eq!(next.verify_zonemd(), ZonemdVerdict::Verified);
        assert_eq!(next.apex().rrset(Rtype::ZONEMD).unwrap().count(), 1);
        let owner = name("x.example.");
        let text = RRsetChange::Set(owner, Rtype::TXT, 1, vec![b"\x01x".to_vec()]);
        let after = next.with_rrsets(&[text]).unwrap();
        assert_eq!(after.verify_zonemd(), ZonemdVerdict::Mismatch);
    }
}

/// RFC 8976 section 3.3.1, RFC 4034 section 3.1.1: it is made after the digest; others are covered.
#[test]
fn a_signature_of_the_digest_is_not_covered() {
    let signature = |covered: &str, owner: &str| {
        format!(
            "{owner} 86400 RRSIG {covered} 8 1 86400 20301231235959 20201231235959 1 example. AA==\n"
        )
    };
    let digest = |more: &str| zone(&[SIMPLE, more]).zonemd(ZonemdHash::Sha384);
    assert_eq!(digest(&signature("ZONEMD", "@")), digest(""));
    assert_ne!(digest(&signature("SOA", "@")), digest(""));
    assert_ne!(digest(&signature("ZONEMD", "ns1")), digest(""));
}

/// RFC 4034 section 6.2, RFC 6840 section 5.1: names of the listed types, and of no others, have no case.
#[test]
fn case_counts_in_the_names_of_newer_types_only() {
    let digest = |record: &str| zone(&[record]).zonemd(ZonemdHash::Sha512);
    let folded = [
        "x 1 CNAME A.Example.\n",
        "x 1 MX 1 A.Example.\n",
        "x 1 SRV 1 1 1 A.Example.\n",
        "x 1 NAPTR 1 1 \"\" \"\" \"\" A.Example.\n",
        "X 1 RP A.example. B.example.\n",
    ];
    for record in folded {
        assert_eq!(
            digest(record),
            digest(
                &record
                    .replace("A.E", "a.e")
                    .replace("A.e", "a.e")
                    .replace("B.e", "b.e")
            ),
            "{record}"
        );
    }
    for record in [
        "x 1 SVCB 1 A.Example.\n",
        "x 1 NSEC A.Example. A\n",
        "x 1 TXT A.Example.\n",
    ] {
        assert_ne!(
            digest(record),
            digest(&record.replace("A.E", "a.e")),
            "{record}"
        );
    }
    // Records of such a type stand in the order of their octets as they are: `B` before `a`.
    // The digest is dnspython's.
    let mixed = zone(&["@ ZONEMD 2018031900 1 2 \
        d4c2143004b0aa067ba7a96d1efaaa0be88f2751c3f1948981e69c38a7e65113\
        c0b419b56562cc650d6a204d9db3e4518c9446810e92d0387d0717d3cfd11806\n\
        x 1 SVCB 1 a.\nx 1 SVCB 1 B.\n"]);
    assert_eq!(mixed.verify_zonemd(), ZonemdVerdict::Verified);
}
