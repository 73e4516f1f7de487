//! The tuples of the boundary, as `_native.pyi` names them, and the values of the crates.

use std::ops::RangeInclusive;

use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyBytes;
use understudy_engine::RateLimit;
use understudy_wire::{NameBuf, Rtype};
use understudy_zone::{
    Kind, Problem, RRset, RRsetChange, Selector, SteeredChange, SteeredSet, ZonemdHash,
    ZonemdVerdict,
};

use crate::errors::{engine_error, name_error, value_error};

/// (file, line, column, code, message).
pub(crate) type ProblemTuple = (String, u32, u32, &'static str, String);

/// (owner, type, ttl, rdatas).
pub(crate) type RRsetTuple<'py> = (String, u16, u32, Vec<Bound<'py, PyBytes>>);

/// (weight, rdatas).
type VariantTuple = (u32, Vec<PyBackedBytes>);

/// (owner, type, kind, ttl, due, selector, variants).
pub(crate) type SteeredTuple = (
    PyBackedStr,
    u16,
    PyBackedStr,
    u32,
    Option<f64>,
    PyBackedStr,
    Vec<VariantTuple>,
);

/// (owner, type, ttl, rdatas): what plain data has in place of a steered set.
pub(crate) type ViewTuple = (String, u16, u32, Vec<PyBackedBytes>);

/// (per second, slip, IPv4 prefix, IPv6 prefix, exempt networks, table size).
pub(crate) type RateLimitTuple = (u32, u32, u8, u8, Vec<String>, usize);

/// Responses per second that anybody could mean as a limit.
const PER_SECOND: RangeInclusive<u32> = 1..=100_000;

/// Subjects that a table may remember: 128 MiB of them.
const TABLE_SIZE_MAX: usize = 1 << 24;

/// The largest TTL (RFC 2181 section 8).
const MAX_TTL: u32 = 0x7fff_ffff;

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// Seconds of `CLOCK_MONOTONIC` up to which nanoseconds fit: 292 years of running.
const MAX_SECONDS: f64 = 9.2e9;

pub(crate) fn problem_tuple(problem: &Problem) -> ProblemTuple {
    let Problem {
        file,
        line,
        column,
        code,
        message,
        ..
    } = problem;
    (file.clone(), *line, *column, code, message.clone())
}

pub(crate) fn rrset_tuple<'py>(
    py: Python<'py>,
    owner: &NameBuf,
    rrset: &RRset<'_>,
) -> RRsetTuple<'py> {
    let rdatas = rrset
        .rdatas()
        .map(|rdata| PyBytes::new(py, rdata))
        .collect();
    (owner.to_string(), rrset.rtype.number(), rrset.ttl, rdatas)
}

/// The hash of a message digest.
pub(crate) fn zonemd_hash(text: &str) -> PyResult<ZonemdHash> {
    match text {
        "sha384" => Ok(ZonemdHash::Sha384),
        "sha512" => Ok(ZonemdHash::Sha512),
        _ => Err(value_error(format!("{text:?} is not sha384 or sha512"))),
    }
}

/// What a zone's message digests say about it.
pub(crate) fn zonemd_verdict(verdict: ZonemdVerdict) -> &'static str {
    match verdict {
        ZonemdVerdict::Verified => "verified",
        ZonemdVerdict::Absent => "absent",
        ZonemdVerdict::Unknown => "unknown",
        ZonemdVerdict::OtherSerial => "other_serial",
        ZonemdVerdict::Mismatch => "mismatch",
    }
}

/// A domain name from text; the final dot may be missing.
pub(crate) fn name(text: &str) -> PyResult<NameBuf> {
    text.parse().map_err(|error| name_error(text, error))
}

/// An instant of `CLOCK_MONOTONIC` in nanoseconds.
pub(crate) fn instant_ns(seconds: f64) -> PyResult<u64> {
    if !(0.0..=MAX_SECONDS).contains(&seconds) {
        return Err(value_error(format!(
            "{seconds} is not an instant of the monotonic clock"
        )));
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range has been checked; fractions of a nanosecond do not matter"
    )]
    let nanoseconds = (seconds * SECOND) as u64;
    Ok(nanoseconds)
}

/// A rate limit with sound numbers.
pub(crate) fn rate_limit(py: Python<'_>, limit: RateLimitTuple) -> PyResult<RateLimit> {
    let (per_second, slip, ipv4_prefix, ipv6_prefix, exempt, table_size) = limit;
    if !PER_SECOND.contains(&per_second) {
        return Err(value_error("a rate limit is from 1 to 100000 per second"));
    }
    if ipv4_prefix > 32 || ipv6_prefix > 128 {
        return Err(value_error("a prefix is longer than an address"));
    }
    if table_size > TABLE_SIZE_MAX {
        return Err(value_error(
            "the table of a rate limit has at most 2^24 places",
        ));
    }
    let networks = exempt.iter().map(|text| text.parse());
    Ok(RateLimit {
        per_second,
        slip,
        ipv4_prefix,
        ipv6_prefix,
        exempt: networks
            .collect::<Result<_, _>>()
            .map_err(|error| engine_error(py, &error))?,
        table_size,
    })
}

/// A change of a steered set.
pub(crate) fn steered_change(steered: SteeredTuple) -> PyResult<SteeredChange> {
    let (owner, rtype, kind, ttl, due, selector, variants) = steered;
    let (owner, rtype) = (name(&owner)?, Rtype::new(rtype));
    let kind = match &*kind {
        "answer" => Kind::Answer,
        "nodata" => Kind::Nodata,
        "servfail" => Kind::Servfail,
        "remove" => return Ok(SteeredChange::Remove(owner, rtype)),
        _ => {
            return Err(value_error(format!(
                "{kind:?} is not answer, nodata, servfail or remove"
            )));
        }
    };
    let selector = match &*selector {
        "one" => Selector::One,
        "chance" => Selector::Chance,
        "rotate" => Selector::Rotate,
        _ => {
            return Err(value_error(format!(
                "{selector:?} is not one, chance or rotate"
            )));
        }
    };
    let ttl = sound_ttl(ttl)?;
    let due_ns = due.map(instant_ns).transpose()?;
    let variants = variants.into_iter().map(variant).collect();
    Ok(SteeredChange::Set(
        owner,
        SteeredSet {
            rtype,
            kind,
            ttl,
            due_ns,
            selector,
            variants,
        },
    ))
}

/// A change of plain data: no records mean that there are none.
pub(crate) fn view_change((owner, rtype, ttl, rdatas): ViewTuple) -> PyResult<RRsetChange> {
    let (owner, rtype) = (name(&owner)?, Rtype::new(rtype));
    if rdatas.is_empty() {
        return Ok(RRsetChange::Remove(owner, rtype));
    }
    let rdatas = rdatas.iter().map(|rdata| rdata.to_vec()).collect();
    Ok(RRsetChange::Set(owner, rtype, sound_ttl(ttl)?, rdatas))
}

fn sound_ttl(ttl: u32) -> PyResult<u32> {
    if ttl > MAX_TTL {
        return Err(value_error(format!(
            "a ttl of {ttl} is more than {MAX_TTL} seconds"
        )));
    }
    Ok(ttl)
}

fn variant((weight, rdatas): VariantTuple) -> (u32, Vec<Vec<u8>>) {
    (weight, rdatas.iter().map(|rdata| rdata.to_vec()).collect())
}
