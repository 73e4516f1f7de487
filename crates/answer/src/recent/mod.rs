//! Whole responses to whole messages, kept for the next who sends the very same.
//!
//! What is kept is a message but for its id, and the responses among which chance may choose, so that to
//! give one again is a look and a copy. It is good as long as nothing at all that is served has changed;
//! then everything is forgotten at once. What is asked once leaves a mark, what is asked again is kept.
//!
//! ```text
//! places  by the message's hash: which of the kept ones it may be
//! kept    how long it is, and what is counted of its responses
//! lines   the message, and behind it the responses, each from the beginning of a line
//! ```

mod choices;
mod kept;
mod worth;

use understudy_wire::NameHasher;

use crate::chance::Chance;
use crate::outcome::{Outcome, Request, Transport};
use choices::{Choices, Respond};
use kept::{Kept, Line};
use worth::Worth;

/// Places, a power of two, for two messages each.
const PLACES: usize = 4096;

/// Messages that are kept at most, and the lines of memory that they and their responses have.
/// chosen: a mebibyte for each thread, which is taken as they come.
const MESSAGES: usize = 4096;
const LINES: usize = 12 * 1024;

/// Messages that find no room before everything is forgotten, so that what is asked now takes its turn.
/// chosen: sixteen times as many as there is room for; keeping costs more than it saves at once.
const TURNED_AWAY: u32 = 64 * 1024;

/// The octets of an id (RFC 1035 section 4.1.1).
const ID: usize = 2;

/// What became of a look.
pub(crate) enum Look {
    /// The response is written.
    Found(Outcome),
    /// Nothing is kept, and should be: at the place of this hash.
    Wanted(u64),
    /// Nothing is kept.
    Nothing,
}

/// What every kept response was made from, and for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Circumstances {
    /// [`Zones::version`](crate::Zones::version).
    pub(crate) version: u64,
    /// The most octets that may be sent.
    pub(crate) room: usize,
}

/// What one thread keeps.
#[derive(Debug)]
pub(crate) struct Recent {
    hasher: NameHasher,
    circumstances: Circumstances,
    /// The upper half of each is of the hash, the lower one the number of what is kept; 0: nothing.
    places: Vec<[u32; 2]>,
    kept: Vec<Kept>,
    lines: Vec<Line>,
    /// What is left of the hashes of the messages that came last to each place and were not there.
    marks: Vec<[u32; 2]>,
    turned_away: u32,
    worth: Worth,
}

#[inline(always)]
fn place(hash: u64) -> usize {
    usize::try_from(hash).unwrap_or(0) & (PLACES - 1)
}

/// What shows at a place that it is most likely this one.
#[inline(always)]
fn tag(hash: u64) -> u32 {
    u32::try_from(hash >> 48).unwrap_or(0)
}

/// What a message leaves that came once, and what is set in it once it is known to be no use to keep.
#[inline]
fn mark(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(0) & !NOT_KEPT
}

const NOT_KEPT: u32 = 1;

impl Default for Recent {
    fn default() -> Self {
        Recent {
            hasher: NameHasher::secret(),
            circumstances: Circumstances::default(),
            places: Vec::new(),
            kept: Vec::new(),
            lines: Vec::new(),
            marks: Vec::new(),
            turned_away: 0,
            worth: Worth::default(),
        }
    }
}

impl Recent {
    /// Writes a response to this message, if there is one that is good in these circumstances.
    #[inline(always)]
    pub(crate) fn recall(
        &mut self,
        circumstances: Circumstances,
        request: &Request<'_>,
        chance: &mut Chance,
        reply: &mut [u8],
    ) -> Look {
        if self.worth.is_pausing() {
            return Look::Nothing;
        }
        let (Some((id, message)), Transport::Udp) =
            (request.message.split_first_chunk::<ID>(), request.transport)
        else {
            return Look::Nothing;
        };
        if self.circumstances != circumstances {
            self.forget(circumstances);
        }
        let hash = self.hasher.hash_message(message);
        if let Some(places) = self.places.get(place(hash)) {
            for found in places {
                if found >> 16 == tag(hash)
                    && let Some(kept) = self.kept_at(found & 0xffff)
                    && let Some(octets) = kept.write(&self.lines, (id, message), chance, reply)
                {
                    let summary = kept.summary(octets);
                    self.worth.found();
                    return Look::Found(Outcome::Answered(summary));
                }
            }
        }
        self.miss(hash)
    }

    /// What has this number, from 1 on.
    #[inline(always)]
    fn kept_at(&self, number: u32) -> Option<&Kept> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.kept.get(place)
    }

    #[inline(never)]
    fn miss(&mut self, hash: u64) -> Look {
        self.worth.missed();
        let mark = mark(hash);
        match self.marks.get_mut(place(hash)) {
            Some(marks) if marks.contains(&(mark | NOT_KEPT)) => Look::Nothing,
            Some(marks) if marks.contains(&mark) => Look::Wanted(hash),
            Some([last, before]) => {
                (*last, *before) = (mark, *last);
                Look::Nothing
            }
            None => Look::Nothing,
        }
    }

    /// Keeps what `respond` says to a message that was wanted, if that is always the same.
    #[cold]
    #[inline(never)]
    pub(crate) fn keep(&mut self, hash: u64, request: &Request<'_>, respond: &mut Respond<'_>) {
        if self.kept.len() >= MESSAGES || self.lines.len() > LINES {
            self.turned_away += 1;
            if self.turned_away > TURNED_AWAY {
                self.forget(self.circumstances);
            }
            return;
        }
        let marks = self.marks.get_mut(place(hash)).into_iter().flatten();
        for mark in marks.filter(|it| **it == mark(hash)) {
            *mark |= NOT_KEPT; // what is kept is found first
        }
        let Some([first, second]) = self.places.get(place(hash)) else {
            return;
        };
        if *first != 0 && *second != 0 {
            return;
        }
        self.worth.kept();
        let (message, line) = (request.message.get(ID..), self.lines.len());
        let choices = Choices::of(request, self.circumstances.room, respond);
        let (Some(message), Some(choices)) = (message, choices) else {
            return;
        };
        let number = u32::try_from(self.kept.len() + 1);
        let (Some(kept), Ok(number)) = (Kept::new(line, message, &choices), number) else {
            return;
        };
        self.kept.push(kept);
        self.lines.extend(Line::all_of(message));
        for choice in &choices.responses {
            self.lines.extend(Line::all_of(&choice.octets));
        }
        if let Some([first, second]) = self.places.get_mut(place(hash)) {
            *(if *first == 0 { first } else { second }) = tag(hash) << 16 | number;
        }
    }

    /// Begins anew.
    #[cold]
    #[inline(never)]
    fn forget(&mut self, circumstances: Circumstances) {
        self.circumstances = circumstances;
        self.turned_away = 0;
        for places in [&mut self.places, &mut self.marks] {
            places.clear();
            places.resize(PLACES, [0; 2]);
        }
        self.lines.clear();
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use understudy_wire::NameBuf;

    use super::*;
    use crate::outcome::{Subject, Summary};

    const AT_FIRST: Circumstances = Circumstances {
        version: 1,
        room: 512,
    };

    fn summary() -> Summary {
        let (labels, has_type) = (2, false);
        Summary {
            length: 60,
            rcode: 3,
            qtype: Some(28),
            is_steered: true,
            records: [7, 0, 0, 0],
            subject: Subject { labels, has_type },
            ..Summary::default()
        }
    }

    fn message(owner: &str) -> Vec<u8> {
        let name: NameBuf = format!("{owner}.").parse().unwrap();
        let header = [8, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        [&header[..], name.as_name().octets(), &[0, 1, 0, 1]].concat()
    }

    fn request(message: &[u8]) -> Request<'_> {
        Request {
            message,
            client: [192, 0, 2, 1].into(),
            transport: Transport::Udp,
            now_ns: 5,
            wall_s: 6,
        }
    }

    fn hash(recent: &Recent, message: &[u8]) -> u64 {
        recent.hasher.hash_message(&message[ID..])
    }

    fn recall(recent: &mut Recent, message: &[u8]) -> Look {
        let (chance, reply) = (&mut Chance::new(1), &mut [0; 512]);
        recent.recall(AT_FIRST, &request(message), chance, reply)
    }

    /// Keeps a response of which this is said, if it can be kept. Gives how often it was made.
    fn keep(recent: &mut Recent, message: &[u8], summary: Summary) -> usize {
        if recent.circumstances != AT_FIRST {
            recent.forget(AT_FIRST);
        }
        let (hash, mut times) = (hash(recent, message), 0);
        recent.keep(hash, &request(message), &mut |_, _, reply| {
            times += 1;
            reply[..summary.length].fill(7);
            Outcome::Answered(summary)
        });
        times
    }

    fn is_kept(recent: &mut Recent, message: &[u8]) -> bool {
        matches!(recall(recent, message), Look::Found(_))
    }

    /// Some messages that have one place.
    fn at_one_place(recent: &Recent) -> [Vec<u8>; 3] {
        let messages = (0..).map(|number| message(&format!("a{number}")));
        let mut found = messages.filter(|it| place(hash(recent, it)) == 1);
        [(); 3].map(|()| found.next().unwrap())
    }

    #[test]
    fn what_is_asked_for_the_second_time_is_there_at_the_third() {
        let (mut recent, message) = (Recent::default(), message("a"));
        assert!(matches!(recall(&mut recent, &message), Look::Nothing));
        assert!(matches!(recall(&mut recent, &message), Look::Wanted(_)));
        keep(&mut recent, &message, summary());
        let Look::Found(outcome) = recall(&mut recent, &message) else {
            unreachable!("it was kept")
        };
        assert_eq!(outcome, Outcome::Answered(summary()));
    }

    #[test]
    fn what_several_sets_decided_is_not_kept() {
        let (mut recent, message) = (Recent::default(), message("a"));
        let others = Summary {
            records: [7, 8, 0, 0],
            ..summary()
        };
        keep(&mut recent, &message, others);
        assert!(!is_kept(&mut recent, &message), "one is counted");
    }

    /// To make it several times whenever it comes would take more than kept responses bring.
    #[test]
    fn what_cannot_be_kept_is_tried_once() {
        let (mut recent, message) = (Recent::default(), message("a"));
        assert!(matches!(recall(&mut recent, &message), Look::Nothing));
        assert!(matches!(recall(&mut recent, &message), Look::Wanted(_)));
        keep(&mut recent, &message, Summary::default());
        assert!(matches!(recall(&mut recent, &message), Look::Nothing));
        recent.forget(AT_FIRST);
        assert!(matches!(recall(&mut recent, &message), Look::Nothing));
        let again = recall(&mut recent, &message);
        assert!(matches!(again, Look::Wanted(_)), "something has changed");
    }

    /// Else those that many ask for would be driven out by the many that somebody asks for now and then.
    #[test]
    fn what_is_kept_stays_where_there_is_no_room_for_more() {
        let long = Summary {
            length: ID + 255,
            ..summary()
        };
        for (owner, summary) in [("", summary()), (&*"b".repeat(50), long)] {
            let (mut recent, mut turned_away) = (Recent::default(), 0);
            let nth = |number| message(&format!("a{number}{owner}"));
            let mut numbers = 0..2 * TURNED_AWAY;
            keep(&mut recent, &nth(u32::MAX), summary);
            while turned_away < TURNED_AWAY {
                let number = numbers.next().unwrap();
                turned_away += u32::from(keep(&mut recent, &nth(number), summary) == 0);
                assert!(recent.kept.len() <= MESSAGES);
                assert!(recent.lines.len() < LINES + 8);
            }
            assert!(is_kept(&mut recent, &nth(u32::MAX)));
            // Until others have waited for long.
            let next = nth(numbers.next().unwrap());
            while keep(&mut recent, &next, summary) == 0 {}
            assert!(is_kept(&mut recent, &next));
            assert!(!is_kept(&mut recent, &nth(u32::MAX)));
        }
    }

    #[test]
    fn in_other_circumstances_everything_is_forgotten() {
        let (mut recent, message) = (Recent::default(), message("a"));
        let Circumstances { version, room } = AT_FIRST;
        let newer = Circumstances { version: 2, room };
        let smaller = Circumstances { version, room: 511 };
        for other in [newer, smaller] {
            keep(&mut recent, &message, summary());
            assert!(is_kept(&mut recent, &message));
            let (chance, reply) = (&mut Chance::new(1), &mut [0; 512]);
            let look = recent.recall(other, &request(&message), chance, &mut reply[..other.room]);
            assert!(matches!(look, Look::Nothing));
            assert_eq!((recent.kept.len(), recent.lines.len()), (0, 0));
            assert_eq!(recent.places.as_flattened().iter().max(), Some(&0));
        }
    }

    #[test]
    fn what_is_asked_again_is_wanted_though_another_was_asked_between() {
        let mut recent = Recent::default();
        let [first, second, _] = at_one_place(&recent);
        for message in [&first, &second] {
            assert!(matches!(recall(&mut recent, message), Look::Nothing));
        }
        for message in [&first, &second] {
            assert!(matches!(recall(&mut recent, message), Look::Wanted(_)));
        }
    }

    #[test]
    fn two_messages_have_one_place_and_keep_it() {
        let mut recent = Recent::default();
        let messages = at_one_place(&recent);
        let times = messages
            .each_ref()
            .map(|it| keep(&mut recent, it, summary()));
        assert_eq!(times[2], 0, "nothing is made that has no place");
        let found = messages.each_ref().map(|it| is_kept(&mut recent, it));
        assert_eq!(found, [true, true, false]);
    }

    #[test]
    fn nobody_looks_where_it_does_not_pay() {
        let is_pausing = |found: u32, keeps: bool| {
            let (mut recent, again) = (Recent::default(), message("again"));
            keep(&mut recent, &again, summary());
            for number in 0..4096 {
                assert!(!recent.worth.is_pausing());
                let once = message(&format!("a{number}"));
                (0..found).for_each(|_| assert!(is_kept(&mut recent, &again)));
                if keeps {
                    keep(&mut recent, &once, Summary::default());
                }
                assert!(!is_kept(&mut recent, &once));
            }
            !is_kept(&mut recent, &again)
        };
        assert!(is_pausing(0, false));
        assert!(!is_pausing(1, false));
        assert!(is_pausing(1, true));
    }
}
