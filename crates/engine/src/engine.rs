//! What the control plane holds: the service, the zones it answers from, and what it counted.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use understudy_answer::{
    Chance, Memory, Outcome, Request, Server, Silence, Summary, look_ahead, respond,
    respond_remembering, slip, turn_to_tcp,
};
use understudy_zone::Ahead;

use understudy_wire::NameBuf;

use crate::address;
use crate::error::EngineError;
use crate::limit::{Limiter, RateLimit, Verdict};
use crate::responder::Responder;
use crate::secondaries::Notices;
use crate::service::{Service, Settings};
use crate::sys;
use crate::transfer::{Begun, Gate, Kind, Refusal};
use crate::zones::{Snapshot, Zones};

/// Answers from the published zones, for one thread.
struct Answerer {
    zones: Arc<Zones>,
    /// The zones as they were when the batch began.
    batch: Option<Snapshot>,
    server: Arc<Server>,
    limiter: Option<Arc<Limiter>>,
    chance: Chance,
    memory: Memory,
    gate: Gate,
    notices: Arc<Notices>,
}

impl Answerer {
    #[inline(always)]
    fn answer(&mut self, request: &Request<'_>, reply: &mut [u8]) -> Outcome {
        let (server, chance) = (&*self.server, &mut self.chance);
        match &self.batch {
            Some(zones) => {
                let from = (zones, &mut self.memory);
                respond_remembering(from, server, request, chance, reply)
            }
            None => respond(&*self.zones, server, request, chance, reply),
        }
    }

    /// Answers unless the client's network has had too much.
    fn answer_within(
        &mut self,
        limiter: &Limiter,
        request: &Request<'_>,
        reply: &mut [u8],
    ) -> Outcome {
        let outcome = self.answer(request, reply);
        let Outcome::Answered(summary) = &outcome else {
            return outcome;
        };
        if summary.is_refused_transfer() {
            return outcome; // judged when it is known what becomes of it
        }
        let (server, chance) = (&*self.server, &mut self.chance);
        match limiter.judge(request, summary, chance) {
            Verdict::Send => outcome,
            Verdict::Slip => slip(server, (request, summary), chance, reply),
            Verdict::Keep => Outcome::Silent(Silence::Limited),
        }
    }

    /// What was begun, or the refusal that stays, unless the client's network has had too much. A
    /// primary is always heard: it tells of many zones at once, and its answer is no longer than what
    /// it said.
    #[cold]
    fn begun_within(
        &mut self,
        limiter: &Limiter,
        request: &Request<'_>,
        (begun, refused): (Option<Begun>, &Summary),
        reply: &mut [u8],
    ) -> Option<Begun> {
        let summary = match &begun {
            None => refused,
            Some(Begun {
                kind,
                outcome: Outcome::Answered(summary),
                ..
            }) if *kind != Kind::NotifyHeard => summary,
            Some(_) => return begun,
        };
        let (server, chance) = (&*self.server, &mut self.chance);
        let outcome = match limiter.judge(request, summary, chance) {
            Verdict::Send => return begun,
            Verdict::Slip => slip(server, (request, summary), chance, reply),
            Verdict::Keep => Outcome::Silent(Silence::Limited),
        };
        Some(match begun {
            Some(begun) => begun.held_back(outcome),
            None => Begun::over(outcome, Kind::Refused),
        })
    }
}

impl Responder for Answerer {
    #[inline(always)]
    fn respond(&mut self, request: &Request<'_>, reply: &mut [u8]) -> Outcome {
        match &self.limiter {
            None => self.answer(request, reply),
            Some(limiter) => {
                let limiter = Arc::clone(limiter);
                self.answer_within(&limiter, request, reply)
            }
        }
    }

    #[cold]
    fn turn_to_tcp(&mut self, request: &Request<'_>, reply: &mut [u8]) -> Outcome {
        let outcome = turn_to_tcp(&self.server, request, reply);
        let (Some(limiter), Outcome::Answered(summary)) = (&self.limiter, &outcome) else {
            return outcome;
        };
        match limiter.judge(request, summary, &mut self.chance) {
            Verdict::Send => outcome,
            // It is what a slipped response would be.
            Verdict::Slip if summary.is_truncated => Outcome::Answered(Summary {
                is_slipped: true,
                ..*summary
            }),
            Verdict::Slip | Verdict::Keep => Outcome::Silent(Silence::Limited),
        }
    }

    fn transfer(
        &mut self,
        request: &Request<'_>,
        refused: &Summary,
        reply: &mut [u8],
    ) -> Option<Begun> {
        let (from, chance) = ((&*self.zones, &*self.server), &mut self.chance);
        let begun = match self.notices.hear(from, request, chance, reply) {
            None => self.gate.begin(from, request, chance, reply),
            heard => heard,
        };
        match &self.limiter {
            None => begun,
            Some(limiter) => {
                let limiter = Arc::clone(limiter);
                self.begun_within(&limiter, request, (begun, refused), reply)
            }
        }
    }

    fn begin_batch(&mut self) {
        self.batch = Some(self.zones.snapshot());
    }

    fn look_ahead<'m>(&mut self, messages: impl Iterator<Item = &'m [u8]>) {
        let mut messages = messages.peekable();
        let Some(zones) = &self.batch else { return };
        let Some(zone) = messages.peek().and_then(|message| zones.zone_of(message)) else {
            return;
        };
        if !zone.pays_to_look_ahead() {
            return;
        }
        let mut begun = [None; sys::BATCH];
        for (begun, message) in begun.iter_mut().zip(messages) {
            *begun = look_ahead(zone, message);
            if let Some(ahead) = begun {
                sys::fetch(ahead.first());
            }
        }
        for last in begun.iter().flatten().filter_map(Ahead::last) {
            sys::fetch(last);
        }
    }

    fn end_batch(&mut self) {
        self.batch = None;
    }
}

/// The DNS service with its zones.
pub struct Engine {
    service: Service<Answerer>,
    zones: Arc<Zones>,
    server: Arc<Server>,
    gate: Gate,
    notices: Arc<Notices>,
}

impl Engine {
    /// Binds UDP and TCP on every address; answers after [`Engine::start`].
    ///
    /// # Errors
    /// [`EngineError::NotAnAddress`], [`EngineError::Bind`], [`EngineError::System`].
    pub fn new(
        addresses: &[String],
        settings: Settings,
        server: Server,
    ) -> Result<Self, EngineError> {
        Self::limited(addresses, settings, server, None)
    }

    /// As [`Engine::new`], with a limit of what each network is sent over UDP.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn limited(
        addresses: &[String],
        settings: Settings,
        server: Server,
        limit: Option<RateLimit>,
    ) -> Result<Self, EngineError> {
        let limiter = limit.map(|limit| Arc::new(Limiter::new(limit)));
        let settings = Settings {
            udp_size: server.udp_size(),
            ..settings
        };
        let server = server.with_tcp_keepalive(settings.tcp_idle);
        let (zones, server) = (Arc::new(Zones::default()), Arc::new(server));
        let gate = Gate::new(settings.transfers).map_err(EngineError::System)?;
        let notices = Arc::new(Notices::new().map_err(EngineError::System)?);
        let mut seed = sys::monotonic_ns();
        let answerer = || {
            seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
            let (zones, server) = (Arc::clone(&zones), Arc::clone(&server));
            Answerer {
                zones,
                batch: None,
                server,
                limiter: limiter.clone(),
                chance: Chance::new(seed),
                memory: Memory::default(),
                gate: gate.clone(),
                notices: Arc::clone(&notices),
            }
        };
        let service = Service::bind(&parse(addresses)?, settings, answerer)?;
        zones.records().count_with(service.threads());
        Ok(Engine {
            service,
            zones,
            server,
            gate,
            notices,
        })
    }

    /// The origins of zones that primaries have said to have changed, since the last call.
    #[must_use]
    pub fn take_notices(&self) -> Vec<NameBuf> {
        self.notices.take()
    }

    /// Readable while there are notices to take.
    #[must_use]
    pub fn notices(&self) -> BorrowedFd<'_> {
        self.notices.as_fd()
    }

    /// Zones that were sent, and the clients that they were sent to, since the last call.
    #[must_use]
    pub fn take_visits(&self) -> Vec<(NameBuf, IpAddr)> {
        self.gate.visits().take()
    }

    /// Readable while there are visits to take.
    #[must_use]
    pub fn visits(&self) -> BorrowedFd<'_> {
        self.gate.visits().as_fd()
    }

    /// Clients that were refused a zone since the last call, over TCP.
    #[must_use]
    pub fn take_refusals(&self) -> Vec<Refusal> {
        self.gate.refusals().take()
    }

    /// The published zones.
    #[must_use]
    pub fn zones(&self) -> &Zones {
        &self.zones
    }

    /// The addresses as they are, with the port that the system chose.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.service.addresses()
    }

    /// Starts answering. Does nothing if it was started.
    ///
    /// # Errors
    /// [`EngineError::System`], [`EngineError::Stopped`].
    pub fn start(&self) -> Result<(), EngineError> {
        self.service.start()
    }

    /// Answers what has arrived, closes, and waits. True if all ended in time.
    pub fn stop(&self, within: Duration) -> bool {
        self.service.stop(within)
    }

    /// Serves exactly these addresses from now on.
    ///
    /// # Errors
    /// As [`Engine::new`], and then nothing has changed; [`EngineError::Stopped`] after a stop.
    pub fn rebind(&self, addresses: &[String]) -> Result<(), EngineError> {
        self.service.rebind(&parse(addresses)?)
    }

    /// What the service would send for this message; of a transfer its first message. Not counted.
    pub fn answer(&self, request: &Request<'_>, reply: &mut [u8]) -> Outcome {
        let mut chance = Chance::new(sys::monotonic_ns());
        let (zones, server) = (&*self.zones, &*self.server);
        match respond(zones, server, request, &mut chance, reply) {
            Outcome::Answered(summary) if summary.is_refused_transfer() => {
                let from = (zones, server);
                let begun = match self.notices.hear(from, request, &mut chance, reply) {
                    None => self.gate.begin(from, request, &mut chance, reply),
                    heard => heard,
                };
                begun.map_or(Outcome::Answered(summary), |begun| begun.outcome)
            }
            outcome => outcome,
        }
    }

    /// How often each steered set answered, by owner and type; all that there have been.
    #[must_use]
    pub fn record_counters(&self) -> BTreeMap<(String, u16), u64> {
        self.zones.records().sums()
    }

    /// Sums over all threads by name.
    #[must_use]
    pub fn counters(&self) -> BTreeMap<String, u64> {
        self.service.counters()
    }
}

fn parse(addresses: &[String]) -> Result<Vec<SocketAddr>, EngineError> {
    addresses.iter().map(|text| address::parse(text)).collect()
}

#[cfg(test)]
mod tests {
    use understudy_answer::Transport;
    use understudy_zone::Zone;

    use super::*;

    fn answerer(zones: &Arc<Zones>) -> Answerer {
        Answerer {
            zones: Arc::clone(zones),
            batch: None,
            server: Arc::new(Server::new(1232, "", "").unwrap()),
            limiter: None,
            chance: Chance::new(1),
            memory: Memory::default(),
            gate: Gate::new(1).unwrap(),
            notices: Arc::new(Notices::new().unwrap()),
        }
    }

    fn publish(zones: &Zones, serial: u8) {
        let text = format!("@ 60 SOA ns root {serial} 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n");
        let origin: NameBuf = "a.".parse().unwrap();
        let zone = Zone::parse(text.as_bytes(), "a", origin.as_name()).unwrap();
        zones.publish_zone(&zone.zone, &[], None).unwrap();
    }

    /// A batch sees one version; a thread that sleeps holds none, though it may sleep for days.
    #[test]
    fn a_version_is_held_as_long_as_a_batch_and_no_longer() {
        let zones = Arc::new(Zones::default());
        let mut answerer = answerer(&zones);
        let message = b"\0\0\0\0\0\x01\0\0\0\0\0\0\x01a\0\0\x06\0\x01";
        let request = Request {
            message,
            client: [192, 0, 2, 1].into(),
            transport: Transport::Udp,
            now_ns: 0,
            wall_s: 0,
        };
        let ask = |answerer: &mut Answerer| {
            let mut reply = [0; 512];
            let Outcome::Answered(summary) = answerer.respond(&request, &mut reply) else {
                unreachable!("a question")
            };
            // The last octet of the serial stands before four numbers.
            reply[summary.length - 17]
        };
        // Asked again and again, so that the response is kept as well.
        let asks = |answerer: &mut Answerer| [(); 4].map(|()| ask(answerer));
        publish(&zones, 1);
        answerer.begin_batch();
        assert_eq!(asks(&mut answerer), [1; 4]);
        publish(&zones, 2);
        assert_eq!(asks(&mut answerer), [1; 4], "all of a batch");
        answerer.end_batch();
        assert!(answerer.batch.is_none());
        assert_eq!(asks(&mut answerer), [2; 4]);
        for serial in 3..6 {
            publish(&zones, serial);
            answerer.begin_batch();
            assert_eq!(asks(&mut answerer), [serial; 4]);
            answerer.end_batch();
        }
    }
}
