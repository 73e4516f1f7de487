//! Names in presentation format (RFC 1035 section 5.1): `\X` and `\DDD` escapes, dots between
//! labels. Text exists at the edges only.

use core::fmt;
use core::str::FromStr;

use crate::name::{MAX_LABEL_OCTETS, MAX_NAME_OCTETS, Name, NameBuf};

/// What is wrong with a name in text, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTextError {
    /// What is wrong.
    pub fault: NameTextFault,
    /// Octets before the offending one.
    pub offset: usize,
}

/// What is wrong with a name in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameTextFault {
    /// No octets at all.
    Empty,
    /// Two dots in a row, or a dot at the start.
    EmptyLabel,
    /// A label above 63 octets.
    LongLabel,
    /// More than 255 octets, the origin included.
    LongName,
    /// A backslash with nothing, too few digits, or a number above 255 behind it.
    BadEscape,
    /// A relative name where no origin is known.
    NoOrigin,
}

impl fmt::Display for NameTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.fault {
            NameTextFault::Empty => "the name is empty",
            NameTextFault::EmptyLabel => "the name has an empty label",
            NameTextFault::LongLabel => "a label is longer than 63 octets",
            NameTextFault::LongName => "the name is longer than 255 octets",
            NameTextFault::BadEscape => "a backslash needs a character or three digits up to 255",
            NameTextFault::NoOrigin => "the name is relative and there is no origin",
        })
    }
}

impl core::error::Error for NameTextError {}

/// A name being put together label by label.
struct Builder {
    octets: [u8; MAX_NAME_OCTETS],
    end: usize,
    label_start: usize,
}

impl Builder {
    fn new() -> Self {
        Self {
            octets: [0; MAX_NAME_OCTETS],
            end: 1,
            label_start: 0,
        }
    }

    fn push(&mut self, octet: u8) -> Result<(), NameTextFault> {
        if self.end - self.label_start > MAX_LABEL_OCTETS {
            return Err(NameTextFault::LongLabel);
        }
        *self
            .octets
            .get_mut(self.end)
            .ok_or(NameTextFault::LongName)? = octet;
        self.end += 1;
        Ok(())
    }

    fn end_label(&mut self) -> Result<(), NameTextFault> {
        let length = self.end - self.label_start - 1;
        if length == 0 {
            return Err(NameTextFault::EmptyLabel);
        }
        let length = u8::try_from(length).map_err(|_| NameTextFault::LongLabel)?;
        *self
            .octets
            .get_mut(self.label_start)
            .ok_or(NameTextFault::LongName)? = length;
        self.label_start = self.end;
        self.end += 1;
        Ok(())
    }

    fn finish(self, origin: Name<'_>) -> Result<NameBuf, NameTextFault> {
        let labels = self
            .octets
            .get(..self.label_start)
            .ok_or(NameTextFault::LongName)?;
        NameBuf::concat(&[labels, origin.octets()]).map_err(|_| NameTextFault::LongName)
    }
}

impl NameBuf {
    /// Read presentation format. A name without a final dot is relative to `origin`.
    ///
    /// # Errors
    /// What is wrong and where.
    pub fn from_text(text: &[u8], origin: Option<Name<'_>>) -> Result<Self, NameTextError> {
        let fail = |fault, offset| NameTextError { fault, offset };
        match text {
            [] => return Err(fail(NameTextFault::Empty, 0)),
            b"." => return Ok(Self::ROOT),
            _ => (),
        }
        let mut builder = Builder::new();
        let mut at = 0;
        let mut is_open = false;
        while let Some(octet) = text.get(at) {
            let (step, outcome) = match octet {
                b'.' => {
                    is_open = false;
                    (1, builder.end_label())
                }
                b'\\' => {
                    is_open = true;
                    match unescape(text.get(at + 1..).unwrap_or_default()) {
                        Some((value, length)) => (1 + length, builder.push(value)),
                        None => (1, Err(NameTextFault::BadEscape)),
                    }
                }
                other => {
                    is_open = true;
                    (1, builder.push(*other))
                }
            };
            outcome.map_err(|fault| fail(fault, at))?;
            at += step;
        }
        let end = if is_open {
            builder.end_label().map_err(|fault| fail(fault, at))?;
            origin.ok_or_else(|| fail(NameTextFault::NoOrigin, 0))?
        } else {
            Name::ROOT
        };
        builder.finish(end).map_err(|fault| fail(fault, 0))
    }
}

/// What a backslash's followers mean, and how many they are.
fn unescape(after: &[u8]) -> Option<(u8, usize)> {
    let digit = |octet: &u8| octet.is_ascii_digit().then(|| u16::from(*octet - b'0'));
    let first = after.first()?;
    let Some(hundreds) = digit(first) else {
        return Some((*first, 1));
    };
    let value = hundreds * 100 + digit(after.get(1)?)? * 10 + digit(after.get(2)?)?;
    u8::try_from(value).ok().map(|value| (value, 3))
}

impl FromStr for NameBuf {
    type Err = NameTextError;

    /// The final dot may be missing: text at the program's edges is always absolute.
    fn from_str(text: &str) -> Result<Self, NameTextError> {
        Self::from_text(text.as_bytes(), Some(Name::ROOT))
    }
}

/// Read by everybody without an escape. Knot reads no other character so, though RFC 1035 section 5.1
/// lets it, and `\[` begins a label of bits to BIND and NSD.
fn is_plain(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-_*/".contains(&octet)
}

/// As people write a name. The alternate form (`{:#}`) is for the readers of other servers.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;

        if self.is_root() {
            return f.write_char('.');
        }
        for label in self.labels() {
            for octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                        write!(f, "\\{}", char::from(*octet))?;
                    }
                    0x21..=0x7e if !f.alternate() || is_plain(*octet) => {
                        f.write_char(char::from(*octet))?;
                    }
                    other => write!(f, "\\{other:03}")?,
                }
            }
            f.write_char('.')?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NameBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_name(), f)
    }
}

impl fmt::Debug for NameBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_name(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NameBuf {
        text.parse().unwrap()
    }

    fn fault(text: &[u8]) -> NameTextFault {
        NameBuf::from_text(text, None).unwrap_err().fault
    }

    /// RFC 1035 section 5.1, RFC 2181 section 11.
    #[test]
    fn text_and_octets_are_one_name() {
        assert_eq!(
            name("www.Example").as_name().octets(),
            b"\x03www\x07Example\0"
        );
        assert_eq!(name(".").as_name().octets(), b"\0");
        assert_eq!(name(r"a\.b.c").as_name().octets(), b"\x03a.b\x01c\0");
        assert_eq!(name(r"\000\255.c").as_name().octets(), b"\x02\0\xff\x01c\0");
        assert_eq!(name(r"a\.b\032\(x.").to_string(), r"a\.b\032\(x.");
    }

    #[test]
    fn what_others_may_not_read_is_escaped_on_demand() {
        for octet in 0..=u8::MAX {
            let name = NameBuf::child(&[b'x', octet], Name::ROOT).unwrap();
            for text in [format!("{name}"), format!("{name:#}")] {
                assert_eq!(text.parse(), Ok(name), "{text}");
            }
        }
        let odd = name(r"a!b.c'd.*._e-f.g/h.");
        assert_eq!(format!("{odd}"), r"a!b.c'd.*._e-f.g/h.");
        assert_eq!(format!("{odd:#}"), r"a\033b.c\039d.*._e-f.g/h.");
    }

    #[test]
    fn relative_names_take_the_origin() {
        let origin = name("example.");
        let read = |text: &[u8]| NameBuf::from_text(text, Some(origin.as_name())).unwrap();
        assert_eq!(read(b"www").to_string(), "www.example.");
        assert_eq!(read(b"www.").to_string(), "www.");
        assert_eq!(fault(b"www"), NameTextFault::NoOrigin);
    }

    #[test]
    fn faults_say_what_and_where() {
        assert_eq!(fault(b""), NameTextFault::Empty);
        assert_eq!(fault(b".a"), NameTextFault::EmptyLabel);
        assert_eq!(fault(b"a..b."), NameTextFault::EmptyLabel);
        assert_eq!(fault(br"a\25"), NameTextFault::BadEscape);
        assert_eq!(fault(br"a\256."), NameTextFault::BadEscape);
        assert_eq!(fault(b"a\\"), NameTextFault::BadEscape);
        assert_eq!(fault(&[b'a'; 64]), NameTextFault::LongLabel);
        assert_eq!(NameBuf::from_text(br"ab\2", None).unwrap_err().offset, 2);
    }

    /// RFC 1035 sections 2.3.4 and 3.1.
    #[test]
    fn a_name_may_have_255_octets_and_no_more() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}.", "a".repeat(61));
        assert_eq!(name(&longest).as_name().octets().len(), 255);
        let longer = format!("{label}.{label}.{label}.{}.", "a".repeat(62));
        assert_eq!(fault(longer.as_bytes()), NameTextFault::LongName);
    }
}
