//! A persistent B+ tree of keys. A change makes a new tree that shares every page but
//! those on the way to what changed.

use std::sync::Arc;

use crate::key::shared_depth;
use crate::page::{Page, PageBuilder};

/// chosen: 32 keys of a typical zone are 1 KiB, which one change copies in under a microsecond, and
/// a search touches few cache lines of a leaf, which is seldom in a cache.
const MAX_KEYS: usize = 32;
/// chosen: a million names are three levels deep, and all levels but the lowest have 1 MiB. A change
/// copies two arrays of so many references, a few microseconds.
const MAX_CHILDREN: usize = 256;

#[derive(Clone, Debug)]
enum Link {
    Leaf(Arc<Page>),
    Branch(Arc<Branch>),
}

/// Children, and the exact first key of each.
#[derive(Debug)]
struct Branch {
    firsts: Arc<Page>,
    children: Box<[Link]>,
}

/// The whole tree. A clone is a reference.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: Link,
}

/// The neighbourhood of a key.
pub(crate) enum Seek {
    /// The key is there.
    Exact,
    /// It is not.
    Absent {
        /// Depth of the lowest ancestor-or-self of the key that is an ancestor of some key there.
        shared_depth: usize,
    },
}

/// A key that comes or goes.
pub(crate) struct Edit {
    pub(crate) key: Box<[u8]>,
    pub(crate) is_there: bool,
}

impl Link {
    /// The page that has the first keys: the leaf itself, or a branch's index.
    fn page(&self) -> &Page {
        match self {
            Self::Leaf(page) => page,
            Self::Branch(branch) => &branch.firsts,
        }
    }

    fn first_key(&self) -> [&[u8]; 2] {
        self.page().key(0).unwrap_or_default()
    }
}

impl Branch {
    fn new(children: Vec<Link>) -> Self {
        let mut firsts = PageBuilder::new(usize::MAX);
        for child in &children {
            firsts.push(child.first_key());
        }
        let firsts = firsts.finish().pop().unwrap_or_default();
        Self {
            firsts: Arc::new(firsts),
            children: children.into(),
        }
    }

    /// The child that has the key, or would have it.
    #[inline]
    fn child_index(&self, key: &[u8]) -> usize {
        match self.firsts.search(key) {
            Ok(index) => index,
            Err(index) => index.saturating_sub(1),
        }
    }
}

impl Tree {
    /// A tree of these pages, which are in order.
    pub(crate) fn from_pages(pages: Vec<Page>) -> Self {
        Self {
            root: grow(
                pages
                    .into_iter()
                    .map(|page| Link::Leaf(Arc::new(page)))
                    .collect(),
            ),
        }
    }

    /// A builder whose pages [`Tree::from_pages`] takes.
    pub(crate) fn builder() -> PageBuilder {
        PageBuilder::new(MAX_KEYS)
    }

    /// Whether a key is there, or what is around it. The tree's first key must be a prefix of every other (in
    /// a zone it is the apex), so that the key before is always on the same page.
    #[inline]
    pub(crate) fn seek(&self, key: &[u8]) -> Seek {
        let mut after = None;
        let mut link = &self.root;
        loop {
            match link {
                Link::Leaf(page) => {
                    return match page.search(key) {
                        Ok(_) => Seek::Exact,
                        Err(index) => seek_around(page, index, key, after),
                    };
                }
                Link::Branch(branch) => {
                    let index = branch.child_index(key);
                    if index + 1 < branch.firsts.count() {
                        after = Some((&branch.firsts, index + 1));
                    }
                    match branch.children.get(index) {
                        Some(child) => link = child,
                        None => return Seek::Absent { shared_depth: 0 },
                    }
                }
            }
        }
    }

    /// Every key in order.
    pub(crate) fn iter(&self) -> Iter<'_> {
        Iter {
            stack: vec![(&self.root, 0)],
        }
    }

    /// Every key that is not before this one, in order.
    pub(crate) fn iter_from(&self, key: &[u8]) -> Iter<'_> {
        let mut stack = Vec::new();
        let mut link = &self.root;
        loop {
            match link {
                Link::Leaf(page) => {
                    let index = page.search(key).unwrap_or_else(|index| index);
                    stack.push((link, index));
                    return Iter { stack };
                }
                Link::Branch(branch) => {
                    let index = branch.child_index(key);
                    stack.push((link, index + 1));
                    match branch.children.get(index) {
                        Some(child) => link = child,
                        None => return Iter { stack },
                    }
                }
            }
        }
    }

    /// The tree with these edits, which are sorted by key, each key once. At least one must
    /// remain.
    pub(crate) fn with(&self, edits: &[Edit]) -> Self {
        Self {
            root: grow(edited(&self.root, edits)),
        }
    }
}

/// What is around a key that is not there: before it on this page, after it here or where the next
/// page begins.
fn seek_around(page: &Page, index: usize, key: &[u8], next: Option<(&Arc<Page>, usize)>) -> Seek {
    let depth = |other: Option<[&[u8]; 2]>| other.map_or(0, |other| depth_shared_with(key, other));
    let before = depth(index.checked_sub(1).and_then(|before| page.key(before)));
    let after = page
        .key(index)
        .or_else(|| next.and_then(|(page, index)| page.key(index)));
    Seek::Absent {
        shared_depth: before.max(depth(after)),
    }
}

#[inline]
fn depth_shared_with(key: &[u8], [prefix, suffix]: [&[u8]; 2]) -> usize {
    match key.strip_prefix(prefix) {
        Some(rest) => crate::key::depth(prefix) + shared_depth(rest, suffix),
        None => shared_depth(key, prefix),
    }
}

/// Put branches above the links until there is one.
fn grow(mut links: Vec<Link>) -> Link {
    while links.len() > 1 {
        links = branches(links);
    }
    let mut root = links.pop().unwrap_or_else(|| Link::Leaf(Arc::default()));
    while let Link::Branch(branch) = &root {
        match &*branch.children {
            [only] => root = only.clone(),
            _ => break,
        }
    }
    root
}

/// As few branches as hold the links, filled evenly.
fn branches(links: Vec<Link>) -> Vec<Link> {
    let count = links.len().div_ceil(MAX_CHILDREN).max(1);
    let share = links.len().div_ceil(count).max(1);
    let mut links = links.into_iter().peekable();
    let mut made = Vec::with_capacity(count);
    while links.peek().is_some() {
        let children: Vec<Link> = links.by_ref().take(share).collect();
        made.push(Link::Branch(Arc::new(Branch::new(children))));
    }
    made
}

/// What replaces `link`: nothing, one link, or several of the same height.
fn edited(link: &Link, edits: &[Edit]) -> Vec<Link> {
    match link {
        Link::Leaf(page) => edited_leaf(page, edits),
        Link::Branch(branch) => edited_branch(branch, edits),
    }
}

fn edited_leaf(page: &Page, edits: &[Edit]) -> Vec<Link> {
    let count = page.count() + edits.len();
    let share = count.div_ceil(count.div_ceil(MAX_KEYS).max(1));
    let mut builder = PageBuilder::new(share);
    let mut next = 0;
    for edit in edits {
        let (before, after) = match page.search(&edit.key) {
            Ok(index) => (index, index + 1),
            Err(index) => (index, index),
        };
        push_range(&mut builder, page, next..before);
        if edit.is_there {
            builder.push([&edit.key, &[]]);
        }
        next = after;
    }
    push_range(&mut builder, page, next..page.count());
    builder
        .finish()
        .into_iter()
        .map(|page| Link::Leaf(Arc::new(page)))
        .collect()
}

fn push_range(builder: &mut PageBuilder, page: &Page, range: std::ops::Range<usize>) {
    for index in range {
        if let Some(key) = page.key(index) {
            builder.push(key);
        }
    }
}

fn edited_branch(branch: &Branch, edits: &[Edit]) -> Vec<Link> {
    let mut children: Vec<Link> = Vec::with_capacity(branch.children.len() + 1);
    let mut rest = edits;
    let mut has_same_firsts = true;
    for (index, child) in branch.children.iter().enumerate() {
        let mine = match branch.firsts.key(index + 1) {
            Some(next) => rest.partition_point(|edit| is_before(&edit.key, next)),
            None => rest.len(),
        };
        let (here, later) = rest.split_at_checked(mine).unwrap_or((rest, &[]));
        rest = later;
        if here.is_empty() {
            children.push(child.clone());
            continue;
        }
        let replaced = edited(child, here);
        has_same_firsts &= matches!(&*replaced, [only] if only.first_key() == child.first_key());
        children.extend(replaced);
    }
    if has_same_firsts && children.len() == branch.children.len() && !has_small(&children) {
        let firsts = Arc::clone(&branch.firsts);
        return vec![Link::Branch(Arc::new(Branch {
            firsts,
            children: children.into(),
        }))];
    }
    if children.is_empty() {
        Vec::new()
    } else {
        branches(joined(children))
    }
}

fn is_before(key: &[u8], [prefix, suffix]: [&[u8]; 2]) -> bool {
    match key.strip_prefix(prefix) {
        Some(rest) => rest < suffix,
        None => key < prefix,
    }
}

/// Is it so small that it should be joined with a small neighbour?
fn is_small(link: &Link) -> bool {
    let most = match link {
        Link::Leaf(_) => MAX_KEYS,
        Link::Branch(_) => MAX_CHILDREN,
    };
    link.page().count() < most / 4
}

/// Are there two neighbours that could be one?
fn has_small(children: &[Link]) -> bool {
    children.windows(2).any(|pair| pair.iter().all(is_small))
}

/// Join small neighbours, so that a tree that shrinks does not stay wide.
fn joined(children: Vec<Link>) -> Vec<Link> {
    let mut made: Vec<Link> = Vec::with_capacity(children.len());
    for child in children {
        match made.last() {
            Some(before) if is_small(before) && is_small(&child) => {
                let one = join(before, &child);
                made.pop();
                made.extend(one);
            }
            _ => made.push(child),
        }
    }
    made
}

/// Two neighbours of the same height as one, where that is possible.
fn join(left: &Link, right: &Link) -> Vec<Link> {
    match (left, right) {
        (Link::Leaf(left), Link::Leaf(right)) => {
            let mut builder = Tree::builder();
            push_range(&mut builder, left, 0..left.count());
            push_range(&mut builder, right, 0..right.count());
            builder
                .finish()
                .into_iter()
                .map(|page| Link::Leaf(Arc::new(page)))
                .collect()
        }
        (Link::Branch(left), Link::Branch(right)) => branches(
            left.children
                .iter()
                .chain(&right.children)
                .cloned()
                .collect(),
        ),
        _ => vec![left.clone(), right.clone()],
    }
}

/// Keys in order, each in two pieces.
pub(crate) struct Iter<'t> {
    stack: Vec<(&'t Link, usize)>,
}

impl<'t> Iterator for Iter<'t> {
    type Item = [&'t [u8]; 2];

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (link, next) = self.stack.last_mut()?;
            let index = *next;
            *next += 1;
            let child = match link {
                Link::Leaf(page) => match page.key(index) {
                    Some(key) => return Some(key),
                    None => None,
                },
                Link::Branch(branch) => branch.children.get(index),
            };
            match child {
                Some(child) => self.stack.push((child, 0)),
                None => {
                    self.stack.pop();
                }
            }
        }
    }
}
