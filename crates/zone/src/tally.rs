//! What a zone has, counted; kept up to date by the difference of each change.

use crate::key;
use crate::node::{Node, Set};

/// Counts over the nodes of a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) names: usize,
    pub(crate) records: usize,
    pub(crate) steered: usize,
    /// Names below the apex with NS or DNAME: where there are none, no look-up needs to look at
    /// what is above a name.
    pub(crate) cuts_and_dnames: usize,
    /// Names with an asterisk label anywhere: where there are none, nothing is synthesised.
    pub(crate) wildcards: usize,
}

impl Tally {
    /// The counts of one node. Octets of no node count nothing.
    pub(crate) fn of(key: &[u8], octets: &[u8]) -> Self {
        if octets.is_empty() {
            return Self::default();
        }
        let node = Node::from_octets(octets);
        let mut tally = Self {
            names: 1,
            ..Self::default()
        };
        for set in node.sets() {
            match set {
                Set::Static(set) => tally.records += set.count(),
                Set::Steered(_) => tally.steered += 1,
            }
        }
        let is_above_something = !key.is_empty() && (node.has_ns() || node.has_dname());
        tally.cuts_and_dnames = usize::from(is_above_something);
        tally.wildcards = usize::from(key::has_asterisk(key));
        tally
    }

    /// These counts and others.
    pub(crate) fn plus(self, other: Self) -> Self {
        self.replaced(Self::default(), other)
    }

    /// These counts, `before` taken away and `after` added.
    pub(crate) fn replaced(self, before: Self, after: Self) -> Self {
        let change = |whole: usize, before: usize, after: usize| whole + after - before;
        Self {
            names: change(self.names, before.names, after.names),
            records: change(self.records, before.records, after.records),
            steered: change(self.steered, before.steered, after.steered),
            cuts_and_dnames: change(
                self.cuts_and_dnames,
                before.cuts_and_dnames,
                after.cuts_and_dnames,
            ),
            wildcards: change(self.wildcards, before.wildcards, after.wildcards),
        }
    }
}
