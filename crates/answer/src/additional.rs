//! The additional section: glue, without which a referral leads nowhere, and addresses that save
//! the client a question.

use understudy_wire::{Full, Name, NameBuf, Owner, Rtype, Section};
use understudy_zone::{Match, Node, RRset, Zone};

use crate::response::{Response, Sought};
use crate::steering::Chosen;

/// Targets whose addresses one response may have.
/// chosen: the root has 13 name servers; more addresses than these help nobody.
const TARGETS: usize = 20;

const ADDRESSES: [Rtype; 2] = [Rtype::A, Rtype::AAAA];

/// Names whose addresses the response has already, or that have none here.
struct Done<'z> {
    names: [Name<'z>; TARGETS],
    count: usize,
}

impl<'z> Done<'z> {
    fn new() -> Self {
        Done {
            names: [Name::ROOT; TARGETS],
            count: 0,
        }
    }

    /// Is it a name that was not there yet, and is there room for it?
    fn insert(&mut self, name: Name<'z>) -> bool {
        let known = self.names.get(..self.count).unwrap_or(&[]);
        if known.contains(&name) {
            return false;
        }
        let Some(place) = self.names.get_mut(self.count) else {
            return false;
        };
        *place = name;
        self.count += 1;
        true
    }
}

impl Response<'_, '_, '_> {
    /// The addresses of a delegation's name servers, however many they are. Those whose names are
    /// inside the delegated zone must be there, or the client must come back over TCP (RFC 9471
    /// section 3.1); those elsewhere in our zone are there if they fit (RFC 9471 section 3.2). Minimal
    /// responses lack what can be asked for here, and nothing else: two zones whose servers lie in each
    /// other are not found without their glue (RFC 9471 section 2.3). A set names nobody twice.
    pub(crate) fn glue(&mut self, zone: &Zone, cut: Name<'_>, ns: &RRset<'_>) -> Result<(), Full> {
        let is_needed = |target: &Name<'_>| target.is_at_or_below(cut);
        for target in ns.rdatas().filter_map(name_server).filter(is_needed) {
            self.host(zone, target, &ADDRESSES)?;
        }
        let is_minimal = self.server.is_minimal();
        let is_wanted = |target: &Name<'_>| !is_minimal || is_glue(zone, *target);
        for target in ns.rdatas().filter_map(name_server) {
            if !is_needed(&target) && is_wanted(&target) {
                let _helpful_only = self.host(zone, target, &ADDRESSES);
            }
        }
        Ok(())
    }

    /// The addresses of the hosts that an answer names, as far as they are in the zone and fit. The
    /// target of a service may be an alias or a service itself, whose records are as welcome (RFC
    /// 9460 section 4.1).
    pub(crate) fn hints(&mut self, zone: &Zone, sought: Sought<'_>, rrset: &RRset<'_>) {
        if self.server.is_minimal() {
            return;
        }
        let welcome = match rrset.rtype {
            Rtype::SVCB | Rtype::HTTPS => &[Rtype::A, Rtype::AAAA, rrset.rtype][..],
            _ => &ADDRESSES,
        };
        self.writer.remember_targets(rrset.rtype);
        let (mut done, mut is_owner_named) = (Done::new(), false);
        for rdata in rrset.rdatas() {
            match target_of(rrset.rtype, rdata) {
                Target::Host(host) if host != sought.name => {
                    if done.insert(host) {
                        let _helpful_only = self.host(zone, host, welcome);
                    }
                }
                Target::Host(_) | Target::Owner => is_owner_named = true,
                Target::Nobody => {}
            }
        }
        if is_owner_named {
            // Its services are the answer. It may be a wildcard's child, so not in the zone's data.
            let _helpful_only = self.host(zone, sought.name, &ADDRESSES);
        }
    }

    /// What the zone has of these types for a host, each set whole or not at all.
    fn host(&mut self, zone: &Zone, host: Name<'_>, rtypes: &[Rtype]) -> Result<(), Full> {
        let Some((node, is_glue)) = host_node(zone, host) else {
            return Ok(());
        };
        let is_ours = |rtype: &Rtype| !is_glue || ADDRESSES.contains(rtype);
        self.writer.enter(Section::Additional);
        self.picker.is_adding = true;
        for rtype in rtypes.iter().copied().filter(is_ours) {
            if let Some(Chosen::Records(records)) = self.picker.choose(&node, rtype) {
                records.write(&mut self.writer, Owner::Name(host))?;
            }
        }
        Ok(())
    }
}

/// What the zone has for a host: its own data, glue below a cut too, or a wildcard's. Is it glue?
fn host_node<'z>(zone: &'z Zone, host: Name<'_>) -> Option<(Node<'z>, bool)> {
    let found = zone.find(host)?;
    if found.dname.is_some() {
        return None;
    }
    let is_glue = found.cut.is_some();
    match found.at {
        Match::Exact(node) => Some((node, is_glue)),
        Match::Missing { wildcard } if !is_glue => wildcard.map(|node| (node, false)),
        Match::EmptyNonTerminal | Match::Missing { .. } => None,
    }
}

/// Is it below a cut, so that its addresses cannot be asked for here?
fn is_glue(zone: &Zone, host: Name<'_>) -> bool {
    host_node(zone, host).is_some_and(|(_, is_glue)| is_glue)
}

/// Whom a record points to.
enum Target<'z> {
    Host(Name<'z>),
    Owner,
    Nobody,
}

/// Does an answer of this type name hosts?
pub(crate) fn names_hosts(rtype: Rtype) -> bool {
    matches!(
        rtype,
        Rtype::NS | Rtype::MX | Rtype::SRV | Rtype::SVCB | Rtype::HTTPS
    )
}

fn target_of(rtype: Rtype, rdata: &[u8]) -> Target<'_> {
    let octets_before = match rtype {
        Rtype::NS => 0,
        Rtype::MX | Rtype::SVCB | Rtype::HTTPS => 2,
        Rtype::SRV => 6,
        _ => return Target::Nobody,
    };
    let name = rdata
        .get(octets_before..)
        .and_then(|rest| Name::split_from(rest).ok());
    match name {
        // A root target is no host in MX (RFC 7505 section 3) and SRV (RFC 2782).
        Some((name, _)) if rtype == Rtype::NS || !name.is_root() => Target::Host(name),
        // RFC 9460 section 2.5: in service mode a root target means the owner.
        Some(_) if is_service_mode(rtype, rdata) => Target::Owner,
        _ => Target::Nobody,
    }
}

fn is_service_mode(rtype: Rtype, rdata: &[u8]) -> bool {
    matches!(rtype, Rtype::SVCB | Rtype::HTTPS) && !rdata.starts_with(&[0, 0])
}

/// The name in an NS record.
fn name_server(rdata: &[u8]) -> Option<Name<'_>> {
    Name::from_octets(rdata).ok()
}

/// The name in a CNAME or DNAME record, to go on with.
pub(crate) fn alias_target(rrset: &RRset<'_>) -> Option<NameBuf> {
    rrset
        .rdatas()
        .next()
        .and_then(|rdata| Name::from_octets(rdata).ok())
        .map(Name::to_buf)
}
