//! The authority section: the SOA of a negative answer, the NS of a referral.
//!
//! A positive answer has none: the zone's NS records would make it longer, and tell a resolver
//! nothing that it needs.

use understudy_wire::{Full, Owner, Rcode, Rtype, Section, Writer};
use understudy_zone::{Above, Zone};

use crate::response::{Response, Sought};
use crate::steering::Records;

/// The name exists, the type does not (RFC 2308 section 2.2): SOA, its TTL at most `ttl`.
#[inline]
pub(crate) fn no_data(
    writer: &mut Writer<'_>,
    zone: &Zone,
    owner: Owner<'_>,
    ttl: u32,
) -> Result<(), Full> {
    writer.enter(Section::Authority);
    let ttl = zone.negative_ttl().min(ttl);
    if let Owner::QuestionEnding(_) = owner {
        return writer.ready(Rtype::SOA, ttl, zone.ready_soa());
    }
    Records::fixed(zone.soa()).at_most(ttl).write(writer, owner)
}

impl Response<'_, '_, '_> {
    /// As [`no_data`], for the name that is looked up.
    pub(crate) fn nodata(&mut self, zone: &Zone, sought: Sought<'_>, ttl: u32) -> Result<(), Full> {
        // Of which type there is nothing makes no difference to anybody who floods.
        self.subject.has_type &= !sought.is_question;
        no_data(&mut self.writer, zone, sought.ending(zone.origin()), ttl)
    }

    /// The name does not exist (RFC 2308 section 2.1). Behind an alias the code speaks of the
    /// alias' target (RFC 6604 section 3).
    pub(crate) fn nxdomain(&mut self, zone: &Zone, sought: Sought<'_>) -> Result<(), Full> {
        self.writer.set_rcode(Rcode::NXDOMAIN);
        self.is_about(sought, zone.origin_labels(), false);
        self.nodata(zone, sought, u32::MAX)
    }

    /// The name is in a zone below ours: its name servers, with the addresses that are needed to
    /// reach them.
    pub(crate) fn referral(
        &mut self,
        zone: &Zone,
        sought: Sought<'_>,
        cut: &Above<'_>,
    ) -> Result<(), Full> {
        let (Some(owner), Some(ns)) = (cut.owner(sought.name), cut.node.rrset(Rtype::NS)) else {
            return Ok(());
        };
        self.is_about(sought, cut.labels, false);
        self.writer.enter(Section::Authority);
        let records = self.picker.in_turn(ns);
        records.write(&mut self.writer, sought.ending(owner))?;
        self.glue(zone, owner, &ns)
    }
}
