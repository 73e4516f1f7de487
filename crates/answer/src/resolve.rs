//! The answer section: RFC 1034 section 4.3.2, step by step.
//!
//! ```text
//! resolve          the question's name, then the targets of aliases
//!   look_up        one name in the nearest zone:
//!     redirect       a DNAME above it            -> CNAME made from it, and its target
//!     referral       a zone cut at or above it   -> name servers
//!     at_node        it exists, or a wildcard does: records | alias | no data
//!     nodata         it has something below only
//!     nxdomain       it does not exist
//! ```

use std::ops::Deref;

use understudy_wire::{Folded, Full, Header, LowerName, Name, NameBuf, Rcode, Rtype};
use understudy_zone::{Above, Found, Match, Node, Set, Zone};

use crate::additional::{alias_target, names_hosts};
use crate::outcome::{ExtendedError, Transport};
use crate::response::{Response, Sought};
use crate::steering::{Chosen, Records};

/// Aliases followed for one query; the client asks for the rest of a longer chain itself.
/// chosen: BIND follows 11 (max-restarts); real chains have up to 5.
const ALIASES: usize = 10;

/// The zones that a server serves.
pub trait Zones {
    /// The zone with the longest origin at or above the ancestor of `name` that has so many labels.
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>>;

    /// A number that changes before another zone is the nearest to any name. None where that cannot
    /// be told, and then no answer is kept.
    fn stamp(&self) -> Option<u64> {
        None
    }

    /// A number that changes when anything that is served has changed. None where that cannot be told,
    /// and then no whole response is kept.
    fn version(&self) -> Option<u64> {
        None
    }

    /// Is the nearest zone one that should be here, and is not? Then [`Zones::nearest`] gives none.
    fn is_missing(&self, _name: Folded<'_>, _labels: usize) -> bool {
        false
    }

    /// For how many seconds after `now_ns` the zone with this very origin is answered, if no primary is
    /// heard (RFC 7314 section 3). None where that is not known.
    fn expire_s(&self, _origin: Folded<'_>, _now_ns: u64) -> Option<u32> {
        None
    }
}

/// How far one name has led.
enum Progress {
    /// The response is complete.
    Complete,
    /// An alias, whose target stands in [`Response::alias`]: go on with that.
    Follow,
    /// No zone of ours has the name.
    Elsewhere,
}

/// Answers the question from our zones.
///
/// # Errors
/// Something that the answer needs did not fit.
pub(crate) fn resolve<Z: Zones>(
    zones: &Z,
    response: &mut Response<'_, '_, '_>,
) -> Result<(), Full> {
    let sought = Sought {
        name: response.question.qname,
        is_question: true,
    };
    match look_up(zones, response, sought)? {
        Progress::Complete => Ok(()),
        Progress::Follow => follow(zones, response),
        Progress::Elsewhere => {
            let name = LowerName::new(response.question.qname);
            if zones.is_missing(name.folded(), name.label_count()) {
                response.refuse(Rcode::SERVFAIL, ExtendedError::InvalidData);
            } else {
                response.refuse(Rcode::REFUSED, ExtendedError::NotAuthoritative);
            }
            Ok(())
        }
    }
}

/// Goes from alias to alias. The chain ends where it leaves our zones, comes back to a name that
/// it has passed, or is too long: what has been found so far is the answer.
#[inline(never)]
fn follow<Z: Zones>(zones: &Z, response: &mut Response<'_, '_, '_>) -> Result<(), Full> {
    let mut passed = [NameBuf::ROOT; ALIASES];
    for index in 0..ALIASES {
        let Some(target) = response.alias.take() else {
            return Ok(());
        };
        let name = target.as_name();
        let has_passed = passed.iter().take(index).any(|it| it.as_name() == name);
        if has_passed || name == response.question.qname {
            return Ok(());
        }
        let sought = Sought {
            name,
            is_question: false,
        };
        match look_up(zones, response, sought)? {
            Progress::Complete | Progress::Elsewhere => return Ok(()),
            Progress::Follow => {}
        }
        if let Some(place) = passed.get_mut(index) {
            *place = target;
        }
    }
    Ok(())
}

/// Looks one name up in the nearest zone.
fn look_up<Z: Zones>(
    zones: &Z,
    response: &mut Response<'_, '_, '_>,
    sought: Sought<'_>,
) -> Result<Progress, Full> {
    let lower = LowerName::new(sought.name);
    let lower = lower.folded();
    let labels = lower.label_count();
    let Some(zone) = zones.nearest(lower, labels) else {
        return not_here(zones, response, sought, lower);
    };
    if response.question.qtype == Rtype::DS
        && zone.origin_labels() == labels
        && let Some(progress) = in_parent(zones, response, sought, lower)?
    {
        return Ok(progress);
    }
    in_zone(&zone, response, sought, &zone.find_below(lower))
}

/// The nearest zone is not here, but what is asked of it may be its parent's data. Where it begins
/// further up, that one is the nearest still, and there is no parent of this name.
#[cold]
fn not_here<Z: Zones>(
    zones: &Z,
    response: &mut Response<'_, '_, '_>,
    sought: Sought<'_>,
    lower: Folded<'_>,
) -> Result<Progress, Full> {
    if response.question.qtype != Rtype::DS {
        return Ok(Progress::Elsewhere);
    }
    let progress = in_parent(zones, response, sought, lower)?;
    Ok(progress.unwrap_or(Progress::Elsewhere))
}

/// The DS of a zone is its parent's data (RFC 4035 section 3.1.4.1). None where no parent is here.
fn in_parent<Z: Zones>(
    zones: &Z,
    response: &mut Response<'_, '_, '_>,
    sought: Sought<'_>,
    lower: Folded<'_>,
) -> Result<Option<Progress>, Full> {
    let above = lower.label_count().checked_sub(1);
    let Some(parent) = above.and_then(|labels| zones.nearest(lower, labels)) else {
        return Ok(None);
    };
    let found = parent.find_below(lower);
    if !is_own_or_cut(&found, sought.name) {
        return Ok(None);
    }
    in_zone(&parent, response, sought, &found).map(Some)
}

/// Is the name the zone's own or its cut? Below a further cut a zone is nobody's parent, and the
/// zone itself has to say that it knows no DS (RFC 4035 section 3.1.4.1).
fn is_own_or_cut(found: &Found<'_>, name: Name<'_>) -> bool {
    found.cut.is_none_or(|cut| cut.labels == name.label_count())
}

fn in_zone(
    zone: &Zone,
    response: &mut Response<'_, '_, '_>,
    sought: Sought<'_>,
    found: &Found<'_>,
) -> Result<Progress, Full> {
    if let Some(dname) = ruling_dname(found) {
        response.is_about(sought, dname.labels, true);
        response.claim_authority(sought);
        return redirect(response, sought, &dname);
    }
    if let Some(cut) = &found.cut
        && !is_parents_data(response.question.qtype, cut, sought.name)
    {
        response.referral(zone, sought, cut)?;
        return Ok(Progress::Complete);
    }
    response.claim_authority(sought);
    match found.at {
        Match::Exact(node) => return at_node(zone, response, sought, &node),
        Match::Missing {
            wildcard: Some(node),
        } => {
            response.is_about(sought, found.encloser_labels, true);
            return at_node(zone, response, sought, &node);
        }
        Match::EmptyNonTerminal => response.nodata(zone, sought, u32::MAX)?,
        Match::Missing { wildcard: None } => response.nxdomain(zone, sought)?,
    }
    Ok(Progress::Complete)
}

/// The DNAME that rules the name, unless a zone cut stands above that. None rules its own owner (RFC
/// 6672 section 2.3).
fn ruling_dname<'z>(found: &Found<'z>) -> Option<Above<'z>> {
    let is_above_cut = |dname: &Above<'z>| found.cut.is_none_or(|cut| dname.labels < cut.labels);
    found.dname.filter(is_above_cut)
}

/// At a zone cut the parent answers for DS (RFC 4035 section 3.1.4.1) and nothing else.
fn is_parents_data(qtype: Rtype, cut: &Above<'_>, name: Name<'_>) -> bool {
    qtype == Rtype::DS && cut.labels == name.label_count()
}

/// Answers with the DNAME, the CNAME that follows from it (RFC 6672 section 3.1), and goes on with
/// its target (RFC 6672 section 3.2). A target that gets too long is YXDOMAIN.
fn redirect(
    response: &mut Response<'_, '_, '_>,
    sought: Sought<'_>,
    dname: &Above<'_>,
) -> Result<Progress, Full> {
    let (Some(owner), Some(rrset)) = (dname.owner(sought.name), dname.node.rrset(Rtype::DNAME))
    else {
        return Ok(Progress::Elsewhere);
    };
    let Some(ending) = alias_target(&rrset) else {
        return Ok(Progress::Complete);
    };
    if !response.writer.has_answer(owner, Rtype::DNAME) {
        Records::fixed(rrset).write(&mut response.writer, sought.ending(owner))?;
    }
    let Ok(target) = NameBuf::substitute(sought.name, owner, ending.as_name()) else {
        response.writer.set_rcode(Rcode::YXDOMAIN);
        return Ok(Progress::Complete);
    };
    let octets = [target.as_name().octets()];
    response
        .writer
        .rrset(sought.owner(), Rtype::CNAME, rrset.ttl, octets)?;
    if takes_aliases_as_answer(response.question.qtype) {
        return Ok(Progress::Complete);
    }
    response.alias = Some(target);
    Ok(Progress::Follow)
}

/// An alias is an answer to these types, not a way to go.
fn takes_aliases_as_answer(qtype: Rtype) -> bool {
    matches!(qtype, Rtype::CNAME | Rtype::ANY)
}

/// Types that a name with a CNAME has itself (RFC 2181 section 10.1, RFC 4035 section 2.5): who
/// asks for them means the name and not where it leads.
fn stands_beside_alias(qtype: Rtype) -> bool {
    matches!(
        qtype,
        Rtype::RRSIG | Rtype::NSEC | Rtype::SIG | Rtype::NXT | Rtype::KEY
    )
}

/// Answers from what the name has: the type asked for, else an alias, else nothing.
fn at_node(
    zone: &Zone,
    response: &mut Response<'_, '_, '_>,
    sought: Sought<'_>,
    node: &Node<'_>,
) -> Result<Progress, Full> {
    let qtype = response.question.qtype;
    if qtype == Rtype::ANY {
        any(zone, response, sought, node)?;
        return Ok(Progress::Complete);
    }
    let chosen = match response.picker.choose(node, qtype) {
        None if !stands_beside_alias(qtype) => response.picker.choose(node, Rtype::CNAME),
        chosen => chosen,
    };
    match chosen {
        None => response.nodata(zone, sought, u32::MAX)?,
        Some(Chosen::Nodata(ttl)) => response.nodata(zone, sought, ttl)?,
        Some(Chosen::Servfail) => response.servfail(),
        Some(Chosen::Records(records)) => {
            // An alias may lead back to a DNAME that has been followed before.
            let is_repeated = qtype == Rtype::DNAME
                && !sought.is_question
                && response.writer.has_answer(sought.name, qtype);
            if !is_repeated {
                records.write(&mut response.writer, sought.owner())?;
            }
            if records.rrset.rtype != qtype {
                response.alias = alias_target(&records.rrset);
                return Ok(Progress::Follow);
            }
            if names_hosts(qtype) {
                response.hints(zone, sought, &records.rrset);
            }
        }
    }
    Ok(Progress::Complete)
}

/// ANY: over UDP one RRset, the first by type that there is (RFC 8482 section 4.1), because a
/// long answer to a forged address is an attack; over TCP, where the client is real, all.
fn any(
    zone: &Zone,
    response: &mut Response<'_, '_, '_>,
    sought: Sought<'_>,
    node: &Node<'_>,
) -> Result<(), Full> {
    let (mut written, mut fails, mut hidden, mut negative_ttl) = (0, false, None, u32::MAX);
    for set in node.sets() {
        let chosen = match set {
            Set::Static(rrset) if hidden == Some(rrset.rtype) => continue,
            Set::Static(rrset) => Chosen::Records(response.picker.in_turn(rrset)),
            Set::Steered(steered) => {
                hidden = Some(steered.rtype);
                response.picker.decide(&steered)
            }
        };
        match chosen {
            Chosen::Nodata(ttl) => negative_ttl = negative_ttl.min(ttl),
            Chosen::Servfail => fails = true,
            Chosen::Records(records) => {
                records.write(&mut response.writer, sought.owner())?;
                written += 1;
                if response.transport == Transport::Udp {
                    return Ok(());
                }
            }
        }
    }
    match (written, fails) {
        (0, true) => response.servfail(),
        (0, false) => response.nodata(zone, sought, negative_ttl)?,
        _ => {}
    }
    Ok(())
}

impl Response<'_, '_, '_> {
    /// AA speaks of the question's own name (RFC 1035 section 4.1.1, RFC 6604 section 2.1), so a referral behind an
    /// alias does not take it away.
    fn claim_authority(&mut self, sought: Sought<'_>) {
        if sought.is_question {
            self.writer.set_flags(Header::AA);
        }
    }

    /// This cannot be answered now; aliases that led here stay in the answer. A failure is nobody's
    /// authoritative word.
    fn servfail(&mut self) {
        self.writer.clear_flags(Header::AA);
        self.refuse(Rcode::SERVFAIL, ExtendedError::NoneHealthy);
    }
}
