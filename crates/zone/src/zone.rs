//! One immutable version of a zone.

use std::path::Path;
use std::sync::Arc;

use understudy_wire::{Name, NameBuf, Rtype, Serial};

use crate::change::{ChangeError, RRsetChange, SteeredChange};
use crate::find::Found;
use crate::node::{Node, RRset};
use crate::problem::{Loaded, Problem};

/// One immutable version of a zone. A clone is a reference.
#[derive(Clone, Debug)]
pub struct Zone {
    version: Arc<Version>,
}

#[derive(Debug)]
struct Version {
    origin: NameBuf,
}

impl Zone {
    /// Read a master file and all that it includes. `progress(octets read, octets in all)` is called
    /// a few times a second at most.
    ///
    /// # Errors
    /// Every problem found, in file order; warnings are among them only if there is an error.
    pub fn load(
        path: &Path,
        origin: Name<'_>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Loaded, Vec<Problem>> {
        todo!()
    }

    /// Read a master file from memory; `file` names it in problems, and $INCLUDE is relative to it.
    ///
    /// # Errors
    /// As [`Zone::load`].
    pub fn parse(text: &[u8], file: &str, origin: Name<'_>) -> Result<Loaded, Vec<Problem>> {
        todo!()
    }

    /// The apex, in lower case.
    #[must_use]
    pub fn origin(&self) -> Name<'_> {
        self.version.origin.as_name()
    }

    /// The serial of the SOA record.
    #[must_use]
    pub fn serial(&self) -> Serial {
        todo!()
    }

    /// The apex.
    #[must_use]
    pub fn apex(&self) -> Node<'_> {
        todo!()
    }

    /// The SOA `RRset`.
    #[must_use]
    pub fn soa(&self) -> RRset<'_> {
        todo!()
    }

    /// The TTL of the SOA in negative answers: the smaller of its own TTL and its minimum field
    /// (RFC 2308 section 3).
    #[must_use]
    pub fn negative_ttl(&self) -> u32 {
        todo!()
    }

    /// Static records.
    #[must_use]
    pub fn record_count(&self) -> usize {
        todo!()
    }

    /// Names with data, static or steered; empty non-terminals are not counted.
    #[must_use]
    pub fn name_count(&self) -> usize {
        todo!()
    }

    /// Steered sets.
    #[must_use]
    pub fn steered_count(&self) -> usize {
        todo!()
    }

    /// Look a name up as a query does. None if it is neither the apex nor below it.
    #[must_use]
    pub fn find(&self, qname: Name<'_>) -> Option<Found<'_>> {
        todo!()
    }

    /// What a name has, cuts and all disregarded: for glue and additional data.
    #[must_use]
    pub fn node(&self, name: Name<'_>) -> Option<Node<'_>> {
        todo!()
    }

    /// Every name with data, in canonical order; names are in lower case.
    pub fn nodes(&self) -> impl Iterator<Item = (NameBuf, Node<'_>)> {
        std::iter::from_fn(|| todo!())
    }

    /// The zone cut at or above a name.
    #[must_use]
    pub fn delegation_above(&self, name: Name<'_>) -> Option<NameBuf> {
        todo!()
    }

    /// The version with these steered sets changed.
    ///
    /// # Errors
    /// The first change that is not possible.
    pub fn with_steered(&self, changes: &[SteeredChange]) -> Result<Zone, ChangeError> {
        todo!()
    }

    /// The version with these static `RRsets` changed.
    ///
    /// # Errors
    /// The first change that is not possible.
    pub fn with_rrsets(&self, changes: &[RRsetChange]) -> Result<Zone, ChangeError> {
        todo!()
    }

    /// The static data as a master file that reads back as the same zone: SOA first, then canonical
    /// order.
    #[must_use]
    pub fn to_master_file(&self) -> String {
        todo!()
    }
}
