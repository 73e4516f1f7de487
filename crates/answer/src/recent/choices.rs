//! All that can be said to a message, found out by asking for it.

use understudy_wire::Plain;

use super::ID;
use crate::chance::{Chance, Draws};
use crate::direct::is_never_direct;
use crate::outcome::{CookieUse, Outcome, Request, SignatureUse, Summary};

/// Makes a response.
pub(crate) type Respond<'r> = dyn FnMut(&Request<'_>, &mut Chance, &mut [u8]) -> Outcome + 'r;

/// Responses that chance may choose among.
pub(super) const CHOICES: usize = 4;

/// The numbers that it may choose by.
/// chosen: with each of them the response is made twice. Weights such as 3 to 1 are a few, 99 to 1 a hundred.
const NUMBERS: u64 = 16;

/// The longest response that is kept, without its id.
const OCTETS: usize = 255;

/// One of the responses.
pub(super) struct Choice {
    /// It is for the numbers below this one that no response before is for.
    pub(super) below: u8,
    /// What is behind its id.
    pub(super) octets: Vec<u8>,
}

/// The responses to a message.
pub(super) struct Choices {
    /// What is said of each of them, but for its length.
    pub(super) summary: Summary,
    /// Chance chooses a number below this one.
    pub(super) numbers: u8,
    pub(super) responses: Vec<Choice>,
}

impl Choices {
    /// What is said to a request. None if it depends on anything but the message and one drawn number, if it is
    /// not the same answer each time, or too long.
    pub(super) fn of(
        request: &Request<'_>,
        room: usize,
        respond: &mut Respond<'_>,
    ) -> Option<Self> {
        let plain = Plain::parse(request.message)?;
        if is_never_direct(plain.question.qtype) {
            return None;
        }
        let mut asking = Asking {
            request,
            respond,
            reply: vec![0; room],
            other: vec![0; room],
        };
        let draws = asking.draws();
        let numbers = match draws {
            Draws::None => 1,
            Draws::One(limit @ 1..=NUMBERS) => limit,
            Draws::One(_) | Draws::More => return None,
        };
        let (summary, octets) = asking.ask(0, numbers, draws)?;
        let mut choices = Choices {
            summary,
            numbers: u8::try_from(numbers).ok()?,
            responses: vec![Choice { below: 1, octets }],
        };
        for number in 1..numbers {
            let (summary, octets) = asking.ask(number, numbers, draws)?;
            if summary != choices.summary {
                return None;
            }
            choices.add(u8::try_from(number + 1).ok()?, octets);
        }
        (choices.responses.len() <= CHOICES).then_some(choices)
    }

    fn add(&mut self, below: u8, octets: Vec<u8>) {
        match self.responses.last_mut() {
            Some(last) if last.octets == octets => last.below = below,
            _ => self.responses.push(Choice { below, octets }),
        }
    }
}

/// A request, asked again and again.
struct Asking<'a, 'm, 'r> {
    request: &'a Request<'m>,
    respond: &'a mut Respond<'r>,
    reply: Vec<u8>,
    other: Vec<u8>,
}

impl Asking<'_, '_, '_> {
    /// What is drawn for the response.
    fn draws(&mut self) -> Draws {
        let (before, mut chance) = (Chance::new(0), Chance::new(0));
        (self.respond)(self.request, &mut chance, &mut self.reply);
        chance.draws_since(&before)
    }

    /// What is said where this number is drawn, and nothing else is: the same now and at the end of time, here
    /// and there.
    fn ask(&mut self, number: u64, numbers: u64, draws: Draws) -> Option<(Summary, Vec<u8>)> {
        let before = Chance::whose_first_is(number, numbers);
        let (mut chance, mut again) = (before.clone(), before.clone());
        let outcome = (self.respond)(self.request, &mut chance, &mut self.reply);
        let elsewhere = Request {
            client: [0; 4].into(),
            now_ns: u64::MAX,
            wall_s: !self.request.wall_s,
            ..*self.request
        };
        let other = (self.respond)(&elsewhere, &mut again, &mut self.other);
        let Outcome::Answered(summary) = outcome else {
            return None;
        };
        let octets = self.reply.get(ID..summary.length)?;
        let is_usual = summary.error.is_none()
            && !summary.is_truncated
            && summary.cookies == CookieUse::None
            && summary.signature == SignatureUse::None;
        // One number may lead to an alias whose target is drawn as well, and another not.
        if chance.draws_since(&before) != draws {
            return None;
        }
        if outcome != other || self.other.get(ID..summary.length)? != octets {
            return None;
        }
        let is_kept = is_usual && octets.len() <= OCTETS;
        let summary = Summary {
            length: 0,
            ..summary
        };
        is_kept.then(|| (summary, octets.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::outcome::{ExtendedError, Transport};

    const MESSAGE: &[u8] = b"\0\0\0\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01";
    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn summary(length: usize) -> Summary {
        Summary {
            length,
            ..Summary::default()
        }
    }

    /// For which numbers each response is, where `says` tells what all its octets are, and what is said of it.
    fn below(says: &dyn Fn(&Request<'_>, &mut Chance) -> (u64, Summary)) -> Option<Vec<u8>> {
        let request = Request {
            message: MESSAGE,
            client: CLIENT,
            transport: Transport::Udp,
            now_ns: 5,
            wall_s: 6,
        };
        let choices = Choices::of(&request, 512, &mut |request, chance, reply| {
            let (octet, summary) = says(request, chance);
            reply[..summary.length].fill(u8::try_from(octet).unwrap());
            Outcome::Answered(summary)
        });
        choices.map(|it| it.responses.iter().map(|choice| choice.below).collect())
    }

    #[test]
    fn what_depends_on_more_than_the_message_is_not_kept() {
        assert_eq!(below(&|_, _| (1, summary(60))), Some(vec![1]));
        let is_here = |request: &Request<'_>| request.client == CLIENT;
        let by_client = |request: &Request<'_>| u64::from(is_here(request));
        assert_eq!(below(&|it, _| (by_client(it), summary(60))), None);
        assert_eq!(below(&|it, _| (it.now_ns & 1, summary(60))), Some(vec![1]));
        assert_eq!(below(&|it, _| (it.now_ns & 2, summary(60))), None);
        let by_date = |request: &Request<'_>| u64::from(request.wall_s & 1);
        assert_eq!(below(&|it, _| (by_date(it), summary(60))), None);
        let said = |request: &Request<'_>| Summary {
            is_steered: is_here(request),
            ..summary(60)
        };
        assert_eq!(below(&|it, _| (1, said(it))), None);
    }

    #[test]
    fn what_is_unusual_or_long_is_not_kept() {
        let unusual = [
            Summary {
                error: Some(ExtendedError::NotReady),
                ..summary(60)
            },
            Summary {
                is_truncated: true,
                ..summary(60)
            },
            Summary {
                cookies: CookieUse::New,
                ..summary(60)
            },
            Summary {
                signature: SignatureUse::Valid,
                ..summary(60)
            },
        ];
        for summary in unusual {
            assert_eq!(below(&|_, _| (1, summary)), None, "{summary:?}");
        }
        assert_eq!(below(&|_, _| (1, summary(ID + OCTETS))), Some(vec![1]));
        assert_eq!(below(&|_, _| (1, summary(ID + OCTETS + 1))), None);
    }

    #[test]
    fn chance_may_choose_among_a_few() {
        let drawn = |limit: u64, each: u64| {
            below(&move |_, chance| (chance.below(limit) / each, summary(60)))
        };
        assert_eq!(drawn(1, 1), Some(vec![1]));
        assert_eq!(drawn(4, 1), Some(vec![1, 2, 3, 4]));
        assert_eq!(drawn(5, 1), None);
        assert_eq!(drawn(NUMBERS, 5), Some(vec![5, 10, 15, 16]));
        assert_eq!(drawn(NUMBERS + 1, 5), None);
    }

    #[test]
    fn what_chance_has_more_to_say_to_is_not_kept() {
        let twice = |number: u64| {
            below(&move |_, chance| {
                let first = chance.below(2);
                if first == number {
                    chance.below(2);
                }
                (first, summary(60))
            })
        };
        assert_eq!(twice(2), Some(vec![1, 2]));
        assert_eq!([twice(0), twice(1)], [None, None]);
        let said = |steered: u64| {
            below(&move |_, chance| {
                let is_steered = chance.below(2) == steered;
                (
                    1,
                    Summary {
                        is_steered,
                        ..summary(60)
                    },
                )
            })
        };
        assert_eq!(said(2), Some(vec![2]));
        assert_eq!(
            [said(0), said(1)],
            [None, None],
            "something else is counted"
        );
    }
}
