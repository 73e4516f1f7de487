//! One fault at an offset of a text, before file and line are known.

/// chosen: what of a word still reads well in one line.
const MAX_SHOWN: usize = 80;

/// What is wrong, and where in the text.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The offset of the offending octet.
    pub(crate) at: usize,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Fault {
    /// The message is made here, off the path of good files.
    #[cold]
    pub(crate) fn new(at: usize, code: &'static str, message: impl FnOnce() -> String) -> Self {
        Self {
            at,
            code,
            message: message(),
        }
    }
}

/// Octets of a file as a message shows them: short, and with everything that a terminal could obey
/// as `\DDD` (RFC 1035 section 5.1).
#[cold]
pub(crate) fn shown(octets: &[u8]) -> String {
    match octets.split_at_checked(MAX_SHOWN) {
        Some((start, [_, ..])) => escaped(start) + "...",
        _ => escaped(octets),
    }
}

/// As `shown`, but whole.
#[cold]
pub(crate) fn escaped(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for octet in octets {
        match octet {
            b' '..=b'~' => text.push(char::from(*octet)),
            _ => text.extend([r"\", &format!("{octet:03}")]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_printable() {
        assert_eq!(shown(b"a b\\"), r"a b\");
        assert_eq!(
            shown(b"\x1b[31m\n\x7f\xc3\xa9"),
            r"\027[31m\010\127\195\169"
        );
        assert_eq!(shown(&[b'x'; 81]), format!("{}...", "x".repeat(80)));
    }
}
