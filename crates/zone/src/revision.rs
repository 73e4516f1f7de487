//! The next version of a zone in the making: changes of nodes, carried into index, order and counts.

use std::collections::BTreeMap;

use crate::change::SetChange;
use crate::index::Change;
use crate::key;
use crate::node::Node;
use crate::pack::with_changes;
use crate::tally::Tally;
use crate::tree::{Edit, Seek, Tree};
use crate::zone::{Version, Zone};

/// What is new at a name: its octets, or nothing.
type Value = Option<Vec<u8>>;

/// Changes collected over a version.
pub(crate) struct Revision<'v> {
    before: &'v Version,
    tally: Tally,
    /// In ascending order of their keys.
    nodes: Vec<Changed<'v>>,
    /// Names that get their first data, or lose their last.
    edits: Vec<Edit>,
}

/// A name with what is new at it.
struct Changed<'v> {
    key: &'v [u8],
    /// The index's key.
    wire: Vec<u8>,
    value: Value,
}

impl<'v> Revision<'v> {
    /// One that expects changes of so many names.
    pub(crate) fn new(before: &'v Version, names: usize) -> Self {
        Self {
            before,
            tally: before.tally,
            nodes: Vec::with_capacity(names),
            edits: Vec::new(),
        }
    }

    /// Change sets of one node; keys come in ascending order, each once.
    pub(crate) fn change<'c>(
        &mut self,
        key: &'v [u8],
        changes: impl Iterator<Item = &'c SetChange<'c>>,
    ) where
        'v: 'c,
    {
        let wire = wire(key);
        let before = self.before.index.get(&wire).unwrap_or_default();
        let value = with_changes(Node::from_octets(before), changes);
        let after = value.as_deref().unwrap_or_default();
        self.tally = self
            .tally
            .replaced(Tally::of(key, before), Tally::of(key, after));
        if before.is_empty() && after.is_empty() {
            return; // it may exist because of names below it
        }
        if before.is_empty() != after.is_empty() {
            self.edits.push(Edit {
                key: key.into(),
                is_there: value.is_some(),
            });
        }
        self.nodes.push(Changed { key, wire, value });
    }

    /// The version with these changes.
    pub(crate) fn finish(self) -> Zone {
        let (order, settled) = if self.edits.is_empty() {
            (self.before.order.clone(), BTreeMap::new())
        } else {
            let order = self.before.order.with(&self.edits);
            let settled = self.names_without_data(&order);
            (order, settled)
        };
        let settled: Vec<(Vec<u8>, Value)> = settled
            .into_iter()
            .map(|(key, value)| (wire(key), value))
            .collect();
        let with_data = self.nodes.iter().map(|node| (&node.wire, &node.value));
        let settled = settled.iter().map(|(key, value)| (key, value));
        let changes = with_data.chain(settled).map(|(key, value)| Change {
            key,
            value: value.as_deref(),
        });
        let index = self.before.index.with(changes);
        let is_apex_changed = self.nodes.first().is_some_and(|node| node.key.is_empty());
        if is_apex_changed {
            Zone::from_parts(self.before.origin.as_name(), order, index, self.tally)
        } else {
            Zone::below_same_apex(self.before, order, index, self.tally)
        }
    }

    /// Does a name have data after the changes, one of which is for it?
    fn gets_data(&self, key: &[u8]) -> bool {
        let place = self.nodes.binary_search_by_key(&key, |node| node.key);
        let node = place.ok().and_then(|at| self.nodes.get(at));
        node.is_some_and(|node| node.value.is_some())
    }

    /// Names at and above those that came or went exist or not because of what is below them now.
    fn names_without_data(&self, order: &Tree) -> BTreeMap<&[u8], Value> {
        let mut settled = BTreeMap::new();
        for edit in &self.edits {
            for depth in 1..=key::depth(&edit.key) {
                let above = key::ancestor(&edit.key, depth);
                if self.gets_data(above) {
                    continue;
                }
                let value = match order.seek(above) {
                    Seek::Exact => continue,
                    Seek::Absent { shared_depth } => (shared_depth == depth).then(Vec::new),
                };
                settled.insert(above, value);
            }
        }
        settled
    }
}

/// The index's key for a key of the order.
fn wire(key: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(key.len());
    key::push_wire(key, &mut wire);
    wire
}
