//! Putting the octets of a node together; [`crate::node`] has their layout and reads them.

use understudy_wire::Rtype;

use crate::change::{SetChange, SteeredSet};
use crate::node::{
    FORM_ANSWER, FORM_NODATA, FORM_SERVFAIL, FORM_STATIC, Kind, NEVER_DUE, Node, Selector,
};

/// The order of sets in a node: by type, the steered one first.
pub(crate) type SetKey = (u16, bool);

/// The key of a steered set.
pub(crate) fn steered_key(rtype: Rtype) -> SetKey {
    (rtype.number(), false)
}

/// The key of a static set.
pub(crate) fn static_key(rtype: Rtype) -> SetKey {
    (rtype.number(), true)
}

/// Append a static set to `to`. Everything in a zone came in messages or files, so that lengths
/// fit; what does not fit four octets could not have been read.
pub(crate) fn push_static<'r>(
    to: &mut Vec<u8>,
    rtype: Rtype,
    ttl: u32,
    rdatas: impl Iterator<Item = &'r [u8]>,
) {
    let length_at = push_head(to, rtype, FORM_STATIC, ttl);
    push_records(to, rdatas);
    patch_length(to, length_at);
}

/// A steered set as octets.
pub(crate) fn steered_octets(set: &SteeredSet, number: u32) -> Vec<u8> {
    let mut to = Vec::with_capacity(64); // an answer of one or two addresses
    let form = match set.kind {
        Kind::Answer => FORM_ANSWER,
        Kind::Nodata => FORM_NODATA,
        Kind::Servfail => FORM_SERVFAIL,
    };
    let length_at = push_head(&mut to, set.rtype, form, set.ttl);
    to.extend_from_slice(&set.due_ns.unwrap_or(NEVER_DUE).to_be_bytes());
    to.push(match set.selector {
        Selector::One => 0,
        Selector::Chance => 1,
        Selector::Rotate => 2,
    });
    to.extend_from_slice(&number.to_be_bytes());
    for (weight, rdatas) in &set.variants {
        to.extend_from_slice(&weight.to_be_bytes());
        let records_at = to.len();
        to.extend_from_slice(&[0; 4]);
        push_records(&mut to, rdatas.iter().map(Vec::as_slice));
        patch_length(&mut to, records_at);
    }
    patch_length(&mut to, length_at);
    to
}

fn push_head(to: &mut Vec<u8>, rtype: Rtype, form: u8, ttl: u32) -> usize {
    to.extend_from_slice(&rtype.number().to_be_bytes());
    to.push(form);
    to.extend_from_slice(&ttl.to_be_bytes());
    let length_at = to.len();
    to.extend_from_slice(&[0; 4]);
    length_at
}

fn push_records<'r>(to: &mut Vec<u8>, rdatas: impl Iterator<Item = &'r [u8]>) {
    for rdata in rdatas {
        if let Ok(length) = u16::try_from(rdata.len()) {
            to.extend_from_slice(&length.to_be_bytes());
            to.extend_from_slice(rdata);
        }
    }
}

/// Write how many octets follow the length field at `at`.
fn patch_length(to: &mut [u8], at: usize) {
    let length = u32::try_from(to.len().saturating_sub(at + 4)).unwrap_or(u32::MAX);
    if let Some(field) = to.get_mut(at..at + 4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// The octets of a node after these changes, which are made in their order; None where no set is left.
pub(crate) fn with_changes<'c>(
    node: Node<'c>,
    changes: impl Iterator<Item = &'c SetChange<'c>>,
) -> Option<Vec<u8>> {
    let mut sets = split_sets(node);
    for change in changes {
        let place = sets.binary_search_by_key(&change.key, |(key, _)| *key);
        match (place, change.set.as_deref()) {
            (Ok(at), Some(set)) => {
                if let Some((_, there)) = sets.get_mut(at) {
                    *there = set;
                }
            }
            (Err(at), Some(set)) => sets.insert(at, (change.key, set)),
            (Ok(at), None) => drop(sets.remove(at)),
            (Err(_), None) => (),
        }
    }
    (!sets.is_empty()).then(|| join_sets(&sets))
}

/// The sets of a node, each as its octets, in their order.
fn split_sets(node: Node<'_>) -> Vec<(SetKey, &[u8])> {
    let mut sets = Vec::with_capacity(4); // more than nearly all have
    let mut rest = node.octets();
    while let Some((key, set, after)) = split_set(rest) {
        sets.push((key, set));
        rest = after;
    }
    debug_assert!(sets.is_sorted_by_key(|(key, _)| *key));
    sets
}

fn split_set(octets: &[u8]) -> Option<(SetKey, &[u8], &[u8])> {
    let (head, _) = octets.split_first_chunk::<11>()?;
    let [type0, type1, form, _, _, _, _, length @ ..] = *head;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
    let (set, rest) = octets.split_at_checked(head.len() + length)?;
    Some((
        (u16::from_be_bytes([type0, type1]), form == FORM_STATIC),
        set,
        rest,
    ))
}

/// Sets in order as the octets of a node.
fn join_sets(sets: &[(SetKey, &[u8])]) -> Vec<u8> {
    let size = 1 + sets.iter().map(|(_, set)| set.len()).sum::<usize>();
    let mut node = Vec::with_capacity(size);
    node.push(0);
    for (key, set) in sets {
        mark(&mut node, *key);
        node.extend_from_slice(set);
    }
    node
}

/// Set the flag of a node that belongs to one of its sets.
pub(crate) fn mark(node: &mut [u8], (rtype, is_static): SetKey) {
    let flag = match (Rtype::new(rtype), is_static) {
        (_, false) => Node::HAS_STEERED,
        (Rtype::NS, true) => Node::HAS_NS,
        (Rtype::DNAME, true) => Node::HAS_DNAME,
        (Rtype::CNAME, true) => Node::HAS_CNAME,
        _ => 0,
    };
    if let Some(flags) = node.first_mut() {
        *flags |= flag;
    }
}
