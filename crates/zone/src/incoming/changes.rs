//! Differences from another server (RFC 1995 section 4), collected over a version until all have come.

use std::collections::BTreeMap;

use understudy_wire::{Name, NameBuf, Rtype};

use super::IncomingError;
use super::covered::find_covered;
use crate::change::RRsetChange;
use crate::key::Key;
use crate::load::{self, Records};
use crate::node::Node;
use crate::problem::Loaded;
use crate::rdata;
use crate::zone::Zone;

/// An `RRset` in the making: rdatas by their canonical form.
#[derive(Debug, Default)]
struct Draft {
    ttl: u32,
    rdatas: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// Changes over a version that stays as it is. Of a set that is touched all is held here.
#[derive(Debug)]
pub(super) struct Changes {
    base: Zone,
    drafts: BTreeMap<(NameBuf, Rtype), Draft>,
    /// How many rdatas came into drafts, and how many octets they have.
    rdatas: usize,
    octets: usize,
}

/// What a draft and an rdata will yet take beside the octets of the rdata, when the version is made of them. Measured:
/// 450 to 550 octets for a draft with one rdata, in which 1150 stand already (ADR 0042).
const DRAFT_OCTETS: usize = 700;
const RDATA_OCTETS: usize = 160;

/// One record of a difference.
#[derive(Clone, Copy)]
pub(super) struct Change<'r> {
    pub(super) owner: Name<'r>,
    pub(super) rtype: Rtype,
    pub(super) ttl: u32,
    pub(super) rdata: &'r [u8],
}

impl Changes {
    pub(super) fn new(base: Zone) -> Self {
        Self {
            base,
            drafts: BTreeMap::new(),
            rdatas: 0,
            octets: 0,
        }
    }

    /// What they will yet take of the memory, about.
    pub(super) fn memory_octets(&self) -> usize {
        let drafts = self.drafts.len().saturating_mul(DRAFT_OCTETS);
        let rdatas = self.rdatas.saturating_mul(RDATA_OCTETS);
        let copies = self.octets.saturating_mul(2);
        drafts.saturating_add(rdatas).saturating_add(copies)
    }

    /// Take a record away. Its TTL is of no account (RFC 2181 section 5: name, type and data tell records apart).
    pub(super) fn delete(&mut self, record: Change<'_>) -> Result<(), IncomingError> {
        let draft = self.draft(record.owner, record.rtype);
        let canonical = rdata::canonical(record.rtype, record.rdata);
        match draft.rdatas.remove(canonical.as_ref()) {
            Some(_) => Ok(()),
            None => Err(IncomingError::NotThere(
                Box::new(record.owner.to_lower()),
                record.rtype,
            )),
        }
    }

    pub(super) fn add(&mut self, record: Change<'_>) -> Result<(), IncomingError> {
        self.rdatas += 1;
        self.octets += record.rdata.len();
        let draft = self.draft(record.owner, record.rtype);
        // RFC 2181 section 5.2: of several TTLs the lowest is taken, as when the zone comes whole.
        draft.ttl = if draft.rdatas.is_empty() {
            record.ttl
        } else {
            draft.ttl.min(record.ttl)
        };
        let canonical = rdata::canonical(record.rtype, record.rdata).into_owned();
        match draft.rdatas.insert(canonical, record.rdata.to_vec()) {
            None => Ok(()),
            Some(_) => Err(IncomingError::AlreadyThere(
                Box::new(record.owner.to_lower()),
                record.rtype,
            )),
        }
    }

    /// Put another SOA in the place of the one before.
    pub(super) fn replace_soa(&mut self, record: Change<'_>) {
        let canonical = rdata::canonical(record.rtype, record.rdata).into_owned();
        let draft = Draft {
            ttl: record.ttl,
            rdatas: BTreeMap::from([(canonical, record.rdata.to_vec())]),
        };
        let owner = record.owner.to_lower();
        self.drafts.insert((owner, record.rtype), draft);
    }

    fn draft(&mut self, owner: Name<'_>, rtype: Rtype) -> &mut Draft {
        let base = &self.base;
        let (count, octets) = (&mut self.rdatas, &mut self.octets);
        self.drafts
            .entry((owner.to_lower(), rtype))
            .or_insert_with(|| {
                let set = base.node(owner).and_then(|node| node.rrset(rtype));
                set.map_or_else(Draft::default, |set| Draft {
                    ttl: set.ttl,
                    rdatas: set
                        .rdatas()
                        .map(|rdata| {
                            *count += 1;
                            *octets += rdata.len();
                            (rdata::canonical(rtype, rdata).into_owned(), rdata.to_vec())
                        })
                        .collect(),
                })
            })
    }

    /// The version with all changes.
    pub(super) fn finish(self) -> Result<Loaded, IncomingError> {
        let changes: Vec<RRsetChange> = self
            .drafts
            .into_iter()
            .map(|((owner, rtype), draft)| {
                if draft.rdatas.is_empty() {
                    RRsetChange::Remove(owner, rtype)
                } else {
                    RRsetChange::Set(
                        owner,
                        rtype,
                        draft.ttl,
                        draft.rdatas.into_values().collect(),
                    )
                }
            })
            .collect();
        let zone = self.base.with_rrsets(&changes)?;
        check(&zone, &changes)?;
        Ok(Loaded {
            zone,
            files: Vec::new(),
            warnings: Vec::new(),
            expire_s: None,
        })
    }
}

/// The rules about names, for those that were changed.
fn check(zone: &Zone, changes: &[RRsetChange]) -> Result<(), IncomingError> {
    if zone.apex().rrset(Rtype::NS).is_none() {
        return Err(IncomingError::WithoutNs);
    }
    let mut records = Records::default();
    let mut before: Option<&NameBuf> = None;
    for change in changes {
        let (RRsetChange::Set(owner, ..) | RRsetChange::Remove(owner, _)) = change;
        if before != Some(owner) {
            push_node(&mut records, zone, owner);
        }
        before = Some(owner);
    }
    if let Some((owner, dname)) = find_covered(zone, changes) {
        let (owner, dname) = (Box::new(owner), Box::new(dname));
        return Err(IncomingError::Covered { owner, dname });
    }
    let longest = changes.iter().filter_map(|change| match change {
        RRsetChange::Set(_, rtype, _, rdatas) => {
            Some((*rtype, rdatas.iter().map(Vec::len).max().unwrap_or(0)))
        }
        RRsetChange::Remove(..) => None,
    });
    let problems = load::check_names(records, zone.origin(), longest);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(IncomingError::Rules(problems))
    }
}

/// All records of a name; what they say is of no account for the rules.
fn push_node(records: &mut Records, zone: &Zone, owner: &NameBuf) {
    let Some(key) = Key::new(owner.as_name(), zone.origin()) else {
        return;
    };
    let key = records.push_key(key.as_octets());
    let nothing = records.stretch_from(records.octet_count());
    for set in zone.node(owner.as_name()).iter().flat_map(Node::rrsets) {
        for _ in set.rdatas() {
            records.push(key, (set.rtype, set.ttl), nothing, (0, 0));
        }
    }
}
