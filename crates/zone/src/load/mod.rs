//! Master files in: text to records, records to a zone, and the zone's rules.

mod assemble;
mod check;
mod directives;
mod generate;
mod journal;
mod reader;
mod records;

use std::fs;
use std::path::Path;

use understudy_wire::{Name, Rtype};

use crate::key::Key;
use crate::memory::{Claim, MAKING};
use crate::problem::{LoadError, Loaded, Problem, Severity};
use crate::seal::Seal;
use crate::zone::Zone;
use journal::{Journal, Place};
use reader::Reader;
use records::Record;
pub(crate) use records::{Records, Stretch};

/// A copy that may be anything: for those who write such files.
const UNSEALED: &str = "zone.unsealed";

/// Called with the octets read and the octets in all.
pub(crate) type Progress<'p> = &'p mut dyn FnMut(u64, u64);

pub(crate) fn read_file(
    path: &Path,
    origin: Name<'_>,
    progress: Progress<'_>,
) -> Result<Loaded, LoadError> {
    let mut claim = Claim::default();
    let text = read_octets(path, &mut claim)?;
    read((text, Some(claim)), path, origin, progress)
}

/// A file, if there is memory for a zone of that size.
fn read_octets(path: &Path, claim: &mut Claim) -> Result<Vec<u8>, LoadError> {
    let size = fs::metadata(path).map_err(LoadError::Unreadable)?.len();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    claim.grow_to(size.saturating_mul(MAKING))?;
    fs::read(path).map_err(LoadError::Unreadable)
}

/// As `read_file`, of what `write_sealed` wrote: nothing is read that is not what was written.
pub(crate) fn read_sealed(path: &Path, origin: Name<'_>) -> Result<Loaded, LoadError> {
    let mut claim = Claim::default();
    let text = read_octets(path, &mut claim)?;
    let problem = |severity, code, message: &str| Problem {
        file: path.display().to_string(),
        line: 1,
        column: 1,
        severity,
        code,
        message: message.to_owned(),
    };
    let seal = Seal::of(&text);
    if seal == Seal::Broken {
        let message = "the file is not what was written here (its checksum is another one)";
        let broken = problem(Severity::Error, "zone.checksum", message);
        return Err(LoadError::Problems(vec![broken]));
    }
    let mut loaded = read((text, Some(claim)), path, origin, &mut |_, _| ())?;
    if seal == Seal::Missing {
        let missing = problem(Severity::Warning, UNSEALED, "the copy has no checksum");
        loaded.warnings.push(missing);
    }
    Ok(loaded)
}

pub(crate) fn read_text(text: &[u8], file: &str, origin: Name<'_>) -> Result<Loaded, LoadError> {
    read(
        (text.to_vec(), None),
        Path::new(file),
        origin,
        &mut |_, _| (),
    )
}

/// The file and line of the first record with this owner and type. None if there is none, or the
/// file cannot be read.
pub(crate) fn locate(
    path: &Path,
    origin: Name<'_>,
    (owner, rtype): (Name<'_>, Rtype),
) -> Option<(String, u32)> {
    let mut claim = Claim::default();
    let text = read_octets(path, &mut claim).ok()?;
    let key = Key::new(owner, origin)?;
    let mut journal = Journal::default();
    let mut nobody = |_, _| ();
    let mut reader = Reader::new(origin, &mut journal, &mut nobody);
    reader.claim = Some(claim);
    reader.read_main(path, text);
    let (records, _) = reader.into_records().ok()?;
    let is_it = |record: &&Record| record.rtype == rtype && records.key(record) == key.as_octets();
    let first = records.iter().filter(is_it).map(Record::place).min()?;
    journal.locate(first)
}

/// Without a claim nothing is refused: what is in memory already, is small.
fn read(
    (text, claim): (Vec<u8>, Option<Claim>),
    path: &Path,
    origin: Name<'_>,
    progress: Progress<'_>,
) -> Result<Loaded, LoadError> {
    let mut journal = Journal::default();
    let mut reader = Reader::new(origin, &mut journal, progress);
    reader.claim = claim;
    reader.read_main(path, text);
    let (mut records, _claim) = reader.into_records()?;
    records.sort();
    let zone = assemble::assemble(&records, origin, &mut journal);
    if let Some(zone) = &zone {
        check::check(zone, &records, &mut journal);
    }
    let files = journal.file_names();
    conclude(zone, files, journal)
}

/// The zone of records that came from another server, by the rules of a master file.
pub(crate) fn from_records(mut records: Records, origin: Name<'_>) -> Result<Loaded, LoadError> {
    let mut journal = Journal::default();
    records.sort();
    let zone = assemble::assemble(&records, origin, &mut journal);
    if let Some(zone) = &zone {
        check::check(zone, &records, &mut journal);
    }
    conclude(zone, Vec::new(), journal)
}

/// The problems of some names of a zone, errors only: these are all records that the names have. Of each set that was
/// changed there is the length of its longest record.
pub(crate) fn check_names(
    mut records: Records,
    origin: Name<'_>,
    longest: impl Iterator<Item = (Rtype, usize)>,
) -> Vec<Problem> {
    let mut journal = Journal::default();
    records.sort();
    for message in longest.filter_map(|(rtype, octets)| check::long_record(rtype, octets)) {
        journal.error(Place::MAIN, "zone.record.size", message);
    }
    check::check_names(&records, origin, &mut journal);
    if journal.has_errors() {
        journal.into_problems()
    } else {
        Vec::new()
    }
}

fn conclude(zone: Option<Zone>, files: Vec<String>, journal: Journal) -> Result<Loaded, LoadError> {
    match zone {
        Some(zone) if !journal.has_errors() => Ok(Loaded {
            zone,
            files,
            warnings: journal.into_problems(),
            expire_s: None,
        }),
        _ => Err(LoadError::Problems(journal.into_problems())),
    }
}
