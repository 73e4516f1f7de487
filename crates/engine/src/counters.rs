//! Counts of what the service did: one block per thread, summed when read.
//!
//! Each block has one writer, so an increment is a load and a store without a locked bus; a reader
//! may see a sum that is a few queries old, never a torn one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use understudy_answer::{
    CookieUse, ExtendedError, Outcome, SignatureUse, Silence, Summary, Transport,
};
use understudy_wire::{Rcode, Rtype};

use crate::records::RecordCounts;
use crate::transfer::{Begun, Kind, TransferKind};

/// Response codes counted by name; those above share one count.
const RCODES: usize = 24;

/// Types counted by name: all that are assigned below, and URI and CAA; those above share one.
const QTYPES: usize = 264;

/// Why a message got no answer, or a connection no service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Fewer octets than a header.
    Short,
    /// A response was sent to us.
    Response,
    /// A datagram without a usable source.
    NoPeer,
    /// No room for an answer.
    NoRoom,
    /// The responder panicked: a defect of ours.
    Panic,
    /// The system refused to send the answer.
    Send,
    /// A connection waited for its deadline: idle, or too slow.
    Idle,
    /// An idle connection made room for a new one.
    Crowded,
    /// No descriptors left to accept with; the connection waits in the kernel.
    Descriptors,
    /// A socket failed in a way that is not the client's.
    Socket,
}

const DROPPED: [(&str, Dropped); 10] = [
    ("short", Dropped::Short),
    ("response", Dropped::Response),
    ("no_peer", Dropped::NoPeer),
    ("no_room", Dropped::NoRoom),
    ("panic", Dropped::Panic),
    ("send", Dropped::Send),
    ("idle", Dropped::Idle),
    ("crowded", Dropped::Crowded),
    ("descriptors", Dropped::Descriptors),
    ("socket", Dropped::Socket),
];

/// What cookies were worth, where there were any.
const COOKIES: [(&str, CookieUse); 4] = [
    ("new", CookieUse::New),
    ("valid", CookieUse::Valid),
    ("wrong", CookieUse::Wrong),
    ("malformed", CookieUse::Malformed),
];

/// What signatures were worth, where there were any.
const SIGNATURES: [(&str, SignatureUse); 5] = [
    ("valid", SignatureUse::Valid),
    ("badkey", SignatureUse::BadKey),
    ("badsig", SignatureUse::BadSig),
    ("badtime", SignatureUse::BadTime),
    ("badtrunc", SignatureUse::BadTrunc),
];

/// Counts that stand for themselves.
const TOTALS: [&str; 12] = [
    "truncated",
    "steered",
    "limited.dropped",
    "limited.slipped",
    "tcp.accepted",
    "tcp.refused",
    "transfers.axfr",
    "transfers.ixfr",
    "transfers.refused",
    "transfers.octets",
    "notify.heard",
    "notify.refused",
];

const PATHS: [&str; 4] = ["udp4", "udp6", "tcp4", "tcp6"];

/// The counts of one thread.
#[derive(Debug)]
pub(crate) struct Counters {
    queries: [AtomicU64; PATHS.len()],
    responses: [AtomicU64; RCODES + 1],
    qtypes: [AtomicU64; QTYPES + 1],
    dropped: [AtomicU64; DROPPED.len()],
    cookies: [AtomicU64; COOKIES.len()],
    signatures: [AtomicU64; SIGNATURES.len()],
    errors: [AtomicU64; ExtendedError::ALL.len()],
    truncated: AtomicU64,
    limited: AtomicU64,
    slipped: AtomicU64,
    steered: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    transfers: Transfers,
    records: RecordCounts,
}

/// Zones that were given away, and octets of the messages that carried them.
#[derive(Debug, Default)]
struct Transfers {
    axfr: AtomicU64,
    ixfr: AtomicU64,
    refused: AtomicU64,
    octets: AtomicU64,
    notify_heard: AtomicU64,
    notify_refused: AtomicU64,
}

#[inline]
fn add(count: Option<&AtomicU64>) {
    if let Some(count) = count {
        count.store(
            count.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Relaxed,
        );
    }
}

impl Counters {
    pub(crate) fn new() -> Self {
        Counters {
            queries: [const { AtomicU64::new(0) }; PATHS.len()],
            responses: [const { AtomicU64::new(0) }; RCODES + 1],
            qtypes: [const { AtomicU64::new(0) }; QTYPES + 1],
            dropped: [const { AtomicU64::new(0) }; DROPPED.len()],
            cookies: [const { AtomicU64::new(0) }; COOKIES.len()],
            signatures: [const { AtomicU64::new(0) }; SIGNATURES.len()],
            errors: [const { AtomicU64::new(0) }; ExtendedError::ALL.len()],
            truncated: AtomicU64::new(0),
            limited: AtomicU64::new(0),
            slipped: AtomicU64::new(0),
            steered: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            transfers: Transfers::default(),
            records: RecordCounts::new(),
        }
    }

    /// A message came in, whatever becomes of it.
    #[inline]
    pub(crate) fn query(&self, transport: Transport, client: IpAddr) {
        let path = match (transport, client) {
            (Transport::Udp, IpAddr::V4(_)) => 0,
            (Transport::Udp, IpAddr::V6(_)) => 1,
            (Transport::Tcp, IpAddr::V4(_)) => 2,
            (Transport::Tcp, IpAddr::V6(_)) => 3,
        };
        add(self.queries.get(path));
    }

    /// A response goes out.
    #[inline(always)]
    pub(crate) fn answered(&self, summary: &Summary) {
        let responses = self.responses.get(usize::from(summary.rcode));
        add(responses.or(self.responses.last()));
        if let Some(qtype) = summary.qtype {
            add(self.qtypes.get(usize::from(qtype).min(QTYPES)));
        }
        let is_cut = summary.is_truncated | summary.is_slipped;
        let has_more = summary.cookies != CookieUse::None || summary.error.is_some();
        let is_signed = summary.signature != SignatureUse::None;
        if summary.is_steered {
            self.answered_by_records(summary);
        }
        if is_cut | has_more | is_signed {
            self.answered_specially(summary);
        }
    }

    /// Steered sets had a say.
    #[inline(never)]
    fn answered_by_records(&self, summary: &Summary) {
        add(Some(&self.steered));
        for number in summary.records.iter().take_while(|number| **number != 0) {
            self.records.add(*number);
        }
    }

    /// What most responses have not.
    fn answered_specially(&self, summary: &Summary) {
        if summary.is_truncated {
            add(Some(&self.truncated));
        }
        if summary.is_slipped {
            add(Some(&self.slipped));
        }
        if summary.cookies != CookieUse::None {
            let place = COOKIES.iter().position(|(_, it)| *it == summary.cookies);
            add(place.and_then(|place| self.cookies.get(place)));
        }
        if summary.signature != SignatureUse::None {
            let worth = summary.signature;
            let place = SIGNATURES.iter().position(|(_, it)| *it == worth);
            add(place.and_then(|place| self.signatures.get(place)));
        }
        if let Some(error) = summary.error {
            let place = ExtendedError::ALL.iter().position(|it| *it == error);
            add(place.and_then(|place| self.errors.get(place)));
        }
    }

    /// The counts of steered sets.
    pub(crate) fn records(&self) -> &RecordCounts {
        &self.records
    }

    /// The responder chose silence.
    pub(crate) fn silent(&self, why: Silence) {
        self.dropped(match why {
            Silence::Limited => return add(Some(&self.limited)),
            Silence::Short => Dropped::Short,
            Silence::Response => Dropped::Response,
            Silence::NoRoom => Dropped::NoRoom,
        });
    }

    pub(crate) fn dropped(&self, why: Dropped) {
        let place = DROPPED.iter().position(|(_, known)| *known == why);
        add(place.and_then(|place| self.dropped.get(place)));
    }

    pub(crate) fn accepted(&self) {
        add(Some(&self.accepted));
    }

    /// A connection was turned away: a limit is reached, and no other is idle.
    pub(crate) fn refused(&self) {
        add(Some(&self.refused));
    }
}

impl Counters {
    /// A transfer was asked for, and began or was refused; or somebody said that a zone has changed.
    #[cold]
    pub(crate) fn transfer(&self, begun: Option<&Begun>) {
        let Transfers {
            axfr,
            ixfr,
            refused,
            notify_heard,
            notify_refused,
            ..
        } = &self.transfers;
        add(Some(
            match begun.map_or(Kind::Refused, |begun| begun.kind) {
                Kind::Transfer(TransferKind::Axfr) => axfr,
                Kind::Transfer(TransferKind::Ixfr) => ixfr,
                Kind::Refused => refused,
                Kind::NotifyHeard => notify_heard,
                Kind::NotifyRefused => notify_refused,
            },
        ));
        if let Some(Begun {
            outcome: Outcome::Answered(summary),
            kind: Kind::Transfer(_),
            ..
        }) = begun
        {
            self.transferred(summary.length);
        }
    }

    /// So many octets of transfers go out.
    #[inline]
    pub(crate) fn transferred(&self, octets: usize) {
        if octets > 0 {
            let count = &self.transfers.octets;
            let more = u64::try_from(octets).unwrap_or(0);
            let sum = count.load(Ordering::Relaxed).wrapping_add(more);
            count.store(sum, Ordering::Relaxed);
        }
    }
}

/// Sums of all threads' counts by name.
///
/// Paths, drops, cookies, signatures and totals are always there; codes and types once they have
/// occurred.
pub(crate) fn sum<'a>(threads: impl Iterator<Item = &'a Counters>) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for name in PATHS {
        sums.insert(format!("queries.{name}"), 0);
    }
    for (name, _) in DROPPED {
        sums.insert(format!("dropped.{name}"), 0);
    }
    for (name, _) in COOKIES {
        sums.insert(format!("cookies.{name}"), 0);
    }
    for (name, _) in SIGNATURES {
        sums.insert(format!("tsig.{name}"), 0);
    }
    for name in TOTALS {
        sums.insert(name.to_owned(), 0);
    }
    for thread in threads {
        collect(thread, &mut sums);
    }
    sums
}

fn collect(thread: &Counters, sums: &mut BTreeMap<String, u64>) {
    let mut add = |name: String, count: &AtomicU64| {
        let count = count.load(Ordering::Relaxed);
        if count > 0 {
            let sum = sums.entry(name).or_insert(0);
            *sum = sum.wrapping_add(count);
        }
    };
    for (name, count) in PATHS.iter().zip(&thread.queries) {
        add(format!("queries.{name}"), count);
    }
    for ((name, _), count) in DROPPED.iter().zip(&thread.dropped) {
        add(format!("dropped.{name}"), count);
    }
    for ((name, _), count) in COOKIES.iter().zip(&thread.cookies) {
        add(format!("cookies.{name}"), count);
    }
    for ((name, _), count) in SIGNATURES.iter().zip(&thread.signatures) {
        add(format!("tsig.{name}"), count);
    }
    for (error, count) in ExtendedError::ALL.iter().zip(&thread.errors) {
        add(format!("extended.{}", error.code()), count);
    }
    for (code, count) in (0_u16..).zip(&thread.responses) {
        let name = if usize::from(code) < RCODES {
            Rcode::new(code).to_string()
        } else {
            "other".to_owned()
        };
        add(format!("responses.{name}"), count);
    }
    for (number, count) in (0_u16..).zip(&thread.qtypes) {
        let name = if usize::from(number) < QTYPES {
            Rtype::new(number).to_string()
        } else {
            "other".to_owned()
        };
        add(format!("qtype.{name}"), count);
    }
    for (name, count) in TOTALS.into_iter().zip(totals(thread)) {
        add(name.to_owned(), count);
    }
}

/// In the order of [`TOTALS`].
fn totals(thread: &Counters) -> [&AtomicU64; TOTALS.len()] {
    let transfers = &thread.transfers;
    [
        &thread.truncated,
        &thread.steered,
        &thread.limited,
        &thread.slipped,
        &thread.accepted,
        &thread.refused,
        &transfers.axfr,
        &transfers.ixfr,
        &transfers.refused,
        &transfers.octets,
        &transfers.notify_heard,
        &transfers.notify_refused,
    ]
}
