//! One immutable version of a zone.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use understudy_wire::{Folded, LowerName, Name, NameBuf, ReadyRdata, Rtype, Serial};

use crate::change::{ChangeError, RRsetChange, SetChange, SteeredChange};
use crate::find::{Found, Match};
use crate::index::{Ahead, Index};
use crate::key::{self, Key};
use crate::node::{Node, RRset};
use crate::problem::{LoadError, Loaded};
use crate::revision::Revision;
use crate::tally::Tally;
use crate::tree::Tree;
use crate::{export, find, load};

/// One immutable version of a zone. A clone is a reference.
#[derive(Clone, Debug)]
pub struct Zone {
    version: Arc<Version>,
}

#[derive(Debug)]
pub(crate) struct Version {
    /// Its number, which no other version of any zone has in this process.
    stamp: u64,
    pub(crate) origin: NameBuf,
    pub(crate) origin_labels: usize,
    /// Every name that has data, in canonical order.
    pub(crate) order: Tree,
    /// Every name that exists, with what it has.
    pub(crate) index: Index,
    pub(crate) tally: Tally,
    /// A copy of the apex node.
    apex: Arc<[u8]>,
    /// What every negative answer needs.
    soa: Arc<Soa>,
}

/// Numbers for versions.
static STAMPS: AtomicU64 = AtomicU64::new(0);

/// The SOA record as negative answers have it.
#[derive(Debug, Default)]
struct Soa {
    ttl: u32,
    rdata: ReadyRdata,
}

impl Soa {
    fn new(apex: Node<'_>, origin: Name<'_>) -> Self {
        let Some(rrset) = apex.rrset(Rtype::SOA) else {
            return Self::default();
        };
        let rdata = rrset.rdatas().next().unwrap_or_default();
        Self {
            ttl: rrset.ttl.min(soa_number(rdata, SOA_MINIMUM_FROM_END)),
            rdata: ReadyRdata::new(Rtype::SOA, rdata, origin),
        }
    }
}

/// A number of the five at the end of SOA rdata.
pub(crate) fn soa_number(rdata: &[u8], from_end: usize) -> u32 {
    let start = rdata.len().checked_sub(from_end);
    let octets = start.and_then(|start| rdata.get(start..)?.first_chunk());
    octets.map_or(0, |octets| u32::from_be_bytes(*octets))
}

impl Version {
    /// What a name that is the apex or below it has: nothing at an empty non-terminal. None if it
    /// does not exist.
    #[inline(always)]
    pub(crate) fn get(&self, name: Folded<'_>) -> Option<Node<'_>> {
        let key = name.before(self.origin.as_name().octets().len())?;
        self.index.get(key).map(Node::from_octets)
    }

    /// Is there a wildcard for names that are just below the apex?
    #[inline]
    pub(crate) fn has_wildcard_below_apex(&self) -> bool {
        self.index.get(b"\x01*").is_some()
    }

    /// What the ancestor of such a name that has so many labels has.
    #[inline]
    pub(crate) fn get_above(&self, name: Folded<'_>, labels: usize) -> Option<Node<'_>> {
        let key = name.between(labels, self.origin_labels)?;
        self.index.get(key).map(Node::from_octets)
    }

    #[inline]
    pub(crate) fn apex(&self) -> Node<'_> {
        Node::from_octets(&self.apex)
    }

    /// May there be a cut or a DNAME above a name that exists?
    #[inline]
    pub(crate) fn may_hide_names(&self) -> bool {
        self.tally.cuts_and_dnames > 0 || self.apex().has_dname()
    }
}

impl Zone {
    /// Read a master file and all that it includes. `progress(octets read, octets in all)` is called
    /// a few times a second at most.
    ///
    /// # Errors
    /// A file that cannot be read, or every problem found in it.
    pub fn load(
        path: &Path,
        origin: Name<'_>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Loaded, LoadError> {
        load::read_file(path, origin, progress)
    }

    /// Read a copy that [`Zone::write_sealed`] wrote, or one that has no checksum.
    ///
    /// # Errors
    /// As [`Zone::load`]; a file that is not what was written is one problem.
    pub fn load_sealed(path: &Path, origin: Name<'_>) -> Result<Loaded, LoadError> {
        load::read_sealed(path, origin)
    }

    /// Read a master file from memory; `file` names it in problems, and $INCLUDE is relative to it.
    ///
    /// # Errors
    /// As [`Zone::load`].
    pub fn parse(text: &[u8], file: &str, origin: Name<'_>) -> Result<Loaded, LoadError> {
        load::read_text(text, file, origin)
    }

    /// The file and line of the first record with this owner and type, found by reading the master
    /// file again. None if there is none, or the file cannot be read.
    #[must_use]
    pub fn locate(
        path: &Path,
        origin: Name<'_>,
        owner: Name<'_>,
        rtype: Rtype,
    ) -> Option<(String, u32)> {
        load::locate(path, origin, (owner, rtype))
    }

    /// The apex, in lower case.
    #[must_use]
    pub fn origin(&self) -> Name<'_> {
        self.version.origin.as_name()
    }

    /// How many labels the apex has, the root label not counted.
    #[inline]
    #[must_use]
    pub fn origin_labels(&self) -> usize {
        self.version.origin_labels
    }

    /// The serial of the SOA record.
    #[must_use]
    pub fn serial(&self) -> Serial {
        let rdata = self.soa().rdatas().next().unwrap_or_default();
        Serial::new(soa_number(rdata, SOA_SERIAL_FROM_END))
    }

    /// A number that no other version of any zone has in this process: what was made from this one may
    /// be kept under it.
    #[inline]
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.version.stamp
    }

    /// Is this the very version that `other` is, and not only one like it?
    #[must_use]
    pub fn is_version(&self, other: &Zone) -> bool {
        Arc::ptr_eq(&self.version, &other.version)
    }

    pub(crate) fn version(&self) -> &Version {
        &self.version
    }

    /// The apex.
    #[must_use]
    pub fn apex(&self) -> Node<'_> {
        self.version.apex()
    }

    /// The SOA `RRset`.
    #[must_use]
    pub fn soa(&self) -> RRset<'_> {
        self.apex().rrset(Rtype::SOA).unwrap_or_default()
    }

    /// For how many seconds a secondary answers without hearing a primary (RFC 1035 section 3.3.13).
    #[must_use]
    pub fn expire_s(&self) -> u32 {
        self.soa()
            .rdatas()
            .next()
            .map_or(0, |rdata| soa_number(rdata, 8))
    }

    /// The TTL of the SOA in negative answers: the smaller of its own TTL and its minimum field
    /// (RFC 2308 sections 3 and 5).
    #[must_use]
    pub fn negative_ttl(&self) -> u32 {
        self.version.soa.ttl
    }

    /// The rdata of the SOA record for answers to questions at or below the apex.
    #[inline]
    #[must_use]
    pub fn ready_soa(&self) -> &ReadyRdata {
        &self.version.soa.rdata
    }

    /// Static records.
    #[must_use]
    pub fn record_count(&self) -> usize {
        self.version.tally.records
    }

    /// Names with data, static or steered; empty non-terminals are not counted.
    #[must_use]
    pub fn name_count(&self) -> usize {
        self.version.tally.names
    }

    /// May there be names below a cut or a DNAME?
    pub(crate) fn may_hide_names(&self) -> bool {
        self.version.may_hide_names()
    }

    /// Steered sets.
    #[must_use]
    pub fn steered_count(&self) -> usize {
        self.version.tally.steered
    }

    /// Look a name up as a query does. None if it is neither the apex nor below it.
    #[must_use]
    pub fn find(&self, qname: Name<'_>) -> Option<Found<'_>> {
        let name = LowerName::new(qname);
        let name = name.folded();
        self.is_above(name).then(|| self.find_below(name))
    }

    /// As [`Zone::find`] for a name that is known to be the apex or below it: that is not looked at
    /// again.
    #[inline]
    #[must_use]
    pub fn find_below(&self, name: Folded<'_>) -> Found<'_> {
        find::find(&self.version, name)
    }

    /// Is the zone so large that looking ahead pays: does it fill the nearer caches?
    #[inline]
    #[must_use]
    pub fn pays_to_look_ahead(&self) -> bool {
        self.version.tally.names > LARGE
    }

    /// Begin to look up a name at or below the apex: what the look-up will read can be fetched
    /// from memory meanwhile.
    #[inline]
    #[must_use]
    pub fn look_ahead(&self, name: Folded<'_>) -> Option<Ahead<'_>> {
        let key = name.before(self.version.origin.as_name().octets().len())?;
        Some(self.version.index.look_ahead(key))
    }

    /// As [`Zone::find_below`], in short: None where a cut, a DNAME or a wildcard may play a part.
    #[inline]
    #[must_use]
    pub fn find_unhidden(&self, name: Folded<'_>) -> Option<Match<'_>> {
        find::find_unhidden(&self.version, name)
    }

    fn is_above(&self, name: Folded<'_>) -> bool {
        name.suffix(self.version.origin_labels) == Some(self.origin().octets())
    }

    /// What a name has, cuts and all disregarded: for glue and additional data.
    #[must_use]
    pub fn node(&self, name: Name<'_>) -> Option<Node<'_>> {
        let name = LowerName::new(name);
        let name = name.folded();
        if !self.is_above(name) {
            return None;
        }
        let node = self.version.get(name)?;
        (!node.is_empty()).then_some(node)
    }

    /// Every name with data, in canonical order; names are in lower case.
    pub fn nodes(&self) -> impl Iterator<Item = (NameBuf, Node<'_>)> {
        let mut wire = Vec::new();
        self.version.order.iter().map(move |key| {
            let key = key.concat();
            wire.clear();
            key::push_wire(&key, &mut wire);
            let octets = self.version.index.get(&wire).unwrap_or_default();
            (key::to_name(&key, self.origin()), Node::from_octets(octets))
        })
    }

    /// The zone cut at or above a name.
    #[must_use]
    pub fn delegation_above(&self, name: Name<'_>) -> Option<NameBuf> {
        let cut = self.find(name)?.cut?;
        cut.owner(name).map(Name::to_lower)
    }

    /// The version with these steered sets changed.
    ///
    /// # Errors
    /// The first change that is not possible.
    pub fn with_steered(&self, changes: &[SteeredChange]) -> Result<Zone, ChangeError> {
        self.with_counted(changes, |_| 0)
    }

    /// As [`Zone::with_steered`], each set with the number that it is counted by.
    ///
    /// # Errors
    /// As [`Zone::with_steered`].
    pub fn with_counted(
        &self,
        changes: &[SteeredChange],
        mut number: impl FnMut(&SteeredChange) -> u32,
    ) -> Result<Zone, ChangeError> {
        let packed: Result<Vec<_>, _> = changes.iter().map(|it| it.pack(number(it))).collect();
        self.with_sets(&packed?)
    }

    /// The version with these static `RRsets` changed.
    ///
    /// # Errors
    /// The first change that is not possible.
    pub fn with_rrsets(&self, changes: &[RRsetChange]) -> Result<Zone, ChangeError> {
        let packed: Result<Vec<_>, _> = changes.iter().map(RRsetChange::pack).collect();
        self.with_sets(&packed?)
    }

    /// The change that gives the SOA record this serial.
    #[must_use]
    pub fn serial_change(&self, serial: Serial) -> RRsetChange {
        let soa = self.soa();
        let mut rdata = soa.rdatas().next().unwrap_or_default().to_vec();
        let start = rdata.len().saturating_sub(SOA_SERIAL_FROM_END);
        if let Some(field) = rdata.get_mut(start..start + 4) {
            field.copy_from_slice(&serial.number().to_be_bytes());
        }
        RRsetChange::Set(self.origin().to_buf(), Rtype::SOA, soa.ttl, vec![rdata])
    }

    /// The static data as a master file that reads back as the same zone: SOA first, then canonical
    /// order.
    #[must_use]
    pub fn to_master_file(&self) -> String {
        export::to_master_file(self)
    }

    /// The same into a file, for a disk that may not give back what was written (see [`Zone::load_sealed`]).
    ///
    /// # Errors
    /// What the file says.
    pub fn write_sealed(&self, path: &Path) -> io::Result<()> {
        export::write_sealed(self, File::create(path)?)
    }

    /// The zone made of these parts.
    pub(crate) fn from_parts(origin: Name<'_>, order: Tree, index: Index, tally: Tally) -> Self {
        let apex: Arc<[u8]> = index.get(&[]).unwrap_or_default().into();
        let origin_labels = origin.label_count();
        let soa = Arc::new(Soa::new(Node::from_octets(&apex), origin));
        let origin = origin.to_lower();
        Self {
            version: Arc::new(Version {
                stamp: STAMPS.fetch_add(1, Ordering::Relaxed),
                origin,
                origin_labels,
                order,
                index,
                tally,
                apex,
                soa,
            }),
        }
    }

    /// The next version of a zone whose apex has not changed, made of these parts.
    pub(crate) fn below_same_apex(
        before: &Version,
        order: Tree,
        index: Index,
        tally: Tally,
    ) -> Self {
        Self {
            version: Arc::new(Version {
                stamp: STAMPS.fetch_add(1, Ordering::Relaxed),
                origin: before.origin,
                origin_labels: before.origin_labels,
                order,
                index,
                tally,
                apex: Arc::clone(&before.apex),
                soa: Arc::clone(&before.soa),
            }),
        }
    }

    /// Make the changes in their order: of two of the same set the later one holds.
    fn with_sets(&self, changes: &[SetChange<'_>]) -> Result<Self, ChangeError> {
        let mut keyed = Vec::with_capacity(changes.len());
        for change in changes {
            let mut key = Key::APEX;
            if !key.set(change.owner.as_name(), self.origin()) {
                return Err(ChangeError::OutOfZone(Box::new(*change.owner)));
            }
            keyed.push((Box::<[u8]>::from(key.as_octets()), change));
        }
        keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
        let mut revision = Revision::new(&self.version, keyed.len());
        for same in keyed.chunk_by(|(left, _), (right, _)| left == right) {
            if let Some((key, _)) = same.first() {
                revision.change(key, same.iter().map(|(_, change)| *change));
            }
        }
        let zone = revision.finish();
        if zone.soa().count() == 1 {
            Ok(zone)
        } else {
            Err(ChangeError::WithoutSoa)
        }
    }
}

/// chosen: about what a second-level cache of 1 MiB holds of the index.
const LARGE: usize = 20_000;

/// SERIAL is the first of the five numbers at the end of SOA rdata (RFC 1035 section 3.3.13).
pub(crate) const SOA_SERIAL_FROM_END: usize = 20;
/// MINIMUM is the last.
const SOA_MINIMUM_FROM_END: usize = 4;
