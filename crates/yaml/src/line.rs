//! What a line may have without being read in different ways.

/// No directive, end of a document or key apart from its value; no character that is white space, a break or nothing at
/// all to some; no escape and no value that touches its quoted key.
pub(crate) fn is_plain(line: &str) -> bool {
    let begin = line.trim_start_matches(' ');
    let is_marked = line.starts_with('%') || line.starts_with("---") || line.starts_with("...");
    let is_apart = begin.starts_with([':', '?']);
    let is_escaped = line.contains('"') && line.contains('\\');
    let is_touching = is_touched(line, "\":") || is_touched(line, "':");
    !(is_marked || is_apart || is_escaped || is_touching) && line.chars().all(is_plain_character)
}

fn is_plain_character(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{1fff}' | '\u{3001}'..='\u{d7ff}')
        || matches!(character, '\u{10000}'..='\u{1fffd}')
}

/// Whether something follows the colon of a quoted key without a blank.
fn is_touched(line: &str, quoted: &str) -> bool {
    let mut rest = line.split(quoted);
    rest.next();
    rest.any(|after| !after.is_empty() && !after.starts_with(' '))
}

/// Whether an unquoted word means nothing else anywhere, by how it begins; and whether it may be a key.
pub(crate) fn is_plain_word(word: &str) -> bool {
    let (begin, is_negative) = word
        .strip_prefix('-')
        .map_or((word, false), |rest| (rest, true));
    is_bearable(word)
        && begin.starts_with(|first: char| {
            let is_odd = !first.is_ascii() || matches!(first, '_' | '/' | '+' | '~' | '$');
            first.is_ascii_alphanumeric() || first == '.' || is_odd && !is_negative
        })
}

/// Keys have a bound (YAML 1.2.2 section 7.4.2); every word keeps it here.
pub(crate) fn is_bearable(word: &str) -> bool {
    word.len() <= 1000
}

/// The column, from 1, of the dash that a line begins with.
pub(crate) fn dash(line: &str) -> Option<usize> {
    let rest = line.trim_start_matches(' ');
    (rest == "-" || rest.starts_with("- ")).then(|| line.len() - rest.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_in_different_ways_is_not_plain() {
        for line in [
            "%YAML 1.1",
            "--- a",
            "...",
            "\ta: b",
            "a:\tb",
            "a\r",
            ": b",
            "  ? a",
            "a: \u{85}b",
            "\u{feff}a",
            "a\u{2028}b",
            "a\u{a0}b",
            "a\u{3000}b",
            "\u{ad}",
            "a: \"\\x41\"",
            "{\"a\":1}",
            "['a':1]",
            "a\u{7f}",
        ] {
            assert!(!is_plain(line), "{line:?}");
        }
    }

    #[test]
    fn what_people_write_is_plain() {
        for line in [
            "",
            "a: b",
            "  - 192.0.2.1",
            "# größer als sonst 😀",
            "{\"a\": 1}",
            "'a': \"b\"",
            "'a':",
            "a: '\\d+'",
            "- - a: [b]",
        ] {
            assert!(is_plain(line), "{line:?}");
        }
    }

    #[test]
    fn a_word_is_plain_by_how_it_begins() {
        for word in [
            "a", "0", "-1", "-.5", "~", "/x", "_a", "+1", "é", ".inf", "$a",
        ] {
            assert!(is_plain_word(word), "{word}");
        }
        for word in [
            "", "::1", "?a", "|", ">", "<<", "-", "--", "-é", "=", "!a", "@a", "%a", "^", "(", "`",
        ] {
            assert!(!is_plain_word(word), "{word}");
        }
        assert!(is_plain_word(&"a".repeat(1000)));
        assert!(!is_plain_word(&"a".repeat(1001)));
    }

    #[test]
    fn a_dash_is_found_where_a_line_begins_with_it() {
        assert_eq!(dash("  - a"), Some(3));
        assert_eq!(dash("-"), Some(1));
        assert_eq!(dash("-a"), None);
        assert_eq!(dash("? - a"), None);
    }
}
