//! `$ORIGIN`, `$TTL`, `$INCLUDE` and `$GENERATE`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::generate;
use super::reader::{Reader, Scope, canonical_path, read_ttl};
use crate::fault::{Fault, escaped, shown};
use crate::lexer::{Lexer, Word};
use crate::plain::KeyOrigin;
use crate::rdata;

/// chosen: far more than anybody splits a zone into; files that include others twice each would
/// double at every level.
const MAX_FILES: usize = 10_000;

impl Reader<'_> {
    pub(super) fn directive(
        &mut self,
        word: Word<'_>,
        words: &mut Lexer<'_>,
        scope: &mut Scope,
    ) -> Result<(), Fault> {
        match word.octets.to_ascii_uppercase().as_slice() {
            b"$ORIGIN" => {
                let name = words.need("a name")?;
                let origin = rdata::read_name(name, scope.origin.as_name())?;
                words.end_entry()?;
                scope.key_origin = KeyOrigin::new(origin.as_name(), self.zone_origin.as_name());
                scope.origin = origin;
                Ok(())
            }
            b"$TTL" => {
                let ttl = read_ttl(words.need("a TTL")?)?;
                words.end_entry()?;
                self.default_ttl = Some(ttl);
                Ok(())
            }
            b"$INCLUDE" => self.include(words, scope),
            b"$GENERATE" => self.generate(word.at, words, scope),
            _ => Err(Fault::new(word.at, "zone.directive", || {
                let text = shown(word.octets);
                format!("\"{text}\" is none of $ORIGIN, $TTL, $INCLUDE, $GENERATE")
            })),
        }
    }

    /// Read another file here. Its path is relative to this file; it has this origin or its own, and
    /// neither its origin nor its last owner outlives it (RFC 1035 section 5.1). `$TTL` does.
    fn include(&mut self, words: &mut Lexer<'_>, scope: &mut Scope) -> Result<(), Fault> {
        let word = words.need("a file name")?;
        let mut name = Vec::new();
        rdata::push_unescaped(word, &mut name)?;
        let origin = match words.word()? {
            Some(word) => rdata::read_name(word, scope.origin.as_name())?,
            None => scope.origin,
        };
        words.end_entry()?;
        let name = PathBuf::from(OsString::from_vec(name));
        let path = scope
            .path
            .parent()
            .map_or_else(|| name.clone(), |folder| folder.join(&name));
        let outcome = if self.open_files.contains(&canonical_path(&path)) {
            Err(("zone.include.loop", "the file includes itself".to_owned()))
        } else if self.journal.opened_count() >= MAX_FILES {
            Err((
                "zone.include.loop",
                format!("more than {MAX_FILES} files are included"),
            ))
        } else {
            self.read_octets(&path)
                .map_err(|error| ("zone.include.unreadable", error.to_string()))
        };
        match outcome {
            Ok(text) => self.read_file(&path, text, origin),
            // The entry itself was whole: what follows is not to be skipped.
            Err((code, why)) => self.report(
                scope,
                Fault::new(word.at, code, || {
                    format!("{}: {why}", escaped(path.as_os_str().as_bytes()))
                }),
            ),
        }
        Ok(())
    }

    /// Nothing if there is no memory for it, which ends the reading.
    fn read_octets(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let size = usize::try_from(fs::metadata(path)?.len()).unwrap_or(usize::MAX);
        if !self.has_room_for(size) {
            return Ok(Vec::new());
        }
        fs::read(path)
    }

    /// Read the line that each number of a range makes.
    fn generate(
        &mut self,
        at: usize,
        words: &mut Lexer<'_>,
        scope: &mut Scope,
    ) -> Result<(), Fault> {
        let range_word = words.need("a range like 1-10 or 1-10/2")?;
        let range = generate::read_range(range_word)?;
        words.peek()?;
        let template_at = words.offset();
        let pieces = match generate::read_template(words.rest_of_line(), template_at) {
            Ok(pieces) => pieces,
            Err(fault) => {
                self.report(scope, fault);
                return Ok(());
            }
        };
        let owner = scope.owner;
        scope.generated_at = Some(scope.generated_at.unwrap_or(at));
        let mut line = Vec::new();
        for value in range {
            line.clear();
            if let Err(why) = generate::expand(&pieces, value, &mut line) {
                self.report(scope, Fault::new(at, "zone.generate", || why));
                break;
            }
            if !self.generated_line(&line, scope) || !self.has_room_for(0) {
                break;
            }
        }
        scope.generated_at = None;
        scope.owner = owner;
        Ok(())
    }

    /// Read one generated line. A fault in one is a fault in most: the first is reported.
    fn generated_line(&mut self, line: &[u8], scope: &mut Scope) -> bool {
        let mut words = Lexer::new(line);
        let Err(mut fault) = self.entry(&mut words, scope) else {
            return true;
        };
        let text = shown(line.trim_ascii());
        fault.message = format!("{} (in the generated line: {})", fault.message, text);
        self.report(scope, fault);
        false
    }
}
