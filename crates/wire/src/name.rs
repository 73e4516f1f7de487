//! Domain names as uncompressed wire octets (RFC 1035 section 3.1), case kept (RFC 1035
//! section 2.3.3) and of no account (RFC 1034 section 3.1). A label may hold any octet (RFC 2181
//! section 11).

use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

/// RFC 1035 section 2.3.4: a whole name, the length octets and the root label included.
pub const MAX_NAME_OCTETS: usize = 255;
/// RFC 1035 section 2.3.4: one label.
pub const MAX_LABEL_OCTETS: usize = 63;

/// Why octets are not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// The octets end before the root label.
    Truncated,
    /// A label of 64 octets or more: a compression pointer, or a reserved label type.
    NotALabel,
    /// More than 255 octets.
    TooLong,
    /// Octets follow the root label.
    Trailing,
}

impl core::fmt::Display for NameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the name ends before its root label",
            Self::NotALabel => "a length octet above 63 where a label is expected",
            Self::TooLong => "the name is longer than 255 octets",
            Self::Trailing => "octets follow the name",
        })
    }
}

impl core::error::Error for NameError {}

/// A borrowed name. Its octets are known to be one whole, uncompressed name.
///
/// Equality, order and hash ignore ASCII case; the order is the canonical one of RFC 4034
/// section 6.1. Compare [`Name::octets`] where case matters.
#[derive(Clone, Copy)]
pub struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// The root.
    pub const ROOT: Name<'static> = Name(&[0]);

    /// Take the whole slice as one name.
    ///
    /// # Errors
    /// Whatever makes it something else than exactly one name.
    pub fn from_octets(octets: &'a [u8]) -> Result<Self, NameError> {
        match Self::split_from(octets)? {
            (name, []) => Ok(name),
            _ => Err(NameError::Trailing),
        }
    }

    /// Take an uncompressed name from the front; also give what follows it.
    ///
    /// # Errors
    /// A truncated, too long or compressed name.
    #[inline]
    pub fn split_from(octets: &'a [u8]) -> Result<(Self, &'a [u8]), NameError> {
        let mut at = 0;
        loop {
            let length = usize::from(*octets.get(at).ok_or(NameError::Truncated)?);
            if length > MAX_LABEL_OCTETS {
                return Err(NameError::NotALabel);
            }
            at += length + 1;
            if at > MAX_NAME_OCTETS {
                return Err(NameError::TooLong);
            }
            if length == 0 {
                let (name, rest) = octets.split_at_checked(at).ok_or(NameError::Truncated)?;
                return Ok((Name(name), rest));
            }
        }
    }

    /// As [`Name::split_from`], with the number of labels between them, the root label not counted.
    #[inline]
    #[must_use]
    pub fn split_counted(octets: &'a [u8]) -> Option<(Self, usize, &'a [u8])> {
        let (mut at, mut labels) = (0, 0);
        loop {
            let length = usize::from(*octets.get(at)?);
            at += length + 1;
            if length > MAX_LABEL_OCTETS || at > MAX_NAME_OCTETS {
                return None;
            }
            if length == 0 {
                let (name, rest) = octets.split_at_checked(at)?;
                return Some((Name(name), labels, rest));
            }
            labels += 1;
        }
    }

    /// The octets, root label included.
    #[inline]
    #[must_use]
    pub fn octets(self) -> &'a [u8] {
        self.0
    }

    /// The labels from the left, without the root label.
    #[inline]
    #[must_use]
    pub fn labels(self) -> Labels<'a> {
        Labels(self.0)
    }

    /// How many labels, the root label not counted.
    #[must_use]
    pub fn label_count(self) -> usize {
        self.labels().count()
    }

    /// The name without its leftmost label; the root has no parent.
    #[inline]
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let (first, _) = self.0.split_first()?;
        match usize::from(*first) {
            0 => None,
            length => self.0.get(length + 1..).map(Name),
        }
    }

    /// The ancestor (or the name itself) that has `labels` labels; None if the name has fewer.
    #[must_use]
    pub fn suffix(self, labels: usize) -> Option<Self> {
        let surplus = self.label_count().checked_sub(labels)?;
        let mut name = self;
        for _ in 0..surplus {
            name = name.parent()?;
        }
        Some(name)
    }

    /// Is it the root?
    #[must_use]
    pub fn is_root(self) -> bool {
        self.0.len() == 1
    }

    /// Is the leftmost label a lone asterisk (RFC 4592 section 2.1.1)?
    #[must_use]
    pub fn is_wildcard(self) -> bool {
        self.0.starts_with(&[1, b'*'])
    }

    /// Equal but for the case of ASCII letters. Length octets are below any letter, so that
    /// folding them changes nothing.
    #[inline]
    #[must_use]
    pub fn eq_ignore_case(self, other: Name<'_>) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }

    /// Is this name `ancestor` itself or below it?
    #[must_use]
    pub fn is_at_or_below(self, ancestor: Name<'_>) -> bool {
        let Some(split) = self.0.len().checked_sub(ancestor.0.len()) else {
            return false;
        };
        let mut rest = self.0;
        while self.0.len() - rest.len() < split {
            let Some(parent) = Name(rest).parent() else {
                return false;
            };
            rest = parent.0;
        }
        self.0.len() - rest.len() == split && Name(rest).eq_ignore_case(ancestor)
    }

    /// Is this name strictly below `ancestor`?
    #[must_use]
    pub fn is_below(self, ancestor: Name<'_>) -> bool {
        self.0.len() > ancestor.0.len() && self.is_at_or_below(ancestor)
    }

    /// An owned copy.
    #[must_use]
    pub fn to_buf(self) -> NameBuf {
        NameBuf::from(self)
    }

    /// An owned copy in lower case.
    #[must_use]
    pub fn to_lower(self) -> NameBuf {
        let mut copy = NameBuf::from(self);
        copy.octets.make_ascii_lowercase();
        copy
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.eq_ignore_case(*other)
    }
}

impl Eq for Name<'_> {}

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for octet in self.0 {
            state.write_u8(octet.to_ascii_lowercase());
        }
    }
}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name<'_> {
    /// RFC 4034 section 6.1: label by label from the right, each as lower-case octets.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (LabelStarts::of(*self), LabelStarts::of(*other));
        let mut pairs = mine.iter().rev().zip(theirs.iter().rev());
        pairs
            .find_map(|(left, right)| {
                let order = compare_labels(label_at(self.0, *left), label_at(other.0, *right));
                order.is_ne().then_some(order)
            })
            .unwrap_or_else(|| mine.iter().len().cmp(&theirs.iter().len()))
    }
}

/// Where the labels of a name begin, the root label not counted.
struct LabelStarts {
    starts: [u8; MAX_NAME_OCTETS / 2],
    count: usize,
}

impl LabelStarts {
    fn of(name: Name<'_>) -> Self {
        let mut all = Self {
            starts: [0; MAX_NAME_OCTETS / 2],
            count: 0,
        };
        let mut at = 0;
        for (label, start) in name.labels().zip(&mut all.starts) {
            *start = at;
            // A label has at most 63 octets and a name 255, so that this does not wrap.
            at = at
                .wrapping_add(u8::try_from(label.len()).unwrap_or(0))
                .wrapping_add(1);
            all.count += 1;
        }
        all
    }

    fn iter(&self) -> core::slice::Iter<'_, u8> {
        self.starts.get(..self.count).unwrap_or_default().iter()
    }
}

/// The label whose length octet is at `start`.
fn label_at(octets: &[u8], start: u8) -> &[u8] {
    octets
        .get(usize::from(start)..)
        .and_then(|rest| Labels(rest).next())
        .unwrap_or_default()
}

fn compare_labels(left: &[u8], right: &[u8]) -> Ordering {
    let lower = u8::to_ascii_lowercase;
    left.iter().map(lower).cmp(right.iter().map(lower))
}

/// The labels of a name from the left, without the root label.
#[derive(Clone, Debug)]
pub struct Labels<'a>(&'a [u8]);

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first()?;
        if *length == 0 {
            return None;
        }
        let (label, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(label)
    }
}

/// An owned name, held in place: making one allocates nothing.
#[derive(Clone, Copy)]
pub struct NameBuf {
    octets: [u8; MAX_NAME_OCTETS],
    length: u8,
}

impl NameBuf {
    /// The root.
    pub const ROOT: NameBuf = NameBuf {
        octets: [0; MAX_NAME_OCTETS],
        length: 1,
    };

    /// The name as a borrowed one.
    #[inline]
    #[must_use]
    pub fn as_name(&self) -> Name<'_> {
        Name(self.octets.get(..usize::from(self.length)).unwrap_or(&[0]))
    }

    /// `label` put before `parent`.
    ///
    /// # Errors
    /// An empty or too long label, or a name that gets too long.
    pub fn child(label: &[u8], parent: Name<'_>) -> Result<Self, NameError> {
        let length = u8::try_from(label.len()).map_err(|_| NameError::NotALabel)?;
        if length == 0 || label.len() > MAX_LABEL_OCTETS {
            return Err(NameError::NotALabel);
        }
        Self::concat(&[&[length], label, parent.0])
    }

    /// `name`, with its ending `owner` replaced by `target`: DNAME substitution (RFC 6672
    /// section 2.2).
    ///
    /// # Errors
    /// `TooLong` where the result does not fit, which is answered with YXDOMAIN; `Trailing` where
    /// `name` does not end in `owner`.
    pub fn substitute(
        name: Name<'_>,
        owner: Name<'_>,
        target: Name<'_>,
    ) -> Result<Self, NameError> {
        if !name.is_below(owner) {
            return Err(NameError::Trailing);
        }
        let kept = name
            .0
            .get(..name.0.len() - owner.0.len())
            .unwrap_or_default();
        Self::concat(&[kept, target.0])
    }

    /// Write the parts one after the other. Together they must be a whole name.
    pub(crate) fn concat(parts: &[&[u8]]) -> Result<Self, NameError> {
        let mut buf = Self::ROOT;
        let mut at = 0;
        for part in parts {
            let room = buf
                .octets
                .get_mut(at..at + part.len())
                .ok_or(NameError::TooLong)?;
            room.copy_from_slice(part);
            at += part.len();
        }
        buf.length = u8::try_from(at).map_err(|_| NameError::TooLong)?;
        Ok(buf)
    }
}

impl From<Name<'_>> for NameBuf {
    fn from(name: Name<'_>) -> Self {
        Self::concat(&[name.0]).unwrap_or(Self::ROOT)
    }
}

impl PartialEq for NameBuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_name() == other.as_name()
    }
}

impl Eq for NameBuf {}

impl Hash for NameBuf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_name().hash(state);
    }
}

impl PartialOrd for NameBuf {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for NameBuf {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_name().cmp(&other.as_name())
    }
}
