//! Seconds with units, and moments as `YYYYMMDDHHmmSS`.

/// Why a TTL is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TtlError {
    /// Not digits, or digits with units.
    NotATime,
    /// Above 2^31 - 1 (RFC 2181 section 8).
    TooLarge,
}

/// RFC 2181 section 8.
const MAX_TTL: u32 = 0x7fff_ffff;

/// `3600`, `1h`, `1w2d3h4m5s`: RFC 1035 seconds, or BIND's units.
pub(crate) fn read_ttl(text: &[u8]) -> Result<u32, TtlError> {
    match read_period(text)? {
        seconds if seconds > MAX_TTL => Err(TtlError::TooLarge),
        seconds => Ok(seconds),
    }
}

/// Any 32-bit number of seconds.
pub(crate) fn read_period(text: &[u8]) -> Result<u32, TtlError> {
    let mut total: u64 = 0;
    let mut number: Option<u64> = None;
    let mut has_units = false;
    for octet in text {
        if octet.is_ascii_digit() {
            let digit = u64::from(*octet - b'0');
            let value = number.unwrap_or(0).saturating_mul(10).saturating_add(digit);
            number = Some(value);
            continue;
        }
        let unit = unit_seconds(*octet).ok_or(TtlError::NotATime)?;
        let count = number.take().ok_or(TtlError::NotATime)?;
        total = total.saturating_add(count.saturating_mul(unit));
        has_units = true;
    }
    match (number, has_units) {
        (Some(seconds), false) => total = seconds,
        (None, true) => (),
        _ => return Err(TtlError::NotATime),
    }
    u32::try_from(total).map_err(|_| TtlError::TooLarge)
}

const fn unit_seconds(unit: u8) -> Option<u64> {
    match unit {
        b's' | b'S' => Some(1),
        b'm' | b'M' => Some(60),
        b'h' | b'H' => Some(3600),
        b'd' | b'D' => Some(86_400),
        b'w' | b'W' => Some(604_800),
        _ => None,
    }
}

const DAY_S: u64 = 86_400;

/// `YYYYMMDDHHmmSS` in UTC, or plain seconds (RFC 4034 section 3.2). Moments after 2106 wrap, as
/// the field compares by serial arithmetic.
pub(crate) fn read_time(text: &[u8]) -> Option<u32> {
    if text.len() != 14 {
        return read_digits(text).and_then(|value| u32::try_from(value).ok());
    }
    let part = |from: usize, to: usize| text.get(from..to).and_then(read_digits);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let is_possible = year >= 1970
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_possible {
        return None;
    }
    let days = (1970..year).map(days_of_year).sum::<u64>()
        + (1..month).map(|month| days_of(year, month)).sum::<u64>()
        + day
        - 1;
    let seconds = days * DAY_S + hour * 3600 + minute * 60 + second;
    u32::try_from(seconds & u64::from(u32::MAX)).ok()
}

/// The moment as `YYYYMMDDHHmmSS`, between 1970 and 2106.
pub(crate) fn write_time(seconds: u32, out: &mut String) {
    use std::fmt::Write as _;

    let seconds = u64::from(seconds);
    let mut days = seconds / DAY_S;
    let mut year = 1970;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_of(year, month) {
        days -= days_of(year, month);
        month += 1;
    }
    let of_day = seconds % DAY_S;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "{year:04}{month:02}{:02}{hour:02}{minute:02}{second:02}",
        days + 1
    );
}

fn read_digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 14 {
        return None;
    }
    text.iter().try_fold(0, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + u64::from(*digit - b'0'))
    })
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_of_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2181 section 8.
    #[test]
    fn ttls_have_units() {
        for (text, seconds) in [
            ("0", Ok(0)),
            ("3600", Ok(3600)),
            ("1h30m", Ok(5400)),
            ("1W1D1H1M1S", Ok(694_861)),
            ("2147483647", Ok(0x7fff_ffff)),
            ("2147483648", Err(TtlError::TooLarge)),
            ("99999999999999999999w", Err(TtlError::TooLarge)),
            ("", Err(TtlError::NotATime)),
            ("h", Err(TtlError::NotATime)),
            ("1h30", Err(TtlError::NotATime)),
            ("1x", Err(TtlError::NotATime)),
            ("-1", Err(TtlError::NotATime)),
        ] {
            assert_eq!(read_ttl(text.as_bytes()), seconds, "{text}");
        }
    }

    /// RFC 4034 section 3.2.
    #[test]
    fn moments_are_utc() {
        for (text, seconds) in [
            ("19700101000000", 0),
            ("20000229123456", 951_827_696),
            ("20380119031408", 0x8000_0000),
            ("21060207062815", u32::MAX),
        ] {
            assert_eq!(read_time(text.as_bytes()), Some(seconds));
            let mut back = String::new();
            write_time(seconds, &mut back);
            assert_eq!(back, text);
        }
        assert_eq!(read_time(b"1234567890"), Some(1_234_567_890));
        for text in [
            "20010229000000",
            "20011301000000",
            "2001010100000x",
            "19690101000000",
            "",
        ] {
            assert_eq!(read_time(text.as_bytes()), None, "{text}");
        }
    }
}
