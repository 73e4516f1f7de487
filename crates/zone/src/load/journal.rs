//! The files read and the problems found in them. Lines and columns are counted at the end, and only
//! for places that have a problem.

use std::path::Path;
use std::rc::Rc;

use crate::problem::Problem;

/// chosen: more than anybody reads, and little enough to print.
const MAX_PROBLEMS: usize = 1000;

/// An octet of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: u32,
    pub(crate) at: Spot,
}

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    code: &'static str,
    message: String,
}

/// What was read and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    files: Vec<File>,
    entries: Vec<Entry>,
    errors: usize,
    /// Warnings beyond the limit.
    untold: usize,
}

impl Journal {
    /// Note a file; its number goes into places.
    pub(crate) fn open(&mut self, path: &Path, text: Rc<Vec<u8>>) -> u32 {
        let number = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(File {
            name: path.display().to_string(),
            text,
        });
        number
    }

    pub(crate) fn file_count(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn file_names(&self) -> Vec<String> {
        self.files.iter().map(|file| file.name.clone()).collect()
    }

    pub(crate) fn error(&mut self, place: Place, code: &'static str, message: String) {
        if self.is_full() {
            return;
        }
        self.errors += 1;
        self.entries.push(Entry {
            place,
            code,
            message,
        });
        if self.is_full() {
            let message = format!("reading stopped after {MAX_PROBLEMS} errors");
            self.entries.push(Entry {
                place,
                code: "zone.problems.many",
                message,
            });
        }
    }

    pub(crate) fn warn(&mut self, place: Place, code: &'static str, message: String) {
        if self.entries.len() - self.errors >= MAX_PROBLEMS {
            self.untold += 1;
            return;
        }
        self.entries.push(Entry {
            place,
            code,
            message,
        });
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Is it useless to look for more errors?
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= MAX_PROBLEMS
    }

    /// The file and line of a place.
    pub(crate) fn locate(&self, place: Place) -> Option<(String, u32)> {
        let file = self.files.get(usize::try_from(place.file).ok()?)?;
        let (line, _) = match place.at {
            Spot::Whole => (0, 0),
            Spot::Offset(at) => Cursor::default().move_to(place.file, &file.text, at),
        };
        Some((file.name.clone(), line))
    }

    /// Everything, in the order of files and lines.
    pub(crate) fn into_problems(mut self) -> Vec<Problem> {
        self.entries.sort_by_key(|entry| entry.place);
        let mut cursor = Cursor::default();
        let mut problems: Vec<Problem> = Vec::with_capacity(self.entries.len());
        for Entry {
            place,
            code,
            message,
        } in self.entries
        {
            let file = usize::try_from(place.file)
                .ok()
                .and_then(|file| self.files.get(file));
            let (line, column) = match (place.at, file) {
                (Spot::Offset(at), Some(file)) => cursor.move_to(place.file, &file.text, at),
                _ => (0, 0),
            };
            let file = file.map_or_else(String::new, |file| file.name.clone());
            problems.push(Problem {
                file,
                line,
                column,
                code,
                message,
            });
        }
        if self.untold > 0 {
            let file = self
                .files
                .first()
                .map_or_else(String::new, |file| file.name.clone());
            let message = format!("{} more warnings are not shown", self.untold);
            problems.push(Problem {
                file,
                line: 0,
                column: 0,
                code: "zone.problems.many",
                message,
            });
        }
        problems
    }
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
