//! Look-up and change against a plain reference: a map of names that is searched as RFC 1034 section
//! 4.3.2 and RFC 4592 tell it, with no tree and no sharing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::{BTreeMap, BTreeSet};

use understudy_wire::{Name, NameBuf, Rtype};
use understudy_zone::{
    ChangeError, Found, Kind, Match, Node, RRsetChange, Selector, Set, SteeredChange, SteeredSet,
    Zone,
};

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn origin() -> NameBuf {
    name("example.")
}

/// What a name has: types, and whether they are steered.
type Types = BTreeSet<(Rtype, bool)>;

/// The reference.
#[derive(Clone, Default)]
struct Model(BTreeMap<NameBuf, Types>);

/// What the reference finds, in values that can be compared.
#[derive(Debug, PartialEq)]
struct Answer {
    at: At,
    encloser: NameBuf,
    cut: Option<NameBuf>,
    dname: Option<NameBuf>,
}

#[derive(Debug, PartialEq)]
enum At {
    Exact(Types),
    EmptyNonTerminal,
    Missing(Option<Types>),
}

/// The name and its ancestors down from the apex.
fn path(qname: &NameBuf) -> Vec<NameBuf> {
    let labels = qname.as_name().label_count();
    (1..=labels)
        .map(|depth| qname.as_name().suffix(depth).unwrap().to_buf())
        .collect()
}

impl Model {
    fn exists(&self, name: &NameBuf) -> bool {
        self.0
            .keys()
            .any(|key| key.as_name().is_at_or_below(name.as_name()))
    }

    fn has(&self, name: &NameBuf, rtype: Rtype) -> bool {
        self.0
            .get(name)
            .is_some_and(|types| types.contains(&(rtype, false)))
    }

    fn find(&self, qname: &NameBuf) -> Answer {
        let path = path(qname);
        let encloser = *path.iter().rev().find(|name| self.exists(name)).unwrap();
        let at = if let Some(types) = self.0.get(qname) {
            At::Exact(types.clone())
        } else if self.exists(qname) {
            At::EmptyNonTerminal
        } else {
            let wildcard = NameBuf::child(b"*", encloser.as_name()).unwrap();
            let types = self.0.get(&wildcard).cloned();
            At::Missing(types.or(self.exists(&wildcard).then(Types::new)))
        };
        let (mut cut, mut dname) = (None, None);
        for here in &path {
            if here != &origin() && self.has(here, Rtype::NS) {
                cut = Some(*here);
                break;
            }
            if here != qname && self.has(here, Rtype::DNAME) {
                dname = Some(*here);
                break;
            }
        }
        Answer {
            at,
            encloser,
            cut,
            dname,
        }
    }
}

fn types(node: &Node<'_>) -> Types {
    let key = |set: Set<'_>| match set {
        Set::Static(set) => (set.rtype, false),
        Set::Steered(set) => (set.rtype, true),
    };
    node.sets().map(key).collect()
}

fn answer(found: &Found<'_>, qname: Name<'_>) -> Answer {
    let at = match found.at {
        Match::Exact(node) => At::Exact(types(&node)),
        Match::EmptyNonTerminal => At::EmptyNonTerminal,
        Match::Missing { wildcard } => At::Missing(wildcard.map(|node| types(&node))),
    };
    let owner = |above: Option<understudy_zone::Above<'_>>| {
        above.map(|above| above.owner(qname).unwrap().to_buf())
    };
    Answer {
        at,
        encloser: found.encloser(qname).unwrap().to_buf(),
        cut: owner(found.cut),
        dname: owner(found.dname),
    }
}

fn base() -> Zone {
    let text = "@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\n";
    Zone::parse(text.as_bytes(), "base", origin().as_name())
        .unwrap()
        .zone
}

fn base_model() -> Model {
    let apex = Types::from([(Rtype::SOA, false), (Rtype::NS, false)]);
    Model(BTreeMap::from([(origin(), apex)]))
}

/// A name at most four labels below the apex, from few labels so that names meet.
fn random_name(random: &mut fastrand::Rng) -> NameBuf {
    const LABELS: &[&[u8]] = &[
        b"a",
        b"B",
        b"c",
        b"*",
        b"dd",
        b"\0",
        b"\x01",
        b"\x01a",
        b"abcdefghij",
        b"abcdefghik",
    ];
    let mut name = origin();
    for _ in 0..random.usize(0..5) {
        name = NameBuf::child(random.choice(LABELS).unwrap(), name.as_name()).unwrap();
    }
    name
}

fn octets(rtype: Rtype) -> Vec<u8> {
    match rtype {
        Rtype::A => vec![192, 0, 2, 1],
        _ => b"\x01x\0".to_vec(),
    }
}

fn steered(rtype: Rtype, kind: Kind) -> SteeredSet {
    let variants = match kind {
        Kind::Answer => vec![
            (1, vec![octets(rtype)]),
            (2, vec![octets(rtype), octets(rtype)]),
        ],
        _ => Vec::new(),
    };
    SteeredSet {
        rtype,
        kind,
        ttl: 30,
        due_ns: Some(7),
        selector: Selector::Chance,
        variants,
    }
}

/// One random change, made in the model; returned for the zone.
fn random_change(
    random: &mut fastrand::Rng,
    model: &mut Model,
) -> (bool, RRsetChange, SteeredChange) {
    let owner = random_name(random);
    let rtype = *random
        .choice([Rtype::A, Rtype::A, Rtype::NS, Rtype::DNAME])
        .iter()
        .next()
        .unwrap();
    let is_steered = rtype == Rtype::A && random.bool();
    let is_apex_ns = owner == origin() && rtype == Rtype::NS;
    let removes = random.u8(0..3) == 0 && !is_apex_ns;
    let types = model.0.entry(owner).or_default();
    if removes {
        types.remove(&(rtype, is_steered));
    } else {
        types.insert((rtype, is_steered));
    }
    if types.is_empty() {
        model.0.remove(&owner);
    }
    if removes {
        return (
            is_steered,
            RRsetChange::Remove(owner, rtype),
            SteeredChange::Remove(owner, rtype),
        );
    }
    let kind = *random
        .choice(&[Kind::Answer, Kind::Nodata, Kind::Servfail])
        .unwrap();
    let set = RRsetChange::Set(owner, rtype, 60, vec![octets(rtype)]);
    (
        is_steered,
        set,
        SteeredChange::Set(owner, steered(rtype, kind)),
    )
}

fn check_all(zone: &Zone, model: &Model, random: &mut fastrand::Rng) {
    for _ in 0..40 {
        let qname = random_name(random);
        let found = zone.find(qname.as_name()).unwrap();
        assert_eq!(
            answer(&found, qname.as_name()),
            model.find(&qname),
            "{qname}"
        );
        let node = zone.node(qname.as_name()).map(|node| types(&node));
        assert_eq!(node.as_ref(), model.0.get(&qname), "{qname}");
    }
    let nodes: Vec<_> = zone
        .nodes()
        .map(|(name, node)| (name, types(&node)))
        .collect();
    let expected: Vec<_> = model
        .0
        .iter()
        .map(|(name, types)| (*name, types.clone()))
        .collect();
    assert_eq!(nodes, expected, "canonical order");
    let count = |is_steered| {
        model
            .0
            .values()
            .flatten()
            .filter(|(_, steered)| *steered == is_steered)
            .count()
    };
    assert_eq!(zone.name_count(), model.0.len());
    assert_eq!(
        (zone.record_count(), zone.steered_count()),
        (count(false), count(true))
    );
}

#[test]
fn look_up_and_change_agree_with_the_reference() {
    for seed in 0..25 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut zone, mut model) = (base(), base_model());
        for _ in 0..30 {
            for _ in 0..random.usize(1..6) {
                let before = (zone.clone(), model.clone());
                let (is_steered, static_change, steered_change) =
                    random_change(&mut random, &mut model);
                zone = if is_steered {
                    zone.with_steered(&[steered_change]).unwrap()
                } else {
                    zone.with_rrsets(&[static_change]).unwrap()
                };
                // The version before is as it was.
                assert_eq!(before.0.name_count(), before.1.0.len());
            }
            check_all(&zone, &model, &mut random);
        }
    }
}

/// Take every name away alone: a page that loses its first name must not be remembered by it.
fn check_single_changes(zone: &Zone, host: impl Fn(usize) -> NameBuf) {
    for number in (0..6000)
        .step_by(5)
        .filter(|number| zone.node(host(*number).as_name()).is_some())
    {
        let owner = host(number);
        let without = zone
            .with_rrsets(&[RRsetChange::Remove(owner, Rtype::A)])
            .unwrap();
        let parent = owner.as_name().parent().unwrap();
        let found = without.find(parent).unwrap();
        assert!(
            matches!(found.at, Match::Missing { .. }),
            "{owner} {found:?}"
        );
    }
}

/// Enough names for a tree of several levels, changed in large and small lots.
#[test]
fn large_zones_grow_and_shrink() {
    let mut random = fastrand::Rng::with_seed(4);
    let (mut zone, mut model) = (base(), base_model());
    let host = |number: usize| name(&format!("h.h{number}.{}.example", number % 7));
    for round in 0..14 {
        let mut changes = Vec::new();
        for _ in 0..random.usize(1..3000) {
            let owner = host(random.usize(0..6000));
            if (round < 8) == (random.u8(0..10) < 8) {
                model.0.insert(owner, Types::from([(Rtype::A, false)]));
                changes.push(RRsetChange::Set(
                    owner,
                    Rtype::A,
                    60,
                    vec![octets(Rtype::A)],
                ));
            } else {
                model.0.remove(&owner);
                changes.push(RRsetChange::Remove(owner, Rtype::A));
            }
        }
        let before = (zone.clone(), zone.name_count());
        zone = zone.with_rrsets(&changes).unwrap();
        assert_eq!(before.0.nodes().count(), before.1);
        let names: Vec<_> = zone.nodes().map(|(name, _)| name).collect();
        assert_eq!(names, model.0.keys().copied().collect::<Vec<_>>());
        assert_eq!(zone.name_count(), model.0.len());
        for number in 0..6000 {
            let is_there = model.0.contains_key(&host(number));
            assert_eq!(zone.node(host(number).as_name()).is_some(), is_there);
            // Its parent is there because of it alone, wherever pages begin and end.
            let parent = host(number).as_name().parent().unwrap().to_buf();
            let found = zone.find(parent.as_name()).unwrap();
            let is_empty = matches!(found.at, Match::EmptyNonTerminal);
            assert_eq!(is_empty, is_there, "{parent}");
        }
    }
    check_single_changes(&zone, host);
    let owners = zone
        .nodes()
        .map(|(name, _)| name)
        .filter(|name| *name != origin());
    let changes: Vec<_> = owners
        .map(|owner| RRsetChange::Remove(owner, Rtype::A))
        .collect();
    let empty = zone.with_rrsets(&changes).unwrap();
    assert_eq!((empty.name_count(), empty.nodes().count()), (1, 1));
}

#[test]
fn a_steered_name_exists_whatever_it_answers() {
    for kind in [Kind::Answer, Kind::Nodata, Kind::Servfail] {
        let owner = name("www.deep.example");
        let change = SteeredChange::Set(owner, steered(Rtype::A, kind));
        let zone = base().with_steered(&[change]).unwrap();
        let found = zone.find(owner.as_name()).unwrap();
        let Match::Exact(node) = found.at else {
            panic!("{found:?}")
        };
        let set = node.steered(Rtype::A).unwrap();
        assert_eq!((set.kind, set.ttl, set.due_ns), (kind, 30, Some(7)));
        assert!(node.rrset(Rtype::A).is_none() && node.has_steered());
        let above = zone.find(name("deep.example").as_name()).unwrap();
        assert!(matches!(above.at, Match::EmptyNonTerminal), "{above:?}");
        let zone = zone
            .with_steered(&[SteeredChange::Remove(owner, Rtype::A)])
            .unwrap();
        for gone in ["www.deep.example", "deep.example"] {
            let found = zone.find(name(gone).as_name()).unwrap();
            assert!(
                matches!(found.at, Match::Missing { wildcard: None }),
                "{found:?}"
            );
        }
    }
}

#[test]
fn steered_sets_stand_at_the_apex_at_wildcards_and_beside_static_data() {
    let zone = base()
        .with_rrsets(&[RRsetChange::Set(
            origin(),
            Rtype::A,
            60,
            vec![octets(Rtype::A)],
        )])
        .unwrap()
        .with_steered(&[
            SteeredChange::Set(origin(), steered(Rtype::A, Kind::Answer)),
            SteeredChange::Set(name("*.w.example"), steered(Rtype::A, Kind::Nodata)),
            SteeredChange::Set(name("x.y.w.example"), steered(Rtype::A, Kind::Answer)),
        ])
        .unwrap();
    let apex = zone.apex();
    assert!(apex.rrset(Rtype::A).is_some() && apex.rrset(Rtype::SOA).is_some());
    let variants: Vec<_> = apex.steered(Rtype::A).unwrap().variants().collect();
    assert_eq!(
        variants
            .iter()
            .map(|v| (v.weight, v.rrset.count()))
            .collect::<Vec<_>>(),
        [(1, 1), (2, 2)]
    );
    let found = zone.find(name("any.w.example").as_name()).unwrap();
    let Match::Missing {
        wildcard: Some(node),
    } = found.at
    else {
        panic!("{found:?}")
    };
    assert_eq!(node.steered(Rtype::A).unwrap().kind, Kind::Nodata);
    // y.w.example exists now, so the wildcard above does not cover what is below it.
    let found = zone.find(name("z.y.w.example").as_name()).unwrap();
    assert!(
        matches!(found.at, Match::Missing { wildcard: None }),
        "{found:?}"
    );
    assert_eq!(found.encloser_labels, 3);
}

#[test]
fn the_later_of_two_changes_holds() {
    let owner = name("a.example");
    let zone = base()
        .with_steered(&[
            SteeredChange::Set(owner, steered(Rtype::A, Kind::Answer)),
            SteeredChange::Set(owner, steered(Rtype::A, Kind::Servfail)),
        ])
        .unwrap();
    let set = zone
        .node(owner.as_name())
        .unwrap()
        .steered(Rtype::A)
        .unwrap();
    assert_eq!((set.kind, set.variants().count()), (Kind::Servfail, 0));
}

#[test]
fn an_address_is_one_by_its_length() {
    let owner = name("a.example");
    for (rtype, octets) in [(Rtype::A, 4), (Rtype::AAAA, 16)] {
        for length in 0..=17 {
            let mut set = steered(rtype, Kind::Answer);
            set.variants = vec![(1, vec![vec![0; length]])];
            let found = base().with_steered(&[SteeredChange::Set(owner, set)]);
            assert_eq!(found.is_ok(), length == octets, "{rtype} {length}");
        }
    }
}

#[test]
fn impossible_changes_are_refused_whole() {
    let zone = base();
    let owner = name("a.example");
    let steer = |owner, set| {
        zone.with_steered(&[SteeredChange::Set(owner, set)])
            .unwrap_err()
    };
    let outside = name("a.test");
    assert_eq!(
        steer(outside, steered(Rtype::A, Kind::Answer)),
        ChangeError::OutOfZone(Box::new(outside))
    );
    let mut set = steered(Rtype::A, Kind::Nodata);
    set.variants = steered(Rtype::A, Kind::Answer).variants;
    assert_eq!(
        steer(owner, set),
        ChangeError::BadVariants(Box::new(owner), Rtype::A)
    );
    let mut set = steered(Rtype::A, Kind::Answer);
    set.variants[0].1[0].pop();
    assert_eq!(
        steer(owner, set.clone()),
        ChangeError::BadRdata(Box::new(owner), Rtype::A)
    );
    set.variants[0].1.clear();
    assert_eq!(
        steer(owner, set.clone()),
        ChangeError::BadVariants(Box::new(owner), Rtype::A)
    );
    set.variants.clear();
    assert_eq!(
        steer(owner, set),
        ChangeError::BadVariants(Box::new(owner), Rtype::A)
    );
    let mut set = steered(Rtype::A, Kind::Answer);
    set.rtype = Rtype::ANY;
    assert_eq!(
        steer(owner, set),
        ChangeError::MetaType(Box::new(owner), Rtype::ANY)
    );
    let without = [RRsetChange::Remove(origin(), Rtype::SOA)];
    assert_eq!(
        zone.with_rrsets(&without).unwrap_err(),
        ChangeError::WithoutSoa
    );
    assert_eq!(zone.name_count(), 1);
}

#[test]
fn names_beside_the_zone_are_not_found() {
    for text in [".", "test.", "xexample.", "example.test."] {
        assert!(base().find(name(text).as_name()).is_none(), "{text}");
    }
}
