//! Records that no message has room for (RFC 1035 section 4.2.2): sets of them are warned of, one alone is refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use understudy_wire::NameBuf;
use understudy_zone::{Problem, Zone};

const HEAD: &str = "$TTL 1h\n@ SOA ns hostmaster 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n";

/// What is odd about a zone with these lines.
fn warnings(lines: &str) -> Vec<Problem> {
    let origin: NameBuf = "example.".parse().unwrap();
    let text = format!("{HEAD}{lines}");
    Zone::parse(text.as_bytes(), "test.zone", origin.as_name())
        .unwrap()
        .warnings
}

fn addresses(count: usize) -> String {
    let lines = (0..count).map(|number| format!("a A 10.0.{}.{}\n", number / 256, number % 256));
    lines.collect()
}

#[test]
fn an_rrset_that_no_message_has_room_for_is_warned_of_at_its_first_record() {
    // A header, the question, and for each address a pointer, what every record has, and itself.
    let most = (65_535 - 12 - "\u{1}a\u{7}example\u{0}".len() - 4) / 16;
    assert!(warnings(&addresses(most)).is_empty());
    let found = warnings(&addresses(most + 1));
    let told: Vec<_> = found
        .iter()
        .map(|it| (it.line, it.column, it.code))
        .collect();
    assert_eq!(told, [(5, 3, "zone.rrset.size")]);
    let start = format!("the {} A records here take 65", most + 1);
    assert!(
        found.iter().all(|it| it.message.starts_with(&start)),
        "{found:?}"
    );
}

/// No transfer gets beyond such a record, so it would cost secondaries the whole zone.
#[test]
fn one_record_that_a_message_may_have_no_room_for_is_an_error() {
    let long = |octets: usize| format!("a TYPE65280 \\# {octets} {}\n", "00".repeat(octets));
    assert!(warnings(&long(64_311)).is_empty());
    for more in ["", "a TYPE65280 \\# 1 00\n"] {
        let text = format!("{HEAD}{}{more}", long(64_312));
        let origin: NameBuf = "example.".parse().unwrap();
        let found = Zone::parse(text.as_bytes(), "test.zone", origin.as_name()).unwrap_err();
        assert!(
            found.to_string().starts_with(
                "test.zone:5:3: zone.record.size: a TYPE65280 record here has 64312 octets"
            ),
            "{found}"
        );
    }
}

#[test]
fn names_in_records_may_be_pointers_and_count_as_such() {
    let servers = (0..4000).map(|number| format!("a MX 1 m{number}.elsewhere.test.\n"));
    assert!(warnings(&servers.collect::<String>()).is_empty());
}
