//! Service parameters of SVCB and HTTPS (RFC 9460 section 2.1 and appendix A).

use std::fmt::Write as _;

use super::addresses::{parse_ipv4, parse_ipv6, write_ipv4, write_ipv6};
use super::codec::{DigitKind, decode, write_base64};
use super::fields::{push_unescaped, write_quoted};
use super::read::{Source, refuse};
use crate::fault::Fault;
use crate::lexer::Word;

const CODE: &str = "zone.rdata.svcparam";

/// The keys that have names, at the index of their number (IANA "Service Parameter Keys").
const KEYS: &[&str] = &[
    "mandatory",
    "alpn",
    "no-default-alpn",
    "port",
    "ipv4hint",
    "ech",
    "ipv6hint",
    "dohpath",
    "ohttp",
    "tls-supported-groups",
];

const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const NO_DEFAULT_ALPN: u16 = 2;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const ECH: u16 = 5;
const IPV6_HINT: u16 = 6;
const OHTTP: u16 = 8;
const TLS_GROUPS: u16 = 9;

/// `key=value` to the end, in any order; octets are in ascending order of keys.
pub(crate) fn read(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let mut params: Vec<(u16, Vec<u8>)> = Vec::new();
    let at = source.words.offset();
    while let Some(word) = source.words.word()? {
        let (key, value) = read_param(source, word)?;
        if params.iter().any(|(known, _)| *known == key) {
            return Err(refuse(word, CODE, "the key is there twice"));
        }
        params.push((key, value));
    }
    params.sort();
    check_mandatory(&params).ok_or_else(|| {
        Fault::new(at, CODE, || {
            "mandatory lists a key twice, itself, or one that is not there".to_owned()
        })
    })?;
    for (key, value) in params {
        source.out.extend_from_slice(&key.to_be_bytes());
        source
            .out
            .extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        source.out.extend_from_slice(&value);
    }
    Ok(())
}

/// RFC 9460 section 8.
fn check_mandatory(params: &[(u16, Vec<u8>)]) -> Option<()> {
    let Some((MANDATORY, value)) = params.first() else {
        return Some(());
    };
    let keys: Vec<u16> = value
        .chunks(2)
        .map(|key| key.try_into().ok().map(u16::from_be_bytes))
        .collect::<Option<_>>()?;
    let is_listed_well = !keys.is_empty()
        && keys.is_sorted_by(|left, right| left < right)
        && keys
            .iter()
            .all(|key| *key != MANDATORY && params.iter().any(|(known, _)| known == key));
    is_listed_well.then_some(())
}

fn read_param(source: &mut Source<'_, '_>, word: Word<'_>) -> Result<(u16, Vec<u8>), Fault> {
    let (name, mut value) = match word.octets.iter().position(|octet| *octet == b'=') {
        Some(at) => (
            word.octets.get(..at).unwrap_or_default(),
            word.octets.get(at + 1..),
        ),
        None => (word.octets, None),
    };
    let key = key_number(name).ok_or_else(|| refuse(word, CODE, "not a key that is known"))?;
    if value == Some(&[]) {
        let end = word.at + word.octets.len();
        if source
            .words
            .peek()?
            .is_some_and(|next| next.is_quoted && next.at == end)
        {
            value = source.words.word()?.map(|quoted| quoted.octets);
        }
    }
    let mut plain = Vec::new();
    push_unescaped(
        Word {
            octets: value.unwrap_or_default(),
            ..word
        },
        &mut plain,
    )?;
    let octets = param_octets(key, &plain, value.is_some())
        .filter(|octets| u16::try_from(octets.len()).is_ok())
        .ok_or_else(|| refuse(word, CODE, "the value does not fit the key"))?;
    Ok((key, octets))
}

fn key_number(name: &[u8]) -> Option<u16> {
    if let Some(index) = KEYS.iter().position(|key| key.as_bytes() == name) {
        return u16::try_from(index).ok();
    }
    let digits = std::str::from_utf8(name.strip_prefix(b"key")?).ok()?;
    let is_canonical = !digits.is_empty()
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    digits
        .parse()
        .ok()
        .filter(|number| is_canonical && *number != u16::MAX)
}

fn param_octets(key: u16, value: &[u8], has_value: bool) -> Option<Vec<u8>> {
    let list = || value.split(|octet| *octet == b',');
    let text = |octets: &[u8]| std::str::from_utf8(octets).ok().map(str::to_owned);
    match key {
        NO_DEFAULT_ALPN | OHTTP => value.is_empty().then(Vec::new),
        _ if value.is_empty() && (key <= TLS_GROUPS || has_value) && key != 7 => {
            (key > TLS_GROUPS).then(Vec::new)
        }
        MANDATORY => {
            let mut keys: Vec<u16> = list().map(key_number).collect::<Option<_>>()?;
            keys.sort_unstable();
            Some(keys.into_iter().flat_map(u16::to_be_bytes).collect())
        }
        ALPN => alpn_octets(value),
        PORT => text(value)?
            .parse()
            .ok()
            .map(|port: u16| port.to_be_bytes().to_vec()),
        IPV4_HINT => list()
            .map(parse_ipv4)
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat()),
        IPV6_HINT => list()
            .map(parse_ipv6)
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat()),
        ECH => {
            let mut octets = Vec::new();
            decode(DigitKind::Base64, value, &mut octets).map(|()| octets)
        }
        TLS_GROUPS => {
            let groups = list().map(|group| text(group)?.parse().ok());
            let groups: Vec<u16> = groups.collect::<Option<_>>()?;
            Some(groups.into_iter().flat_map(u16::to_be_bytes).collect())
        }
        _ => Some(value.to_vec()),
    }
}

/// A list of texts, where a comma or backslash inside a text has a backslash before it (RFC 9460
/// appendix A.1).
fn alpn_octets(value: &[u8]) -> Option<Vec<u8>> {
    let mut items = vec![Vec::new()];
    let mut octets = value.iter();
    while let Some(octet) = octets.next() {
        match octet {
            b',' => items.push(Vec::new()),
            b'\\' => items.last_mut()?.push(*octets.next()?),
            other => items.last_mut()?.push(*other),
        }
    }
    let mut made = Vec::new();
    for item in items {
        made.push(u8::try_from(item.len()).ok().filter(|length| *length > 0)?);
        made.extend_from_slice(&item);
    }
    Some(made)
}

pub(crate) fn write(mut octets: &[u8], out: &mut String) -> Option<()> {
    let mut params: Vec<(u16, Vec<u8>)> = Vec::new();
    while let Some((head, rest)) = octets.split_first_chunk::<4>() {
        let [key0, key1, length0, length1] = *head;
        let (value, rest) =
            rest.split_at_checked(usize::from(u16::from_be_bytes([length0, length1])))?;
        let key = u16::from_be_bytes([key0, key1]);
        if params.last().is_some_and(|(last, _)| *last >= key) || key == u16::MAX {
            return None;
        }
        out.push_str(if params.is_empty() { "" } else { " " });
        write_param(key, value, out)?;
        params.push((key, value.to_vec()));
        octets = rest;
    }
    check_mandatory(&params)?;
    octets.is_empty().then_some(())
}

fn write_key(key: u16, out: &mut String) -> Option<()> {
    match KEYS.get(usize::from(key)) {
        Some(name) => out.push_str(name),
        None => write!(out, "key{key}").ok()?,
    }
    Some(())
}

fn write_param(key: u16, value: &[u8], out: &mut String) -> Option<()> {
    write_key(key, out)?;
    if matches!(key, NO_DEFAULT_ALPN | OHTTP) {
        return value.is_empty().then_some(());
    }
    if value.is_empty() {
        return (key > TLS_GROUPS || key == 7).then_some(());
    }
    out.push('=');
    match key {
        MANDATORY => write_list(value, 2, out, |key, out| {
            write_key(u16::from_be_bytes(key.try_into().ok()?), out)
        }),
        ALPN => write_alpn(value, out),
        PORT => write!(out, "{}", u16::from_be_bytes(value.try_into().ok()?)).ok(),
        IPV4_HINT => write_list(value, 4, out, write_ipv4),
        IPV6_HINT => write_list(value, 16, out, write_ipv6),
        ECH => {
            write_base64(value, out);
            Some(())
        }
        TLS_GROUPS => write_list(value, 2, out, |group, out| {
            write!(out, "{}", u16::from_be_bytes(group.try_into().ok()?)).ok()
        }),
        _ => {
            write_quoted(value, out);
            Some(())
        }
    }
}

/// Items of one size, with commas between.
fn write_list(
    value: &[u8],
    size: usize,
    out: &mut String,
    write: impl Fn(&[u8], &mut String) -> Option<()>,
) -> Option<()> {
    for (index, item) in value.chunks(size).enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        write(item, out)?;
    }
    Some(())
}

fn write_alpn(mut value: &[u8], out: &mut String) -> Option<()> {
    let mut list = Vec::new();
    while let Some((length, rest)) = value.split_first() {
        let (item, rest) = rest.split_at_checked(usize::from(*length))?;
        if item.is_empty() {
            return None;
        }
        if !list.is_empty() {
            list.push(b',');
        }
        for octet in item {
            if matches!(octet, b',' | b'\\') {
                list.push(b'\\');
            }
            list.push(*octet);
        }
        value = rest;
    }
    write_quoted(&list, out);
    Some(())
}
