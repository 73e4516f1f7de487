//! From text to records: owners, TTLs, classes and types as RFC 1035 section 5.1 lets them be left
//! out.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use understudy_wire::{Class, Name, NameBuf, Rtype};

use super::Progress;
use super::journal::{Journal, Place, Spot};
use super::records::{self, Records, Stretch};
use crate::fault::{Fault, shown};
use crate::key::Key;
use crate::lexer::{Lexer, Word};
use crate::memory::{Claim, MAKING, Shortage};
use crate::plain::{KeyOrigin, Owners};
use crate::rdata;

/// chosen: often enough for a person.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);
/// chosen: entries between two looks at the clock and the memory.
const ENTRIES_PER_LOOK: u32 = 4096;

/// The owner that a line without one has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    /// No line had an owner yet.
    Unknown,
    /// The last one was no name or is beside the zone: its records are left out.
    Ignored,
    /// In the zone.
    At(Stretch),
}

/// What holds within one file.
pub(super) struct Scope {
    pub(super) file: u32,
    pub(super) path: PathBuf,
    pub(super) origin: NameBuf,
    pub(super) key_origin: KeyOrigin,
    pub(super) owner: Owner,
    /// Records and faults are reported here, where their text was generated.
    pub(super) generated_at: Option<usize>,
}

impl Scope {
    pub(super) fn place(&self, at: usize) -> Place {
        Place {
            file: self.file,
            at: Spot::Offset(self.generated_at.unwrap_or(at)),
        }
    }
}

/// Reads files into records.
pub(super) struct Reader<'r> {
    pub(super) zone_origin: NameBuf,
    pub(super) journal: &'r mut Journal,
    owners: Owners,
    records: Records,
    /// What the zone will take of the memory. None: nobody asks.
    pub(super) claim: Option<Claim>,
    shortage: Option<Shortage>,
    /// `$TTL`.
    pub(super) default_ttl: Option<u32>,
    /// The last one that a record had (RFC 1035 section 5.1).
    last_ttl: Option<u32>,
    /// Files being read, outermost first.
    pub(super) open_files: Vec<PathBuf>,
    progress: Progress<'r>,
    octets_before: usize,
    octets_in_all: usize,
    entries: u32,
    reported: Instant,
}

impl<'r> Reader<'r> {
    pub(super) fn new(
        origin: Name<'_>,
        journal: &'r mut Journal,
        progress: Progress<'r>,
    ) -> Reader<'r> {
        Reader {
            zone_origin: origin.to_lower(),
            journal,
            owners: Owners::new(origin),
            records: Records::default(),
            claim: None,
            shortage: None,
            default_ttl: None,
            last_ttl: None,
            open_files: Vec::new(),
            progress,
            octets_before: 0,
            octets_in_all: 0,
            entries: 0,
            reported: Instant::now(),
        }
    }

    /// With the claim, which holds until the zone is made of them. There are none if there is no memory for it.
    pub(super) fn into_records(self) -> Result<(Records, Option<Claim>), Shortage> {
        match self.shortage {
            Some(shortage) => Err(shortage),
            None => Ok((self.records, self.claim)),
        }
    }

    /// Is there memory for what was read, and what is expected beside it? If not, nothing is read on.
    pub(super) fn has_room_for(&mut self, expected_octets: usize) -> bool {
        let octets = self.records.memory_octets().saturating_add(expected_octets);
        if let (Some(claim), None) = (&mut self.claim, self.shortage) {
            self.shortage = claim.grow_to(octets.saturating_mul(MAKING)).err();
        }
        self.shortage.is_none()
    }

    pub(super) fn read_main(&mut self, path: &Path, text: Vec<u8>) {
        let origin = self.zone_origin;
        self.read_file(path, text, origin);
        (self.progress)(as_u64(self.octets_before), as_u64(self.octets_in_all));
    }

    /// Read a whole file with this origin.
    pub(super) fn read_file(&mut self, path: &Path, text: Vec<u8>, origin: NameBuf) {
        let text = Rc::new(text);
        let file = self.journal.open(path, Rc::clone(&text));
        self.octets_in_all += text.len();
        if !self.has_room_for(records::expected_octets(&text)) {
            return;
        }
        self.records.expect_text(&text);
        self.open_files.push(canonical_path(path));
        let mut scope = Scope {
            file,
            path: path.to_owned(),
            origin,
            key_origin: KeyOrigin::new(origin.as_name(), self.zone_origin.as_name()),
            owner: Owner::Unknown,
            generated_at: None,
        };
        self.read_entries(&mut Lexer::new(&text), &mut scope);
        self.open_files.pop();
        self.octets_before += text.len();
    }

    /// Read entry by entry; a faulty one does not keep the others from being read.
    pub(super) fn read_entries(&mut self, words: &mut Lexer<'_>, scope: &mut Scope) {
        while !words.is_at_end() && !self.journal.is_full() && self.shortage.is_none() {
            if let Err(fault) = self.entry(words, scope) {
                let at = fault.at;
                self.report(scope, fault);
                if let Some(fault) = words.skip_entry().filter(|fault| fault.at != at) {
                    self.report(scope, fault);
                }
            }
            self.entries = self.entries.wrapping_add(1);
            if self.entries.is_multiple_of(ENTRIES_PER_LOOK) {
                self.tell_progress(words.offset());
                self.has_room_for(0);
            }
        }
    }

    pub(super) fn report(&mut self, scope: &Scope, fault: Fault) {
        self.journal
            .error(scope.place(fault.at), fault.code, fault.message);
    }

    fn tell_progress(&mut self, offset: usize) {
        if self.reported.elapsed() >= PROGRESS_EVERY {
            self.reported = Instant::now();
            let read = (self.octets_before + offset).min(self.octets_in_all);
            (self.progress)(as_u64(read), as_u64(self.octets_in_all));
        }
    }

    pub(super) fn entry(&mut self, words: &mut Lexer<'_>, scope: &mut Scope) -> Result<(), Fault> {
        if words.starts_blank() {
            if words.peek()?.is_none() {
                return words.end_entry();
            }
        } else {
            let Some(word) = words.word()? else {
                return words.end_entry();
            };
            if word.octets.starts_with(b"$") && !word.is_quoted {
                return self.directive(word, words, scope);
            }
            scope.owner = Owner::Ignored;
            scope.owner = self.owner(word, scope)?;
        }
        self.record(words, scope)
    }

    fn owner(&mut self, word: Word<'_>, scope: &Scope) -> Result<Owner, Fault> {
        let start = self.records.octet_count();
        let octets = self.records.octets_mut();
        if self.owners.push_key(word, &scope.key_origin, octets) {
            return Ok(Owner::At(self.records.stretch_from(start)));
        }
        let name = rdata::read_name(word, scope.origin.as_name())?;
        let mut key = Key::APEX;
        if key.set(name.as_name(), self.zone_origin.as_name()) {
            return Ok(Owner::At(self.records.push_key(key.as_octets())));
        }
        let message = format!(
            "{name} is not in the zone {}; it is ignored",
            self.zone_origin
        );
        self.journal
            .warn(scope.place(word.at), "zone.owner.outside", message);
        Ok(Owner::Ignored)
    }

    fn record(&mut self, words: &mut Lexer<'_>, scope: &mut Scope) -> Result<(), Fault> {
        let at = words.peek()?.map_or(words.offset(), |word| word.at);
        if matches!(scope.owner, Owner::Unknown) {
            return Err(Fault::new(at, "zone.owner.missing", || {
                "no owner here, and no line before that had one".to_owned()
            }));
        }
        let (ttl, rtype) = self.frame(words)?;
        let start = self.records.octet_count();
        let read = rdata::read(
            rtype,
            words,
            scope.origin.as_name(),
            self.records.octets_mut(),
        );
        let ttl = read.and_then(|()| {
            let rdata = self.records.stretch_from(start);
            let ttl = self.ttl_of(ttl, rtype, self.records.octets(rdata), at)?;
            words.end_entry().map(|()| ttl)
        });
        let ttl = match ttl {
            Ok(ttl) => ttl,
            Err(fault) => {
                self.records.truncate(start);
                return Err(fault);
            }
        };
        self.last_ttl = Some(ttl);
        match scope.owner {
            Owner::At(key) => {
                let rdata = self.records.stretch_from(start);
                let place = (scope.file, scope.generated_at.unwrap_or(at));
                self.records.push(key, (rtype, ttl), rdata, place);
            }
            _ => self.records.truncate(start),
        }
        Ok(())
    }

    /// TTL and class in either order, either of them or none, and the type.
    fn frame(&mut self, words: &mut Lexer<'_>) -> Result<(Option<u32>, Rtype), Fault> {
        let mut ttl = None;
        let mut has_class = false;
        loop {
            let word = words.need("a type")?;
            if ttl.is_none() && word.octets.first().is_some_and(u8::is_ascii_digit) {
                ttl = Some(read_ttl(word)?);
            } else if !has_class && self.class(word)? {
                has_class = true;
            } else {
                return rtype(word).map(|rtype| (ttl, rtype));
            }
        }
    }

    /// Is the word a class? A zone is of class IN.
    fn class(&self, word: Word<'_>) -> Result<bool, Fault> {
        if matches!(word.octets, b"IN" | b"in") {
            return Ok(true);
        }
        if word.octets.len() < 2
            || !matches!(
                word.octets.first(),
                Some(b'C' | b'c' | b'H' | b'h' | b'I' | b'i')
            )
        {
            return Ok(false);
        }
        match Class::from_text(word.octets) {
            None => Ok(false),
            Some(Class::IN) => Ok(true),
            Some(class) => Err(Fault::new(word.at, "zone.class", || {
                format!(
                    "class {class} in the zone {} (only IN is served)",
                    self.zone_origin
                )
            })),
        }
    }

    /// The TTL of a record: its own, or `$TTL` (RFC 2308 section 4), or the last one (RFC 1035
    /// section 5.1), or for the first SOA its minimum field (what TTLs were before RFC 2308).
    fn ttl_of(
        &self,
        own: Option<u32>,
        rtype: Rtype,
        rdata: &[u8],
        at: usize,
    ) -> Result<u32, Fault> {
        let soa_minimum = || match (rtype, rdata.last_chunk()) {
            (Rtype::SOA, Some(minimum)) => Some(u32::from_be_bytes(*minimum)),
            _ => None,
        };
        own.or(self.default_ttl)
            .or(self.last_ttl)
            .or_else(soa_minimum)
            .ok_or_else(|| {
                Fault::new(at, "zone.ttl.missing", || {
                    "the record has no TTL (write one, or $TTL before it)".to_owned()
                })
            })
    }
}

/// Text lengths fit 64 bits.
fn as_u64(octets: usize) -> u64 {
    u64::try_from(octets).unwrap_or(u64::MAX)
}

/// The path that tells files apart; what has none on disk keeps the one that it was given.
pub(super) fn canonical_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

pub(super) fn read_ttl(word: Word<'_>) -> Result<u32, Fault> {
    rdata::read_ttl(word.octets).map_err(|error| {
        let text = shown(word.octets);
        let why = match error {
            rdata::TtlError::NotATime => "not a TTL (seconds, or units like 1h30m)",
            rdata::TtlError::TooLarge => "above 2147483647 seconds (RFC 2181 section 8)",
        };
        Fault::new(word.at, "zone.ttl", || format!("\"{text}\": {why}"))
    })
}

fn rtype(word: Word<'_>) -> Result<Rtype, Fault> {
    let rtype = match word.octets {
        b"A" => Some(Rtype::A),
        b"AAAA" => Some(Rtype::AAAA),
        b"NS" => Some(Rtype::NS),
        b"CNAME" => Some(Rtype::CNAME),
        b"TXT" => Some(Rtype::TXT),
        b"MX" => Some(Rtype::MX),
        other => Rtype::from_text(other),
    };
    match rtype {
        Some(rtype) if rtype.is_meta() => Err(Fault::new(word.at, "zone.type.meta", || {
            format!("{rtype} is a type of questions and messages, not of zones")
        })),
        Some(rtype) => Ok(rtype),
        None => Err(Fault::new(word.at, "zone.type.unknown", || {
            format!(
                "\"{}\" is not a type (unknown ones are written TYPE65280)",
                shown(word.octets)
            )
        })),
    }
}
