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

use understudy_wire::Name;

use crate::problem::{LoadError, Loaded};
use journal::Journal;
use reader::Reader;

/// Called with the octets read and the octets in all.
pub(crate) type Progress<'p> = &'p mut dyn FnMut(u64, u64);

pub(crate) fn read_file(
    path: &Path,
    origin: Name<'_>,
    progress: Progress<'_>,
) -> Result<Loaded, LoadError> {
    let text = fs::read(path).map_err(LoadError::Unreadable)?;
    read(text, path, origin, progress)
}

pub(crate) fn read_text(text: &[u8], file: &str, origin: Name<'_>) -> Result<Loaded, LoadError> {
    read(text.to_vec(), Path::new(file), origin, &mut |_, _| ())
}

fn read(
    text: Vec<u8>,
    path: &Path,
    origin: Name<'_>,
    progress: Progress<'_>,
) -> Result<Loaded, LoadError> {
    let mut journal = Journal::default();
    let mut reader = Reader::new(origin, &mut journal, progress);
    reader.read_main(path, text);
    let mut records = reader.into_records();
    records.sort();
    let zone = assemble::assemble(&records, origin, &mut journal);
    if let Some(zone) = &zone {
        check::check(zone, &records, &mut journal);
    }
    let files = journal.file_names();
    match zone {
        Some(zone) if !journal.has_errors() => Ok(Loaded {
            zone,
            files,
            warnings: journal.into_problems(),
        }),
        _ => Err(LoadError::Problems(journal.into_problems())),
    }
}
