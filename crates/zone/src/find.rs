//! What a zone has on the way to a name: all that RFC 1034 section 4.3.2 asks for.

use understudy_wire::{Folded, MAX_NAME_OCTETS, Name};

use crate::node::Node;
use crate::zone::Version;

/// The outcome of looking a name up.
#[derive(Clone, Copy, Debug)]
pub struct Found<'z> {
    /// What is at the name itself, no matter what is above it.
    pub at: Match<'z>,
    /// Labels (root not counted) of the closest encloser: the longest existing ancestor of the name,
    /// or the name itself where it exists (RFC 4592 section 3.3.1).
    pub encloser_labels: usize,
    /// The highest zone cut below the apex, at the name or above it. What is at the name is then
    /// glue or occluded (RFC 1034 section 4.2.1), except DS and the like at the cut itself.
    pub cut: Option<Above<'z>>,
    /// The highest DNAME strictly above the name, unless it is below `cut`.
    pub dname: Option<Above<'z>>,
}

/// A node on the way to the name.
#[derive(Clone, Copy, Debug)]
pub struct Above<'z> {
    /// What it has.
    pub node: Node<'z>,
    /// Its owner is the queried name's ancestor (or itself) with so many labels.
    pub labels: usize,
}

/// What is at a name.
#[derive(Clone, Copy, Debug)]
pub enum Match<'z> {
    /// The name has data.
    Exact(Node<'z>),
    /// Nothing here, something below: it exists (RFC 4592 section 2.2.2, RFC 8020 section 2).
    EmptyNonTerminal,
    /// The name does not exist.
    Missing {
        /// The wildcard child of the closest encloser. Without any set if it exists only because
        /// of names below it: the name then exists by synthesis, without data (RFC 4592 section
        /// 4.9). The example zone of RFC 4592 section 2.2.1 shows it.
        wildcard: Option<Node<'z>>,
    },
}

/// A [`Found`] and the name it was found for give the owners of what was found.
impl Found<'_> {
    /// The closest encloser as a name.
    #[must_use]
    pub fn encloser<'q>(&self, qname: Name<'q>) -> Option<Name<'q>> {
        qname.suffix(self.encloser_labels)
    }
}

impl Above<'_> {
    /// The node's owner, in the case of the queried name.
    #[must_use]
    pub fn owner<'q>(&self, qname: Name<'q>) -> Option<Name<'q>> {
        qname.suffix(self.labels)
    }
}

/// Look up a name that is known to be the apex or below it.
#[inline]
pub(crate) fn find<'z>(version: &'z Version, name: Folded<'_>) -> Found<'z> {
    let labels = name.label_count();
    let node = version.get(name);
    if let Some(node) = node
        && !version.may_hide_names()
    {
        return Found {
            at: existing(node),
            encloser_labels: labels,
            cut: None,
            dname: None,
        };
    }
    walk(version, name, node)
}

/// What is at a name, if nothing above it and no wildcard can play a part.
#[inline(always)]
pub(crate) fn find_unhidden<'z>(version: &'z Version, name: Folded<'_>) -> Option<Match<'z>> {
    let depth = name.label_count().checked_sub(version.origin_labels)?;
    if version.may_hide_names() && (depth > 1 || version.apex().has_dname()) {
        return None;
    }
    match version.get(name) {
        Some(node) if node.has_ns() && depth > 0 => None,
        Some(node) => Some(existing(node)),
        None if version.tally.wildcards > 0 && (depth > 1 || version.has_wildcard_below_apex()) => {
            None
        }
        None => Some(Match::Missing { wildcard: None }),
    }
}

/// What is at a name that exists.
#[inline]
fn existing(node: Node<'_>) -> Match<'_> {
    if node.is_empty() {
        Match::EmptyNonTerminal
    } else {
        Match::Exact(node)
    }
}

/// Go down from the apex to the name: to the closest encloser, and past the first cut or DNAME.
#[inline(never)]
fn walk<'z>(version: &'z Version, name: Folded<'_>, at: Option<Node<'z>>) -> Found<'z> {
    let labels = name.label_count();
    let mut found = Found {
        at: at.map_or(Match::Missing { wildcard: None }, existing),
        encloser_labels: labels,
        cut: None,
        dname: None,
    };
    for above in version.origin_labels..=labels {
        let node = if above == labels {
            at
        } else if above == version.origin_labels {
            Some(version.apex())
        } else {
            version.get_above(name, above)
        };
        let Some(node) = node else {
            // What does not exist has nothing below it.
            found.encloser_labels = above.saturating_sub(1);
            break;
        };
        if found.cut.is_some() || found.dname.is_some() {
            continue;
        }
        let here = Above {
            node,
            labels: above,
        };
        if node.has_ns() && above > version.origin_labels {
            found.cut = Some(here);
        } else if node.has_dname() && above < labels {
            found.dname = Some(here);
        }
    }
    if at.is_none() {
        let wildcard = wildcard_below(version, name, found.encloser_labels);
        found.at = Match::Missing { wildcard };
    }
    found
}

/// The wildcard child of the ancestor of `name` with so many labels, if it exists.
fn wildcard_below<'z>(version: &'z Version, name: Folded<'_>, labels: usize) -> Option<Node<'z>> {
    if version.tally.wildcards == 0 {
        return None;
    }
    let encloser = name.between(labels, version.origin_labels)?;
    let mut key = [0; MAX_NAME_OCTETS + 2];
    let (asterisk, rest) = key.split_at_mut_checked(2)?;
    asterisk.copy_from_slice(&[1, b'*']);
    rest.get_mut(..encloser.len())?.copy_from_slice(encloser);
    version
        .index
        .get(key.get(..2 + encloser.len())?)
        .map(Node::from_octets)
}
