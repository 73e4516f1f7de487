//! LOC (RFC 1876): a place on earth, in thousandths of an arc second and centimetres.

use std::fmt::Write as _;

use super::read::{Source, refuse};
use crate::fault::Fault;
use crate::lexer::Word;

/// The equator and the prime meridian.
const MIDDLE: u32 = 1 << 31;
/// The lowest altitude is 100,000 m below the spheroid.
const ALTITUDE_BASE_CM: i64 = 10_000_000;
/// RFC 1876 section 3: size 1 m, horizontal precision 10,000 m, vertical 10 m.
const DEFAULT_SIZES: [u8; 3] = [0x12, 0x16, 0x13];

const CODE: &str = "zone.rdata.loc";

pub(crate) fn read(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let latitude = read_angle(source, 90, (b"N", b"S"))?;
    let longitude = read_angle(source, 180, (b"E", b"W"))?;
    let word = source.need("an altitude in metres")?;
    let altitude = centimetres(word.octets)
        .and_then(|cm| u32::try_from(cm + ALTITUDE_BASE_CM).ok())
        .ok_or_else(|| refuse(word, CODE, "not an altitude like -24.00m"))?;
    let mut sizes = DEFAULT_SIZES;
    for size in &mut sizes {
        let Some(word) = source.words.word()? else {
            break;
        };
        *size = centimetres(word.octets)
            .and_then(|cm| u64::try_from(cm).ok())
            .and_then(to_power)
            .ok_or_else(|| refuse(word, CODE, "not a size from 0 to 90000000m"))?;
    }
    source.out.push(0);
    source.out.extend_from_slice(&sizes);
    for value in [latitude, longitude, altitude] {
        source.out.extend_from_slice(&value.to_be_bytes());
    }
    Ok(())
}

/// `degrees [minutes [seconds]] direction`.
fn read_angle(
    source: &mut Source<'_, '_>,
    max_degrees: u32,
    (positive, negative): (&[u8], &[u8]),
) -> Result<u32, Fault> {
    let mut thousandths = 0;
    let mut scales = [(max_degrees, 3_600_000), (59, 60_000), (59, 1000)].into_iter();
    loop {
        let word = source.need("degrees, minutes, seconds and a direction")?;
        if word.octets.eq_ignore_ascii_case(positive) || word.octets.eq_ignore_ascii_case(negative)
        {
            let is_positive = word.octets.eq_ignore_ascii_case(positive);
            if thousandths > max_degrees * 3_600_000 || scales.len() == 3 {
                return Err(refuse(word, CODE, "the angle is missing or too large"));
            }
            let middle = MIDDLE;
            return Ok(if is_positive {
                middle + thousandths
            } else {
                middle - thousandths
            });
        }
        let value = scales
            .next()
            .and_then(|(max, scale)| angle_part(word, max, scale));
        thousandths +=
            value.ok_or_else(|| refuse(word, CODE, "not a part of an angle, nor a direction"))?;
    }
}

/// Degrees and minutes are whole; seconds may have three decimals.
fn angle_part(word: Word<'_>, max: u32, scale: u32) -> Option<u32> {
    let text = std::str::from_utf8(word.octets).ok()?;
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if scale == 1000 => (whole, fixed(fraction, 3)?),
        Some(_) => return None,
        None => (text, 0),
    };
    if !whole.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= max)?;
    Some(whole * scale + u32::try_from(fraction).ok()?)
}

/// Up to `places` decimals as a whole number.
fn fixed(fraction: &str, places: usize) -> Option<u64> {
    if fraction.len() > places || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<places$}").parse().ok()
}

/// Metres with up to two decimals and perhaps an `m`, in centimetres.
fn centimetres(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_suffix(['m', 'M']).unwrap_or(text);
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || whole.len() > 9 || !whole.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    Some(sign * (whole * 100 + i64::try_from(fixed(fraction, 2)?).ok()?))
}

/// A size as a digit and a power of ten, rounded down.
fn to_power(cm: u64) -> Option<u8> {
    let (mut mantissa, mut exponent) = (cm, 0);
    while mantissa > 9 {
        mantissa /= 10;
        exponent += 1;
    }
    if exponent > 9 {
        return None;
    }
    u8::try_from(mantissa << 4 | exponent).ok()
}

pub(crate) fn write(octets: &[u8], out: &mut String) -> Option<()> {
    let ([version, size, horizontal, vertical], rest) = octets.split_first_chunk()?;
    let (latitude, rest) = rest.split_first_chunk()?;
    let (longitude, rest) = rest.split_first_chunk()?;
    let altitude = u32::from_be_bytes(rest.try_into().ok()?);
    if *version != 0 {
        return None;
    }
    write_angle(u32::from_be_bytes(*latitude), 90, ('N', 'S'), out)?;
    write_angle(u32::from_be_bytes(*longitude), 180, ('E', 'W'), out)?;
    let cm = i64::from(altitude) - ALTITUDE_BASE_CM;
    let sign = if cm < 0 { "-" } else { "" };
    write!(out, "{sign}{}.{:02}m", cm.abs() / 100, cm.abs() % 100).ok()?;
    for power in [size, horizontal, vertical] {
        let (mantissa, exponent) = (u64::from(power >> 4), u32::from(power & 0x0f));
        let is_canonical = mantissa <= 9 && exponent <= 9 && (mantissa > 0 || exponent == 0);
        if !is_canonical {
            return None;
        }
        let cm = mantissa * 10_u64.pow(exponent);
        write!(out, " {}.{:02}m", cm / 100, cm % 100).ok()?;
    }
    Some(())
}

fn write_angle(
    value: u32,
    max_degrees: u32,
    (positive, negative): (char, char),
    out: &mut String,
) -> Option<()> {
    let (direction, value) = match value.checked_sub(MIDDLE) {
        Some(above) => (positive, above),
        None => (negative, MIDDLE - value),
    };
    if value > max_degrees * 3_600_000 {
        return None;
    }
    let (degrees, rest) = (value / 3_600_000, value % 3_600_000);
    let (minutes, rest) = (rest / 60_000, rest % 60_000);
    let (seconds, thousandths) = (rest / 1000, rest % 1000);
    write!(
        out,
        "{degrees} {minutes} {seconds}.{thousandths:03} {direction} "
    )
    .ok()
}
