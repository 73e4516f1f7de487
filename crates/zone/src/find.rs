//! What a zone has on the way to a name: all that RFC 1034 section 4.3.2 asks for.

use understudy_wire::Name;

use crate::key::{self, Key};
use crate::node::Node;
use crate::tree::Seek;
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
    /// glue or occluded, except DS and the like at the cut itself.
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
    /// Nothing here, something below (RFC 4592 section 2.2.2).
    EmptyNonTerminal,
    /// The name does not exist.
    Missing {
        /// The wildcard child of the closest encloser. Without any set if it exists only because
        /// of names below it: the name then exists by synthesis, without data.
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

pub(crate) fn find<'z>(version: &'z Version, qname: Name<'_>) -> Option<Found<'z>> {
    let mut key = Key::APEX;
    if !key.set(qname, version.origin.as_name()) {
        return None;
    }
    let (key, depth) = (key.as_octets(), key.depth());
    let (at, encloser_depth) = match version.tree.seek(key) {
        Seek::Exact(octets) => (Match::Exact(Node::from_octets(octets)), depth),
        Seek::Absent { shared_depth } if shared_depth == depth => (Match::EmptyNonTerminal, depth),
        Seek::Absent { shared_depth } => {
            let wildcard = wildcard_below(version, key, shared_depth);
            (Match::Missing { wildcard }, shared_depth)
        }
    };
    let mut found = Found {
        at,
        encloser_labels: version.origin_labels + encloser_depth,
        cut: None,
        dname: None,
    };
    if depth > 0 {
        look_above(version, key, depth, &mut found);
    }
    Some(found)
}

/// The wildcard child of the ancestor of `key` at this depth, if it exists.
fn wildcard_below<'z>(version: &'z Version, key: &[u8], depth: usize) -> Option<Node<'z>> {
    if version.tally.wildcards == 0 {
        return None;
    }
    let key = Key::wildcard_below(key::ancestor(key, depth), depth)?;
    match version.tree.seek(key.as_octets()) {
        Seek::Exact(octets) => Some(Node::from_octets(octets)),
        Seek::Absent { shared_depth } => (shared_depth == key.depth()).then(Node::default),
    }
}

/// Go down from the apex to the name and stop at the first cut or DNAME.
fn look_above<'z>(version: &'z Version, key: &[u8], depth: usize, found: &mut Found<'z>) {
    let apex = Node::from_octets(&version.apex);
    if apex.has_dname() {
        found.dname = Some(Above {
            node: apex,
            labels: version.origin_labels,
        });
        return;
    }
    if version.tally.cuts_and_dnames == 0 {
        return;
    }
    let deepest = found.encloser_labels - version.origin_labels;
    for above in 1..=deepest {
        let node = match &found.at {
            Match::Exact(node) if above == depth => Some(*node),
            _ => version
                .tree
                .get(key::ancestor(key, above))
                .map(Node::from_octets),
        };
        let Some(node) = node else { continue };
        let here = Above {
            node,
            labels: version.origin_labels + above,
        };
        if node.has_ns() {
            found.cut = Some(here);
            return;
        }
        if node.has_dname() && above < depth {
            found.dname = Some(here);
            return;
        }
    }
}
