//! What a zone has on the way to a name: all that RFC 1034 section 4.3.2 asks for.

use understudy_wire::Name;

use crate::node::Node;

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
        /// The wildcard child of the closest encloser.
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
