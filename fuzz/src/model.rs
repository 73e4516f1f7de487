//! A zone as a sorted map, and its look-up word for word from the RFCs: slow and plain.

use std::collections::BTreeMap;

use understudy_wire::{LowerName, Name, NameBuf, Rtype};
use understudy_zone::{
    Above, Found, Match, Node, RRsetChange, Set, SteeredChange, SteeredSet, Zone,
};

/// The labels below the apex, the topmost first, in lower case. Their order is the canonical one.
pub(crate) type Path = Vec<Vec<u8>>;

/// The sets of a name: by type, the steered one before the static one.
pub(crate) type Sets = BTreeMap<(u16, bool), Content>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Static(u32, Vec<Vec<u8>>),
    Steered(SteeredSet),
}

const STEERED: bool = false;
const STATIC: bool = true;

#[derive(Clone, Debug)]
pub(crate) struct Model {
    origin: NameBuf,
    names: BTreeMap<Path, Sets>,
}

impl Model {
    /// What the zone lists.
    pub(crate) fn of(zone: &Zone) -> Self {
        let mut model = Model {
            origin: zone.origin().to_buf(),
            names: BTreeMap::new(),
        };
        for (name, node) in zone.nodes() {
            let path = model.path(name.as_name()).expect("a name of the zone");
            let before = model.names.insert(path, sets_of(node));
            assert!(before.is_none(), "{name} is listed twice");
        }
        model
    }

    /// None if the name is beside the zone.
    pub(crate) fn path(&self, name: Name<'_>) -> Option<Path> {
        let lower = |label: &[u8]| label.to_ascii_lowercase();
        let mut labels: Path = name.labels().map(lower).collect();
        labels.reverse();
        let mut above: Path = self.origin.as_name().labels().map(lower).collect();
        above.reverse();
        let below = labels.strip_prefix(above.as_slice())?;
        Some(below.to_vec())
    }

    pub(crate) fn origin_labels(&self) -> usize {
        self.origin.as_name().labels().count()
    }

    /// A name exists if it or anything below it has data (RFC 4592 section 2.2.2); the apex does.
    pub(crate) fn exists(&self, path: &[Vec<u8>]) -> bool {
        let mut at_or_after = self.names.range(path.to_vec()..);
        path.is_empty()
            || at_or_after
                .next()
                .is_some_and(|(it, _)| it.starts_with(path))
    }

    pub(crate) fn sets(&self, path: &[Vec<u8>]) -> Option<&Sets> {
        self.names.get(path)
    }

    fn has(&self, path: &[Vec<u8>], rtype: Rtype) -> bool {
        self.sets(path)
            .is_some_and(|sets| sets.contains_key(&(rtype.number(), STATIC)))
    }

    /// The longest existing ancestor, or the name itself.
    pub(crate) fn encloser<'p>(&self, path: &'p [Vec<u8>]) -> &'p [Vec<u8>] {
        let mut depths = (0..=path.len()).rev();
        let depth = depths.find(|depth| self.exists(&path[..*depth]));
        &path[..depth.unwrap_or(0)]
    }

    /// The depth of the highest zone cut at or above the name.
    pub(crate) fn cut(&self, path: &[Vec<u8>]) -> Option<usize> {
        (1..=path.len()).find(|depth| self.has(&path[..*depth], Rtype::NS))
    }

    /// The depth of the highest DNAME above the name, if that is above any zone cut.
    pub(crate) fn dname(&self, path: &[Vec<u8>]) -> Option<usize> {
        let dname = (0..path.len()).find(|depth| self.has(&path[..*depth], Rtype::DNAME));
        dname.filter(|depth| self.cut(path).is_none_or(|cut| *depth < cut))
    }

    /// Could the record come from this zone?
    pub(crate) fn has_record(&self, owner: Name<'_>, rtype: Rtype, rdata: &[u8]) -> bool {
        let Some(path) = self.path(owner) else {
            return false;
        };
        let is_it = |known: &Vec<u8>| known.eq_ignore_ascii_case(rdata);
        let has_it = |content: &Content| match content {
            Content::Static(_, rdatas) => rdatas.iter().any(is_it),
            Content::Steered(set) => set.variants.iter().any(|(_, it)| it.iter().any(is_it)),
        };
        let stands_at = |path: &[Vec<u8>]| {
            let forms = [STEERED, STATIC].map(|form| (rtype.number(), form));
            let sets = self.sets(path);
            sets.is_some_and(|sets| forms.iter().filter_map(|it| sets.get(it)).any(has_it))
        };
        let asterisk = [self.encloser(&path), &[b"*".to_vec()]].concat();
        let is_redirected = (0..path.len()).any(|depth| self.has(&path[..depth], Rtype::DNAME));
        stands_at(&path)
            || !self.exists(&path) && stands_at(&asterisk)
            || rtype == Rtype::CNAME && is_redirected
    }

    /// Does the zone find what is here?
    pub(crate) fn check_find(&self, zone: &Zone, qname: Name<'_>) {
        let found = zone.find(qname);
        let Some(path) = self.path(qname) else {
            assert!(found.is_none(), "{qname} is beside the zone");
            assert!(zone.node(qname).is_none(), "{qname} is beside the zone");
            return;
        };
        let found = found.expect("a name of the zone");
        self.check_at(&found, &path, qname);
        self.check_above(&found, &path, qname);
        self.check_unhidden(zone, &path, qname);
        assert_eq!(
            zone.node(qname).map(sets_of).as_ref(),
            self.sets(&path),
            "the node at {qname}"
        );
    }

    /// The look-up in short says the same where it says anything, and does so only where nothing else
    /// plays a part.
    fn check_unhidden(&self, zone: &Zone, path: &Path, qname: Name<'_>) {
        if self.dname(path).is_none() {
            let above = zone.delegation_above(qname);
            let cut = self.cut(path).map(|depth| depth + self.origin_labels());
            let expected = cut.and_then(|labels| qname.suffix(labels));
            assert_eq!(above.as_ref().map(NameBuf::as_name), expected);
        }
        let Some(at) = zone.find_unhidden(LowerName::new(qname).folded()) else {
            return;
        };
        assert_eq!((self.cut(path), self.dname(path)), (None, None), "{qname}");
        match at {
            Match::Exact(node) => assert_eq!(Some(&sets_of(node)), self.sets(path), "{qname}"),
            Match::EmptyNonTerminal => {
                assert!(self.exists(path) && self.sets(path).is_none(), "{qname}");
            }
            Match::Missing { wildcard } => {
                let asterisk = [self.encloser(path), &[b"*".to_vec()]].concat();
                let is_wild = self.exists(&asterisk);
                assert!(
                    !self.exists(path) && !is_wild && wildcard.is_none(),
                    "{qname}"
                );
            }
        }
    }

    fn check_at(&self, found: &Found<'_>, path: &Path, qname: Name<'_>) {
        let encloser = self.encloser(path);
        assert_eq!(
            found.encloser_labels,
            encloser.len() + self.origin_labels(),
            "the encloser of {qname}"
        );
        match found.at {
            Match::Exact(node) => {
                assert_eq!(Some(&sets_of(node)), self.sets(path), "what is at {qname}");
            }
            Match::EmptyNonTerminal => {
                assert!(self.sets(path).is_none(), "{qname} has data");
                assert!(self.exists(path), "nothing is below {qname}");
            }
            Match::Missing { wildcard } => {
                assert!(!self.exists(path), "{qname} exists");
                let asterisk = [encloser, &[b"*".to_vec()]].concat();
                let expected = self
                    .exists(&asterisk)
                    .then(|| self.sets(&asterisk).cloned().unwrap_or_default());
                assert_eq!(wildcard.map(sets_of), expected, "the wildcard for {qname}");
            }
        }
    }

    /// Where a DNAME rules, a cut below it has nothing to say; where a cut does, a DNAME at or below
    /// it has not.
    fn check_above(&self, found: &Found<'_>, path: &Path, qname: Name<'_>) {
        let (cut, dname) = (self.cut(path), self.dname(path));
        let depth = |above: &Above<'_>| above.labels - self.origin_labels();
        let (found_cut, found_dname) = (
            found.cut.as_ref().map(depth),
            found.dname.as_ref().map(depth),
        );
        if dname.is_some() {
            assert_eq!(found_dname, dname, "the DNAME above {qname}");
            assert!(
                found_cut.is_none() || found_cut == cut,
                "the cut of {qname}"
            );
        } else {
            assert_eq!(found_cut, cut, "the cut of {qname}");
            assert!(
                found_dname.is_none_or(|it| cut.is_some_and(|cut| it >= cut)),
                "there is no DNAME above {qname}"
            );
        }
        for above in [found.cut, found.dname].iter().flatten() {
            let sets = self.sets(&path[..depth(above)]);
            assert_eq!(Some(&sets_of(above.node)), sets, "what is above {qname}");
        }
    }

    /// Does the zone list exactly what is here?
    pub(crate) fn check_contents(&self, zone: &Zone) {
        let listed = Model::of(zone);
        let names: Vec<_> = zone.nodes().map(|(name, _)| name).collect();
        assert!(names.is_sorted(), "the order of {names:?}");
        assert_eq!(listed.names, self.names);
        let sets = || self.names.values().flat_map(BTreeMap::values);
        let records = sets().map(|content| match content {
            Content::Static(_, rdatas) => rdatas.len(),
            Content::Steered(_) => 0,
        });
        assert_eq!(zone.record_count(), records.sum::<usize>());
        assert_eq!(zone.name_count(), self.names.len());
        let steered = sets().filter(|content| matches!(content, Content::Steered(_)));
        assert_eq!(zone.steered_count(), steered.count());
        let apex = self.names.get(&Path::new()).cloned().unwrap_or_default();
        assert_eq!(sets_of(zone.apex()), apex, "the apex");
    }

    /// What [`Zone::with_rrsets`] does where it can.
    pub(crate) fn change_rrsets(&mut self, changes: &[RRsetChange]) {
        for change in changes {
            match change {
                RRsetChange::Set(owner, rtype, ttl, rdatas) => {
                    let mut rdatas = rdatas.clone();
                    rdatas.sort();
                    rdatas.dedup();
                    self.set(owner, (*rtype, STATIC), Some(Content::Static(*ttl, rdatas)));
                }
                RRsetChange::Remove(owner, rtype) => self.set(owner, (*rtype, STATIC), None),
            }
        }
    }

    /// What [`Zone::with_steered`] does where it can.
    pub(crate) fn change_steered(&mut self, changes: &[SteeredChange]) {
        for change in changes {
            match change {
                SteeredChange::Set(owner, set) => {
                    let content = Content::Steered(set.clone());
                    self.set(owner, (set.rtype, STEERED), Some(content));
                }
                SteeredChange::Remove(owner, rtype) => self.set(owner, (*rtype, STEERED), None),
            }
        }
    }

    fn set(&mut self, owner: &NameBuf, (rtype, form): (Rtype, bool), content: Option<Content>) {
        let path = self.path(owner.as_name()).expect("an owner of the zone");
        let sets = self.names.entry(path.clone()).or_default();
        match content {
            Some(content) => sets.insert((rtype.number(), form), content),
            None => sets.remove(&(rtype.number(), form)),
        };
        if sets.is_empty() {
            self.names.remove(&path);
        }
    }

    /// The changes that make this zone of an empty one.
    pub(crate) fn as_changes(&self, zone: &Zone) -> (Vec<RRsetChange>, Vec<SteeredChange>) {
        let (mut rrsets, mut steered) = (Vec::new(), Vec::new());
        for (name, _) in zone.nodes() {
            let path = self.path(name.as_name()).expect("a name of the zone");
            for ((rtype, _), content) in self.sets(&path).into_iter().flatten() {
                match content {
                    Content::Static(ttl, rdatas) => rrsets.push(RRsetChange::Set(
                        name,
                        Rtype::new(*rtype),
                        *ttl,
                        rdatas.clone(),
                    )),
                    Content::Steered(set) => steered.push(SteeredChange::Set(name, set.clone())),
                }
            }
        }
        (rrsets, steered)
    }
}

/// What a node has, as values.
pub(crate) fn sets_of(node: Node<'_>) -> Sets {
    let sets = node.sets().map(|set| match set {
        Set::Static(set) => {
            let rdatas = set.rdatas().map(<[u8]>::to_vec).collect();
            let content = Content::Static(set.ttl, rdatas);
            ((set.rtype.number(), STATIC), content)
        }
        Set::Steered(set) => {
            let variants = set.variants().map(|variant| {
                let rdatas = variant.rrset.rdatas().map(<[u8]>::to_vec).collect();
                (variant.weight, rdatas)
            });
            let content = Content::Steered(SteeredSet {
                rtype: set.rtype,
                kind: set.kind,
                ttl: set.ttl,
                due_ns: set.due_ns,
                selector: set.selector,
                variants: variants.collect(),
            });
            ((set.rtype.number(), STEERED), content)
        }
    });
    sets.collect()
}
