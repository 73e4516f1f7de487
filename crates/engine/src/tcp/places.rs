//! The connections that are open, each at its place, and how many come from each network.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::ops::Range;
use std::time::Instant;

use super::connection::Connection;
use crate::sys::Interest;

/// A connection, and what its socket is watched for.
pub(super) type Seated<S> = (Connection<S>, Interest);

/// A place's number is its connection's token, so a connection keeps it for life.
pub(super) struct Places<S> {
    seats: Vec<Option<Seated<S>>>,
    vacant: Vec<usize>,
    by_network: HashMap<IpAddr, usize>,
}

impl<S: Read + Write> Places<S> {
    pub(super) fn new() -> Self {
        Places {
            seats: Vec::new(),
            vacant: Vec::new(),
            by_network: HashMap::new(),
        }
    }

    /// Connections that are open.
    pub(super) fn open(&self) -> usize {
        self.seats.len() - self.vacant.len()
    }

    /// Open connections of one network.
    pub(super) fn from(&self, network: IpAddr) -> usize {
        self.by_network.get(&network).copied().unwrap_or(0)
    }

    /// All places, vacant ones too.
    pub(super) fn all(&self) -> Range<usize> {
        0..self.seats.len()
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Seated<S>> {
        self.seats.get_mut(index)?.as_mut()
    }

    /// The place that the next connection gets.
    pub(super) fn next(&self) -> usize {
        self.vacant.last().copied().unwrap_or(self.seats.len())
    }

    /// Seats a connection that is watched for what its client sends.
    pub(super) fn enter(&mut self, connection: Connection<S>) {
        *self.by_network.entry(connection.network).or_insert(0) += 1;
        let seated = Some((connection, Interest::Read));
        let vacated = self.vacant.pop();
        match vacated.and_then(|index| self.seats.get_mut(index)) {
            Some(place) => *place = seated,
            None => self.seats.push(seated),
        }
    }

    /// Closes a connection, if one is there.
    pub(super) fn leave(&mut self, index: usize) {
        let Some((connection, _)) = self.seats.get_mut(index).and_then(Option::take) else {
            return;
        };
        self.vacant.push(index);
        if let Some(count) = self.by_network.get_mut(&connection.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_network.remove(&connection.network);
            }
        }
    }

    /// The idle connection whose last answer left first, of this network or of all, with its
    /// deadline.
    pub(super) fn longest_idle(&self, network: Option<IpAddr>) -> Option<(usize, Instant)> {
        let idle = self.seats.iter().enumerate().filter_map(|(index, place)| {
            let (connection, _) = place.as_ref()?;
            let is_concerned = network.is_none_or(|network| connection.network == network);
            (is_concerned && connection.is_idle()).then_some((index, connection.deadline))
        });
        idle.min_by_key(|(_, deadline)| *deadline)
    }
}

#[cfg(test)]
impl<S> Places<S> {
    /// The clients that have a place, in the order of places.
    pub(super) fn clients(&self) -> Vec<IpAddr> {
        let seated = self.seats.iter().flatten();
        seated.map(|(connection, _)| connection.client).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::time::Duration;

    use super::*;

    fn network(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    /// One connection of each of these networks, each with a deadline a second later.
    fn places(networks: &[u8]) -> (Places<Cursor<Vec<u8>>>, Instant) {
        let mut places = Places::new();
        let start = Instant::now();
        let mut deadline = start;
        for last in networks {
            let client = network(*last);
            let stream = Cursor::new(Vec::new());
            places.enter(Connection::new(stream, client, client, deadline));
            deadline += Duration::from_secs(1);
        }
        (places, start)
    }

    #[test]
    fn a_place_that_was_left_is_the_next_one() {
        let (mut places, start) = places(&[1, 2, 3]);
        places.leave(1);
        assert_eq!((places.open(), places.next()), (2, 1));
        let client = network(9);
        places.enter(Connection::new(Cursor::default(), client, client, start));
        assert_eq!((places.open(), places.next()), (3, 3));
        assert_eq!(places.clients(), [network(1), network(9), network(3)]);
    }

    #[test]
    fn a_network_is_charged_for_what_is_open_and_a_place_is_left_once() {
        let (mut places, _) = places(&[1, 1, 2]);
        assert_eq!((places.from(network(1)), places.from(network(2))), (2, 1));
        places.leave(0);
        places.leave(0);
        places.leave(7);
        assert_eq!((places.from(network(1)), places.from(network(2))), (1, 1));
        places.leave(1);
        assert!(
            places.by_network.keys().eq([&network(2)]),
            "it is forgotten"
        );
        assert_eq!(places.open(), 1);
    }

    #[test]
    fn the_longest_idle_is_the_one_with_the_first_deadline_of_those_concerned() {
        let (mut places, start) = places(&[1, 2, 2]);
        let second = start + Duration::from_secs(1);
        assert_eq!(places.longest_idle(None), Some((0, start)));
        assert_eq!(places.longest_idle(Some(network(2))), Some((1, second)));
        assert_eq!(places.longest_idle(Some(network(3))), None);
        places.leave(0);
        assert_eq!(places.longest_idle(None), Some((1, second)));
    }
}
