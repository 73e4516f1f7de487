//! What a name has, as packed octets, and views that read them in place.
//!
//! ```text
//! node    = flags(1) set*
//! set     = type(2) form(1) ttl(4) length(4) body(length)
//! body    = record*                                     form 0, static
//!         | due(8) selector(1) number(4) variant*       form 1 answer, 2 nodata, 3 servfail
//! variant = weight(4) length(4) record*
//! record  = length(2) rdata(length)
//! ```
//! Numbers are big-endian; sets are sorted by type, a steered one before a static one.

use understudy_wire::Rtype;

/// Everything at one name. Cheap to copy; reads the zone version in place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Node<'z> {
    flags: u8,
    sets: &'z [u8],
}

/// An RRset: one type's records at one name, ready to send.
#[derive(Clone, Copy, Debug, Default)]
pub struct RRset<'z> {
    /// The type.
    pub rtype: Rtype,
    /// Seconds.
    pub ttl: u32,
    records: &'z [u8],
}

/// What a steered set answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of its variants.
    Answer,
    /// NOERROR without data: the name exists.
    Nodata,
    /// SERVFAIL.
    Servfail,
}

/// How a variant is chosen for a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The first variant, always.
    One,
    /// By weight.
    Chance,
    /// The first variant, its records in rotated order.
    Rotate,
}

/// A steered set: laid over the static data of its name and type by the control plane.
#[derive(Clone, Copy, Debug)]
pub struct Steered<'z> {
    /// The type.
    pub rtype: Rtype,
    /// What it answers.
    pub kind: Kind,
    /// Seconds; the answered TTL may be shorter because of `due_ns`.
    pub ttl: u32,
    /// `CLOCK_MONOTONIC` nanoseconds of the next change that is already known.
    pub due_ns: Option<u64>,
    /// How to choose among the variants.
    pub selector: Selector,
    /// The number that whoever published it counts it by; 0: it is not counted.
    pub number: u32,
    variants: &'z [u8],
}

/// One of the answers that a steered set may give.
#[derive(Clone, Copy, Debug)]
pub struct Variant<'z> {
    /// Its share relative to the other variants' weights.
    pub weight: u32,
    /// The records, with the steered set's type and TTL.
    pub rrset: RRset<'z>,
}

/// A set at a node.
#[derive(Clone, Copy, Debug)]
pub enum Set<'z> {
    /// From the zone's source.
    Static(RRset<'z>),
    /// Laid over it.
    Steered(Steered<'z>),
}

/// The rdata of each record, uncompressed.
#[derive(Clone, Debug)]
pub struct Rdatas<'z>(&'z [u8]);

impl<'z> Iterator for Rdatas<'z> {
    type Item = &'z [u8];

    #[inline]
    fn next(&mut self) -> Option<&'z [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (rdata, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.0 = rest;
        Some(rdata)
    }
}

/// The variants of a steered set.
#[derive(Clone, Debug)]
pub struct Variants<'z> {
    rtype: Rtype,
    ttl: u32,
    octets: &'z [u8],
}

impl<'z> Iterator for Variants<'z> {
    type Item = Variant<'z>;

    #[inline]
    fn next(&mut self) -> Option<Variant<'z>> {
        let (weight, rest) = self.octets.split_first_chunk()?;
        let (records, rest) = split_counted(rest)?;
        self.octets = rest;
        let rrset = RRset {
            rtype: self.rtype,
            ttl: self.ttl,
            records,
        };
        Some(Variant {
            weight: u32::from_be_bytes(*weight),
            rrset,
        })
    }
}

/// Octets behind their length in four octets, and what follows.
#[inline]
fn split_counted(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// The sets of a node.
#[derive(Clone, Debug)]
pub struct Sets<'z>(&'z [u8]);

impl<'z> Iterator for Sets<'z> {
    type Item = Set<'z>;

    #[inline]
    fn next(&mut self) -> Option<Set<'z>> {
        let (head, rest) = self.0.split_first_chunk::<7>()?;
        let [type0, type1, form, ttl @ ..] = *head;
        let (body, rest) = split_counted(rest)?;
        self.0 = rest;
        let rtype = Rtype::new(u16::from_be_bytes([type0, type1]));
        let ttl = u32::from_be_bytes(ttl);
        if form == FORM_STATIC {
            return Some(Set::Static(RRset {
                rtype,
                ttl,
                records: body,
            }));
        }
        Steered::read(rtype, form, ttl, body).map(Set::Steered)
    }
}

pub(crate) const FORM_STATIC: u8 = 0;
pub(crate) const FORM_ANSWER: u8 = 1;
pub(crate) const FORM_NODATA: u8 = 2;
pub(crate) const FORM_SERVFAIL: u8 = 3;

/// No clock gets there: 584 years of nanoseconds.
pub(crate) const NEVER_DUE: u64 = u64::MAX;

impl<'z> RRset<'z> {
    /// The rdata of each record, uncompressed, in canonical order.
    #[inline]
    #[must_use]
    pub fn rdatas(&self) -> Rdatas<'z> {
        Rdatas(self.records)
    }

    /// The same set in two: its first `count` records, and the others.
    #[inline]
    #[must_use]
    pub fn split_at(self, count: usize) -> (Self, Self) {
        let mut others = self.rdatas();
        others.by_ref().take(count).for_each(drop);
        let first = self.records.len() - others.0.len();
        let (first, others) = self.records.split_at_checked(first).unwrap_or_default();
        let part = |records| RRset { records, ..self };
        (part(first), part(others))
    }

    /// How many records (at least one).
    #[inline]
    #[must_use]
    pub fn count(&self) -> usize {
        self.rdatas().count()
    }
}

/// Apart, so that the rule is a jump and no choice among three.
#[cold]
#[inline(never)]
fn kind_without_answer(form: u8) -> Kind {
    match form {
        FORM_NODATA => Kind::Nodata,
        _ => Kind::Servfail,
    }
}

impl<'z> Steered<'z> {
    /// Reads what follows the length of a steered set.
    #[inline(always)]
    fn read(rtype: Rtype, form: u8, ttl: u32, body: &'z [u8]) -> Option<Self> {
        let kind = if form == FORM_ANSWER {
            Kind::Answer
        } else {
            kind_without_answer(form)
        };
        let (head, variants) = body.split_first_chunk::<13>()?;
        let [due @ .., selector, n0, n1, n2, n3] = *head;
        let number = [n0, n1, n2, n3];
        let selector = match selector {
            0 => Selector::One,
            1 => Selector::Chance,
            _ => Selector::Rotate,
        };
        let due_ns = match u64::from_be_bytes(due) {
            NEVER_DUE => None,
            due => Some(due),
        };
        Some(Steered {
            rtype,
            kind,
            ttl,
            due_ns,
            selector,
            number: u32::from_be_bytes(number),
            variants,
        })
    }

    /// The variants; none unless the kind is [`Kind::Answer`], and then at least one.
    #[inline]
    #[must_use]
    pub fn variants(&self) -> Variants<'z> {
        Variants {
            rtype: self.rtype,
            ttl: self.ttl,
            octets: self.variants,
        }
    }
}

impl<'z> Node<'z> {
    pub(crate) const HAS_NS: u8 = 1;
    pub(crate) const HAS_DNAME: u8 = 2;
    pub(crate) const HAS_CNAME: u8 = 4;
    pub(crate) const HAS_STEERED: u8 = 8;

    #[inline]
    pub(crate) fn from_octets(octets: &'z [u8]) -> Self {
        match octets.split_first() {
            Some((flags, sets)) => Self {
                flags: *flags,
                sets,
            },
            None => Self {
                flags: 0,
                sets: &[],
            },
        }
    }

    /// Is there nothing: neither a static set nor a steered one?
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The sets as octets.
    pub(crate) fn octets(&self) -> &'z [u8] {
        self.sets
    }

    /// Every set, by type; where both exist the steered one comes before the static one that it
    /// hides.
    #[inline]
    #[must_use]
    pub fn sets(&self) -> Sets<'z> {
        Sets(self.sets)
    }

    /// The static `RRset` of a type. A steered set of that type, if there is one, hides it from
    /// queries.
    #[inline(always)]
    #[must_use]
    pub fn rrset(&self, rtype: Rtype) -> Option<RRset<'z>> {
        // By hand: what is not asked for is passed over without being read.
        let [high, low] = rtype.number().to_be_bytes();
        let mut rest = self.sets;
        loop {
            let (head, after) = rest.split_first_chunk::<7>()?;
            let (records, after) = split_counted(after)?;
            let [type0, type1, form, ttl @ ..] = *head;
            if [type0, type1, form] == [high, low, FORM_STATIC] {
                return Some(RRset {
                    rtype,
                    ttl: u32::from_be_bytes(ttl),
                    records,
                });
            }
            rest = after;
        }
    }

    /// The static `RRsets`, by type.
    pub fn rrsets(&self) -> impl Iterator<Item = RRset<'z>> + use<'z> {
        self.sets().filter_map(|set| match set {
            Set::Static(set) => Some(set),
            Set::Steered(_) => None,
        })
    }

    /// The steered set of a type.
    #[inline(always)]
    #[must_use]
    pub fn steered(&self, rtype: Rtype) -> Option<Steered<'z>> {
        // By hand, as above.
        let [high, low] = rtype.number().to_be_bytes();
        let mut rest = self.sets;
        loop {
            let (head, after) = rest.split_first_chunk::<7>()?;
            let (body, after) = split_counted(after)?;
            let [type0, type1, form, ttl @ ..] = *head;
            if [type0, type1] == [high, low] && form != FORM_STATIC {
                return Steered::read(rtype, form, u32::from_be_bytes(ttl), body);
            }
            rest = after;
        }
    }

    /// Is there any steered set?
    #[inline]
    #[must_use]
    pub fn has_steered(&self) -> bool {
        self.flags & Self::HAS_STEERED != 0
    }

    /// Is there a static CNAME `RRset`?
    #[inline]
    #[must_use]
    pub fn has_cname(&self) -> bool {
        self.flags & Self::HAS_CNAME != 0
    }

    /// Is there a static CNAME `RRset`, or may there be a steered one?
    #[inline]
    #[must_use]
    pub fn may_be_alias(&self) -> bool {
        self.flags & (Self::HAS_CNAME | Self::HAS_STEERED) != 0
    }

    /// Is there an NS `RRset`: a zone cut, unless it is the apex?
    #[inline]
    #[must_use]
    pub fn has_ns(&self) -> bool {
        self.flags & Self::HAS_NS != 0
    }

    /// Is there a DNAME `RRset`?
    #[inline]
    #[must_use]
    pub fn has_dname(&self) -> bool {
        self.flags & Self::HAS_DNAME != 0
    }
}
