//! The files read and the problems found in them. Lines and columns are counted at the end, and only
//! for places that have a problem.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use crate::problem::{Problem, Severity};

/// chosen: as many as anybody mends in one go, of errors and of warnings.
const MAX_TOLD: usize = 50;

/// chosen: a file with as many errors is no master file, and is not read on.
const MAX_ERRORS: usize = 1000;

/// An octet of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) file: u32,
    pub(crate) at: Spot,
}

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Spot {
    /// The whole of it.
    Whole,
    /// At an offset.
    Offset(usize),
}

impl Place {
    /// The main file as a whole.
    pub(crate) const MAIN: Self = Self {
        file: 0,
        at: Spot::Whole,
    };
}

#[derive(Debug)]
struct File {
    name: String,
    text: Rc<Vec<u8>>,
}

#[derive(Debug)]
struct Entry {
    place: Place,
    severity: Severity,
    code: &'static str,
    message: String,
}

/// What was read and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    files: Vec<File>,
    /// By name, those that were read last.
    numbers: HashMap<String, u32>,
    /// How often a file was read: one that is included twice is one of `files`.
    opened: usize,
    /// What was noted, as far as it is so many: a file that is included again has the same faults.
    noted: HashSet<(Place, &'static str, String)>,
    entries: Vec<Entry>,
    /// Those that are not told as well.
    errors: usize,
    /// Those that are not told as well.
    warnings: usize,
}

impl Journal {
    /// Note a file; its number goes into places.
    pub(crate) fn open(&mut self, path: &Path, text: Rc<Vec<u8>>) -> u32 {
        self.opened += 1;
        let name = path.display().to_string();
        let known = self.numbers.get(&name).copied();
        let is_same = |number: &u32| self.file(*number).is_some_and(|file| file.text == text);
        if let Some(number) = known.filter(is_same) {
            return number;
        }
        let number = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.clone(), number);
        self.files.push(File { name, text });
        number
    }

    pub(crate) fn opened_count(&self) -> usize {
        self.opened
    }

    /// Was this not noted before?
    fn note(&mut self, place: Place, code: &'static str, message: &str) -> bool {
        let entry = (place, code, message.to_owned());
        if self.noted.len() < MAX_ERRORS {
            return self.noted.insert(entry);
        }
        !self.noted.contains(&entry)
    }

    pub(crate) fn file_names(&self) -> Vec<String> {
        self.files.iter().map(|file| file.name.clone()).collect()
    }

    pub(crate) fn error(&mut self, place: Place, code: &'static str, message: String) {
        if self.is_full() || !self.note(place, code, &message) {
            return;
        }
        self.errors += 1;
        if self.errors <= MAX_TOLD {
            self.entries.push(Entry {
                place,
                severity: Severity::Error,
                code,
                message,
            });
        }
    }

    pub(crate) fn warn(&mut self, place: Place, code: &'static str, message: String) {
        if !self.note(place, code, &message) {
            return;
        }
        self.warnings += 1;
        if self.warnings <= MAX_TOLD {
            self.entries.push(Entry {
                place,
                severity: Severity::Warning,
                code,
                message,
            });
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Is it useless to look for more errors?
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= MAX_ERRORS
    }

    fn file(&self, number: u32) -> Option<&File> {
        self.files.get(usize::try_from(number).ok()?)
    }

    /// The file and line of a place.
    pub(crate) fn locate(&self, place: Place) -> Option<(String, u32)> {
        let file = self.file(place.file)?;
        let (line, _) = match place.at {
            Spot::Whole => (1, 1),
            Spot::Offset(at) => Cursor::default().move_to(place.file, &file.text, at),
        };
        Some((file.name.clone(), line))
    }

    /// Everything, in the order of files and lines.
    pub(crate) fn into_problems(mut self) -> Vec<Problem> {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by_key(|entry| entry.place);
        let mut cursor = Cursor::default();
        let mut problems: Vec<Problem> = Vec::with_capacity(entries.len());
        for Entry {
            place,
            severity,
            code,
            message,
        } in entries
        {
            let file = self.file(place.file);
            let (line, column) = match (place.at, file) {
                (Spot::Offset(at), Some(file)) => cursor.move_to(place.file, &file.text, at),
                _ => (1, 1),
            };
            let file = file.map_or_else(String::new, |file| file.name.clone());
            problems.push(Problem {
                file,
                line,
                column,
                severity,
                code,
                message,
            });
        }
        let main = self.files.first();
        let severity = if self.errors > MAX_TOLD {
            Severity::Error
        } else {
            Severity::Warning
        };
        problems.extend(untold(self.errors, self.warnings).map(|message| Problem {
            file: main.map_or_else(String::new, |file| file.name.clone()),
            line: 1,
            column: 1,
            severity,
            code: "zone.problems.many",
            message,
        }));
        problems
    }
}

/// How many errors and warnings more there are than are told; None: no more.
fn untold(errors: usize, warnings: usize) -> Option<String> {
    let more = |count: usize, what: &str| match count.saturating_sub(MAX_TOLD) {
        0 => None,
        1 => Some(format!("1 more {what}")),
        count => Some(format!("{count} more {what}s")),
    };
    let counts: Vec<String> = [more(errors, "error"), more(warnings, "warning")]
        .into_iter()
        .flatten()
        .collect();
    let end = if errors >= MAX_ERRORS {
        ", and reading stopped there (is this a master file?)"
    } else {
        " (mend these first)"
    };
    (!counts.is_empty()).then(|| format!("and {}{end}", counts.join(" and ")))
}

/// Counts lines forward only: places come in order.
#[derive(Default)]
struct Cursor {
    file: u32,
    at: usize,
    line: u32,
    line_start: usize,
}

impl Cursor {
    fn move_to(&mut self, file: u32, text: &[u8], at: usize) -> (u32, u32) {
        if self.file != file || at < self.at {
            *self = Self {
                file,
                ..Self::default()
            };
        }
        let at = at.min(text.len());
        for (offset, octet) in (self.at..at).zip(text.get(self.at..at).unwrap_or_default()) {
            if *octet == b'\n' {
                self.line += 1;
                self.line_start = offset + 1;
            }
        }
        self.at = at;
        let column = u32::try_from(at - self.line_start + 1).unwrap_or(u32::MAX);
        (self.line + 1, column)
    }
}
