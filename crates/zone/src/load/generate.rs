//! `$GENERATE` as BIND has it: a line made once for each number of a range.

use crate::fault::Fault;
use crate::lexer::Word;
use crate::rdata::refuse;

/// chosen: BIND has no limit; a typing error must not fill the memory. A /8 of reverse names fits.
const MAX_LINES: u64 = 1 << 24;

/// Numbers from a first to a last in steps.
pub(super) type Range = std::iter::StepBy<std::ops::RangeInclusive<i64>>;

/// A part of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Octets as they stand.
    Fixed(Vec<u8>),
    /// The number, with an offset, in a form.
    Number {
        offset: i64,
        width: usize,
        form: Form,
    },
}

/// How the number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Decimal,
    Octal,
    LowerHex,
    UpperHex,
    /// Hexadecimal digits from the lowest, with dots between, for names below ip6.arpa.
    LowerNibbles,
    UpperNibbles,
}

const CODE: &str = "zone.generate";

/// `first-last` or `first-last/step`.
pub(super) fn read_range(word: Word<'_>) -> Result<Range, Fault> {
    let parsed = std::str::from_utf8(word.octets).ok().and_then(|text| {
        let (range, step) = text.split_once('/').unwrap_or((text, "1"));
        let (first, last) = range.split_once('-')?;
        let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
        Some((
            number(first)?,
            number(last)?,
            step.parse::<u32>().ok().filter(|step| *step > 0)?,
        ))
    });
    let (first, last, step) = parsed
        .filter(|(first, last, _)| first <= last)
        .ok_or_else(|| refuse(word, CODE, "not a range like 1-10 or 1-10/2"))?;
    if u64::try_from(last - first).unwrap_or(0) / u64::from(step) >= MAX_LINES {
        return Err(refuse(word, CODE, &format!("more than {MAX_LINES} lines")));
    }
    Ok((first..=last).step_by(usize::try_from(step).unwrap_or(1)))
}

/// Split the line at `$`. `$$` and `\$` stand for a dollar sign.
pub(super) fn read_template(text: &[u8], at: usize) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    let mut fixed = Vec::new();
    let mut rest = text;
    while let Some((octet, after)) = rest.split_first() {
        rest = after;
        match (octet, after) {
            (b'\\', [next, after @ ..]) => {
                fixed.extend_from_slice(&[b'\\', *next]);
                rest = after;
            }
            (b'$', [b'$', after @ ..]) => {
                fixed.extend_from_slice(b"\\$");
                rest = after;
            }
            (b'$', [b'{', inside @ ..]) => {
                let offset = at + text.len() - after.len() - 1;
                let (piece, after) = read_modifier(inside).ok_or_else(|| {
                    Fault::new(offset, CODE, || {
                        "not a modifier like ${offset,width,base} with base d, o, x, X, n or N"
                            .to_owned()
                    })
                })?;
                pieces.push(Piece::Fixed(std::mem::take(&mut fixed)));
                pieces.push(piece);
                rest = after;
            }
            (b'$', _) => {
                pieces.push(Piece::Fixed(std::mem::take(&mut fixed)));
                pieces.push(Piece::Number {
                    offset: 0,
                    width: 0,
                    form: Form::Decimal,
                });
            }
            (other, _) => fixed.push(*other),
        }
    }
    pieces.push(Piece::Fixed(fixed));
    Ok(pieces)
}

/// `offset[,width[,base]]}` and what follows.
fn read_modifier(text: &[u8]) -> Option<(Piece, &[u8])> {
    let end = text.iter().position(|octet| *octet == b'}')?;
    let inside = std::str::from_utf8(text.get(..end)?).ok()?;
    let mut parts = inside.split(',').map(str::trim);
    let offset = i64::from(parts.next()?.parse::<i32>().ok()?);
    let width = parts.next().map_or(Some(0), |width| width.parse().ok())?;
    let form = match parts.next() {
        None | Some("d") => Form::Decimal,
        Some("o") => Form::Octal,
        Some("x") => Form::LowerHex,
        Some("X") => Form::UpperHex,
        Some("n") => Form::LowerNibbles,
        Some("N") => Form::UpperNibbles,
        Some(_) => return None,
    };
    let is_whole = parts.next().is_none() && width <= 255;
    is_whole.then_some((
        Piece::Number {
            offset,
            width,
            form,
        },
        text.get(end + 1..)?,
    ))
}

/// The line for one number.
pub(super) fn expand(pieces: &[Piece], value: i64, line: &mut Vec<u8>) -> Result<(), String> {
    for piece in pieces {
        match piece {
            Piece::Fixed(octets) => line.extend_from_slice(octets),
            Piece::Number {
                offset,
                width,
                form,
            } => {
                let value = u64::try_from(value + offset)
                    .map_err(|_| format!("{value} with the offset {offset} is negative"))?;
                line.extend_from_slice(write_number(value, *width, *form).as_bytes());
            }
        }
    }
    Ok(())
}

fn write_number(value: u64, width: usize, form: Form) -> String {
    match form {
        Form::Decimal => format!("{value:0width$}"),
        Form::Octal => format!("{value:0width$o}"),
        Form::LowerHex => format!("{value:0width$x}"),
        Form::UpperHex => format!("{value:0width$X}"),
        Form::LowerNibbles => write_nibbles(value, width),
        Form::UpperNibbles => write_nibbles(value, width).to_ascii_uppercase(),
    }
}

/// Digits from the lowest with dots between. The width counts digits and dots; a width that ends
/// with a dot leaves it there, so that a label can follow.
fn write_nibbles(value: u64, width: usize) -> String {
    let mut text = String::new();
    let mut rest = value;
    loop {
        text.push(char::from_digit(u32::try_from(rest & 0xf).unwrap_or(0), 16).unwrap_or('0'));
        rest >>= 4;
        if rest == 0 && text.len() >= width {
            return text;
        }
        text.push('.');
        if rest == 0 && text.len() >= width {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(template: &str, value: i64) -> String {
        let pieces = read_template(template.as_bytes(), 0).unwrap();
        let mut line = Vec::new();
        expand(&pieces, value, &mut line).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn numbers_have_offset_width_and_base() {
        for (template, value, expected) in [
            ("host-$ A 10.0.0.$", 7, "host-7 A 10.0.0.7"),
            ("h${0,3,d}", 7, "h007"),
            ("h${-5}", 7, "h2"),
            ("${10,4,x}.${0,2,X}", 5, "000f.05"),
            ("${0,0,o}", 8, "10"),
            ("${0,4,n}", 0x1a, "a.1."),
            ("${0,3,n}", 0x1a, "a.1"),
            ("${0,7,N}", 0x1a, "A.1.0.0"),
            ("${0,0,n}", 0xabc, "c.b.a"),
            ("$$ \\$ $", 1, "\\$ \\$ 1"),
            ("a\\.$", 1, "a\\.1"),
        ] {
            assert_eq!(line(template, value), expected, "{template}");
        }
    }

    #[test]
    fn ranges_have_a_step() {
        let range = |text: &'static str| {
            let word = Word {
                octets: text.as_bytes(),
                at: 0,
                is_quoted: false,
            };
            read_range(word).map(Iterator::collect::<Vec<_>>).ok()
        };
        assert_eq!(range("1-3"), Some(vec![1, 2, 3]));
        assert_eq!(range("0-10/5"), Some(vec![0, 5, 10]));
        assert_eq!(range("5-5"), Some(vec![5]));
        for text in [
            "",
            "1",
            "3-1",
            "1-3/0",
            "a-b",
            "1-4294967296",
            "0-4294967295",
            "-1-3",
        ] {
            assert_eq!(range(text), None, "{text}");
        }
    }

    #[test]
    fn bad_modifiers_are_refused() {
        for template in [
            "${",
            "${}",
            "${x}",
            "${0,x}",
            "${0,0,q}",
            "${0,0,d,1}",
            "${0,256}",
        ] {
            assert!(read_template(template.as_bytes(), 0).is_err(), "{template}");
        }
        let pieces = read_template(b"${-5}", 0).unwrap();
        assert!(expand(&pieces, 4, &mut Vec::new()).is_err());
    }
}
