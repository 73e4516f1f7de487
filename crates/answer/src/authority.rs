//! The authority section: the SOA of a negative answer, the NS of a referral.
//!
//! A positive answer has none: the zone's NS records would make it longer, and tell a resolver
//! nothing that it needs.

use understudy_wire::{Full, Rcode, Rtype, Section};
use understudy_zone::{Above, Zone};

use crate::response::{Response, Sought};
use crate::steering::Records;

impl Response<'_, '_, '_> {
    /// The name exists, the type does not (RFC 2308 section 2.2): SOA, its TTL at most `ttl`.
    pub(crate) fn nodata(&mut self, zone: &Zone, sought: Sought<'_>, ttl: u32) -> Result<(), Full> {
        // Of which type there is nothing makes no difference to anybody who floods.
        self.subject.has_type &= !sought.is_question;
        let soa = Records::fixed(zone.soa())
            .at_most(zone.negative_ttl())
            .at_most(ttl);
        self.writer.enter(Section::Authority);
        soa.write(&mut self.writer, sought.ending(zone.origin()))
    }

    /// The name does not exist (RFC 2308 section 2.1). Behind an alias the code speaks of the
    /// alias' target (RFC 6604 section 2.1).
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
        let records = self.in_turn(ns);
        records.write(&mut self.writer, sought.ending(owner))?;
        self.glue(zone, owner, &ns)
    }
}
