//! The DNS service, for Python.
#![expect(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "arguments from Python arrive as owned values, and by keyword"
)]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyBytes;
use understudy_answer::{CookieJar, Outcome, Request, Server, Transport, TsigKeys};
use understudy_engine::{
    Access, EngineError, Publication, Secondaries, Settings, Stamp, monotonic_ns, wall_s,
};
use understudy_wire::{CookieSecret, CookieSecrets, Serial};
use understudy_zone::{Difference, SteeredChange};

use crate::errors::{engine_error, text_error, value_error};
use crate::prepared::Prepared;
use crate::tsig::{self, KeyTuple};
use crate::values::{self, RateLimitTuple, SteeredTuple, ViewTuple, steered_change, view_change};
use crate::zone::Zone;

/// The longest response.
const MESSAGE_OCTETS: usize = 65_535;

/// The longest wait, in seconds: a year is for ever.
const MAX_WAIT: f64 = 31_536_000.0;

/// The DNS service: sockets, threads, published zones.
#[pyclass(module = "understudy.engine._native", frozen)]
#[expect(
    clippy::struct_field_names,
    reason = "it is the engine, and the others belong to it"
)]
pub(crate) struct Engine {
    engine: understudy_engine::Engine,
    jar: Option<Arc<CookieJar>>,
    keys: Arc<TsigKeys>,
}

impl Engine {
    /// Does something that may wait, while the interpreter goes on.
    fn detached<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&understudy_engine::Engine) -> Result<T, EngineError> + Send,
    ) -> PyResult<T> {
        py.detach(|| work(&self.engine))
            .map_err(|error| engine_error(py, &error))
    }
}

#[pymethods]
impl Engine {
    /// Bind UDP and TCP on every address. Raises `BindError`; `ValueError` for an address that is
    /// none.
    #[new]
    #[pyo3(signature = (
        addresses,
        *,
        threads = 1,
        udp_size = 1232,
        udp_size_without_cookie = None,
        cookie_secrets = None,
        minimal_responses = false,
        rotate = false,
        rate_limit = None,
        busy_poll_s = 0.0,
        tcp_idle_s = 10.0,
        tcp_clients = 1000,
        tcp_clients_per_prefix = 100,
        transfers = 20,
        shares_addresses = false,
        version_bind = "",
        hostname_bind = "",
    ))]
    fn new(
        py: Python<'_>,
        addresses: Vec<String>,
        threads: usize,
        udp_size: u16,
        udp_size_without_cookie: Option<u16>,
        cookie_secrets: Option<Vec<PyBackedBytes>>,
        minimal_responses: bool,
        rotate: bool,
        rate_limit: Option<RateLimitTuple>,
        busy_poll_s: f64,
        tcp_idle_s: f64,
        tcp_clients: usize,
        tcp_clients_per_prefix: usize,
        transfers: usize,
        shares_addresses: bool,
        version_bind: &str,
        hostname_bind: &str,
    ) -> PyResult<Self> {
        if !(1..=MAX_THREADS).contains(&threads) {
            return Err(value_error(format!(
                "threads must be from 1 to {MAX_THREADS}"
            )));
        }
        let mut server = Server::new(size("udp_size", udp_size)?, version_bind, hostname_bind)
            .map_err(text_error)?
            .with_minimal_responses(minimal_responses)
            .with_rotation(rotate);
        if let Some(octets) = udp_size_without_cookie {
            let octets = size("udp_size_without_cookie", octets)?;
            server = server.with_udp_size_without_cookie(octets);
        }
        let jar = secrets(&cookie_secrets.unwrap_or_default())?
            .map(|secrets| Arc::new(CookieJar::new(secrets)));
        if let Some(jar) = &jar {
            server = server.with_cookies(Arc::clone(jar));
        }
        let keys = Arc::<TsigKeys>::default();
        server = server.with_keys(Arc::clone(&keys));
        let settings = Settings {
            threads,
            udp_size,
            busy_poll: wait("busy_poll_s", busy_poll_s)?,
            tcp_idle: wait("tcp_idle_s", tcp_idle_s)?,
            tcp_clients,
            tcp_clients_per_prefix,
            transfers,
            shares_addresses,
        };
        let limit = rate_limit
            .map(|limit| values::rate_limit(py, limit))
            .transpose()?;
        py.detach(|| understudy_engine::Engine::limited(&addresses, settings, server, limit))
            .map(|engine| Engine { engine, jar, keys })
            .map_err(|error| engine_error(py, &error))
    }

    #[getter]
    fn addresses(&self) -> Vec<String> {
        self.engine
            .addresses()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn start(&self, py: Python<'_>) -> PyResult<()> {
        self.detached(py, understudy_engine::Engine::start)
    }

    /// Finish what is being answered, close, join. True if every thread ended in time. Idempotent.
    #[pyo3(signature = (timeout_s = 5.0))]
    fn stop(&self, py: Python<'_>, timeout_s: f64) -> PyResult<bool> {
        let within = wait("timeout_s", timeout_s)?;
        Ok(py.detach(|| self.engine.stop(within)))
    }

    /// Change the addresses at run time: those that stay keep their sockets. Raises `BindError`,
    /// and then nothing changed.
    fn rebind(&self, py: Python<'_>, addresses: Vec<String>) -> PyResult<()> {
        self.detached(py, |engine| engine.rebind(&addresses))
    }

    /// As `publish_zones`, for one.
    #[pyo3(signature = (zone, steered, serial = None))]
    fn publish_zone(
        &self,
        py: Python<'_>,
        zone: &Bound<'_, Zone>,
        steered: Vec<SteeredTuple>,
        serial: Option<u32>,
    ) -> PyResult<()> {
        self.publish_zones(py, vec![(zone.clone(), steered, serial)])
    }

    /// Serve each zone with the steered sets laid over it, replacing the version before, in one step
    /// for all that were not served. `serial` is answered until there is a copy.
    fn publish_zones(
        &self,
        py: Python<'_>,
        zones: Vec<(Bound<'_, Zone>, Vec<SteeredTuple>, Option<u32>)>,
    ) -> PyResult<()> {
        let publications = zones.into_iter().map(|(zone, steered, serial)| {
            Ok(Publication {
                zone: zone.get().version().clone(),
                steered: changes(steered)?,
                serial: serial.map(Serial::new),
            })
        });
        let publications: Vec<_> = publications.collect::<PyResult<_>>()?;
        self.detached(py, |engine| engine.zones().publish_zones(&publications))
    }

    fn withdraw_zone(&self, py: Python<'_>, origin: &str) -> PyResult<()> {
        let origin = values::name(origin)?;
        self.detached(py, |engine| engine.zones().withdraw(origin.as_name()))
    }

    /// Serve these zones no longer, in one step. Raises `ZoneNotFoundError`, and then nothing changed.
    fn withdraw_zones(&self, py: Python<'_>, origins: Vec<PyBackedStr>) -> PyResult<()> {
        let origins: PyResult<Vec<_>> = origins.iter().map(|it| values::name(it)).collect();
        let origins = origins?;
        self.detached(py, |engine| {
            let names = origins.iter().map(|origin| origin.as_name());
            engine.zones().withdraw_zones(names)
        })
    }

    /// Change some steered sets of a served zone in one step. Costs by the change, not by the zone.
    fn publish(&self, py: Python<'_>, origin: &str, steered: Vec<SteeredTuple>) -> PyResult<()> {
        let (origin, changes) = (values::name(origin)?, changes(steered)?);
        self.detached(py, |engine| {
            engine.zones().publish(origin.as_name(), &changes)
        })
    }

    /// Make the next copy of a zone, as plain data with a serial of its own, from `base` or from the
    /// copy that is served, with these views in place of what they hide. Nobody sees it before
    /// `commit`. `zonemd`: the hash of the message digest that it gets. Raises `ZoneNotFoundError`; `ValueError` without a base where there is no copy yet, for a
    /// serial that is not newer, and for views that are no records of the zone.
    #[pyo3(signature = (origin, serial, views, base = None, *, zonemd = None))]
    fn prepare(
        &self,
        py: Python<'_>,
        origin: &str,
        serial: u32,
        views: Vec<ViewTuple>,
        base: Option<&Bound<'_, Zone>>,
        zonemd: Option<&str>,
    ) -> PyResult<Prepared> {
        let origin = values::name(origin)?;
        let changes: PyResult<Vec<_>> = views.into_iter().map(view_change).collect();
        let (changes, serial) = (changes?, Serial::new(serial));
        let zonemd = zonemd.map(values::zonemd_hash).transpose()?;
        let stamp = Stamp { serial, zonemd };
        let base = base.map(|zone| zone.get().version().clone());
        self.detached(py, |engine| {
            let zones = engine.zones();
            zones.prepare(origin.as_name(), stamp, changes, base.as_ref())
        })
        .map(|prepared| Prepared { prepared })
    }

    /// Serve a prepared copy: it, its history and the serial that is answered change in one step.
    /// Raises `StaleVersionError` if another one was served since it was prepared.
    fn commit(&self, py: Python<'_>, prepared: &Bound<'_, Prepared>) -> PyResult<()> {
        let prepared = &prepared.get().prepared;
        self.detached(py, |engine| engine.zones().commit(prepared))
    }

    /// Put differences of an earlier run, oldest first, before those that are kept. Gives how many
    /// lead to the copy that is served; what is damaged, or leads elsewhere, is left out with all
    /// that is older.
    fn restore_history(
        &self,
        py: Python<'_>,
        origin: &str,
        differences: Vec<PyBackedBytes>,
    ) -> PyResult<usize> {
        let origin = values::name(origin)?;
        self.detached(py, |engine| {
            let read = differences
                .iter()
                .rev()
                .map_while(|octets| Difference::from_octets(octets).ok());
            let mut whole: Vec<_> = read.collect();
            whole.reverse();
            engine.zones().restore_history(origin.as_name(), whole)
        })
    }

    /// Who may transfer a zone: clients of these networks, those that sign with these keys, and
    /// those of a network that sign with the key beside it. Nobody else. Raises `ValueError`,
    /// `ZoneNotFoundError`.
    #[pyo3(
        signature = (origin, networks, keys, both = Vec::new()),
        text_signature = "($self, origin, networks, keys, both=())"
    )]
    fn set_access(
        &self,
        py: Python<'_>,
        origin: &str,
        networks: Vec<String>,
        keys: Vec<String>,
        both: Vec<(String, String)>,
    ) -> PyResult<()> {
        let origin = values::name(origin)?;
        let keys: PyResult<Vec<_>> = keys.iter().map(|key| values::name(key)).collect();
        let keys = keys?;
        let named = |(network, key): &(String, String)| Ok((network.clone(), values::name(key)?));
        let both: PyResult<Vec<_>> = both.iter().map(named).collect();
        let both = both?;
        self.detached(py, |engine| {
            let networks: Result<Vec<_>, _> = networks.iter().map(|text| text.parse()).collect();
            let pair =
                |(network, key): &(String, _)| network.parse().map(|network| (network, *key));
            let both: Result<Vec<_>, _> = both.iter().map(pair).collect();
            let access = Access::new(networks?, keys).and_both(both?);
            engine.zones().set_access(origin.as_name(), access)
        })
    }

    /// Have exactly these zones from other servers from now on: (origin, networks of its primaries,
    /// keys of its primaries). Raises `ValueError`, and then nothing changed.
    fn set_secondaries(
        &self,
        py: Python<'_>,
        zones: Vec<(String, Vec<String>, Vec<String>)>,
    ) -> PyResult<()> {
        let named = |(origin, networks, keys): (String, Vec<String>, Vec<String>)| {
            let keys: PyResult<Vec<_>> = keys.iter().map(|key| values::name(key)).collect();
            Ok((values::name(&origin)?, networks, keys?))
        };
        let zones: PyResult<Vec<_>> = zones.into_iter().map(named).collect();
        let zones = zones?;
        self.detached(py, |engine| {
            let parsed = zones.into_iter().map(|(origin, networks, keys)| {
                let networks: Result<Vec<_>, _> = networks.iter().map(|it| it.parse()).collect();
                Ok((origin, Access::new(networks?, keys)))
            });
            let zones: Result<Vec<_>, EngineError> = parsed.collect();
            engine.zones().set_secondaries(Secondaries::new(zones?));
            Ok(())
        })
    }

    /// When zones from other servers will have expired; None: they do not.
    fn set_expiry(&self, instants: Vec<(String, Option<f64>)>) -> PyResult<()> {
        let read = |(origin, instant): (String, Option<f64>)| {
            let instant = instant.map(values::instant_ns).transpose()?;
            Ok((values::name(&origin)?, instant))
        };
        let instants: PyResult<Vec<_>> = instants.into_iter().map(read).collect();
        self.engine.zones().set_expiry(&instants?);
        Ok(())
    }

    /// A descriptor that is readable while there are notices to take.
    fn notices_fd(&self) -> RawFd {
        self.engine.notices().as_raw_fd()
    }

    /// The zones that primaries have said to have changed since the last call.
    fn take_notices(&self) -> Vec<String> {
        let origins = self.engine.take_notices().into_iter();
        origins.map(|origin| origin.to_string()).collect()
    }

    /// A descriptor that is readable while there are visits to take.
    fn visits_fd(&self) -> RawFd {
        self.engine.visits().as_raw_fd()
    }

    /// (origin, address of the client) of each zone that was sent since the last call.
    fn take_visits(&self) -> Vec<(String, String)> {
        let visits = self.engine.take_visits().into_iter();
        visits
            .map(|(origin, client)| (origin.to_string(), client.to_string()))
            .collect()
    }

    /// (origin, client, key, error) of each client that was refused a zone since the last call.
    fn take_refusals(&self) -> Vec<(String, String, Option<String>, u16)> {
        let refusals = self.engine.take_refusals().into_iter();
        refusals
            .map(|it| {
                let key = it.key.map(|key| key.to_string());
                (it.origin.to_string(), it.client.to_string(), key, it.error)
            })
            .collect()
    }

    /// (origin, serial, publications so far) of every served zone.
    fn zones(&self) -> Vec<(String, u32, u64)> {
        let zones = self.engine.zones().list().into_iter();
        let tuple = |it: understudy_engine::Listed| {
            (
                it.zone.origin().to_string(),
                it.zone.serial().number(),
                it.publications,
            )
        };
        zones.map(tuple).collect()
    }

    /// The serial that a zone's SOA is answered with; None: it is not served.
    fn serial(&self, origin: &str) -> PyResult<Option<u32>> {
        let origin = values::name(origin)?;
        let serial = self.engine.zones().serial(origin.as_name());
        Ok(serial.map(Serial::number))
    }

    /// What the service would send for this message at `CLOCK_MONOTONIC` `now`, of a transfer the first
    /// message; None where it would stay silent. Not counted.
    #[pyo3(signature = (query, client = "127.0.0.1", *, transport = "udp", now = None))]
    fn answer<'py>(
        &self,
        py: Python<'py>,
        query: PyBackedBytes,
        client: &str,
        transport: &str,
        now: Option<f64>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let client = client
            .parse::<IpAddr>()
            .map_err(|_| value_error(format!("{client:?} is not an address")))?;
        let transport = match transport {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => return Err(value_error(format!("{transport:?} is not udp or tcp"))),
        };
        let now_ns = now.map_or_else(|| Ok(monotonic_ns()), values::instant_ns)?;
        let request = Request {
            message: &query,
            client,
            transport,
            now_ns,
            wall_s: wall_s(),
        };
        let mut reply = vec![0; MESSAGE_OCTETS];
        match self.engine.answer(&request, &mut reply) {
            Outcome::Silent(_) => Ok(None),
            Outcome::Answered(summary) => Ok(reply
                .get(..summary.length)
                .map(|octets| PyBytes::new(py, octets))),
        }
    }

    /// Make cookies with the first of these from now on, and take those made with any of them. No
    /// effect where cookies are switched off.
    fn set_cookie_secrets(&self, cookie_secrets: Vec<PyBackedBytes>) -> PyResult<()> {
        let secrets = secrets(&cookie_secrets)?
            .ok_or_else(|| value_error("at least one secret is needed to make cookies"))?;
        if let Some(jar) = &self.jar {
            jar.replace(secrets);
        }
        Ok(())
    }

    /// Know exactly these keys from now on: signed queries are verified, and their answers signed.
    fn set_keys(&self, keys: Vec<KeyTuple>) -> PyResult<()> {
        let keys = keys
            .into_iter()
            .map(tsig::key)
            .collect::<PyResult<Vec<_>>>()?;
        self.keys.replace(keys);
        Ok(())
    }

    /// How often each steered set answered, by owner and type; all that there have been.
    fn record_counters(&self, py: Python<'_>) -> BTreeMap<(String, u16), u64> {
        py.detach(|| self.engine.record_counters())
    }

    /// Sums over all threads, by name.
    fn counters(&self) -> BTreeMap<String, u64> {
        self.engine.counters()
    }
}

/// UDP threads that anybody could want: more than any machine has cores for.
const MAX_THREADS: usize = 1024;

fn changes(steered: Vec<SteeredTuple>) -> PyResult<Vec<SteeredChange>> {
    steered.into_iter().map(steered_change).collect()
}

/// A size over UDP that every client takes.
fn size(name: &str, octets: u16) -> PyResult<u16> {
    if octets < Server::LEAST_UDP_SIZE {
        return Err(value_error(format!("{name} must be at least 512")));
    }
    Ok(octets)
}

/// The secrets that cookies are made with; None for none.
fn secrets(octets: &[PyBackedBytes]) -> PyResult<Option<CookieSecrets>> {
    let secret = |octets: &PyBackedBytes| {
        let octets: [u8; 16] = octets
            .as_ref()
            .try_into()
            .map_err(|_| value_error("a cookie secret has 16 octets"))?;
        Ok::<_, PyErr>(CookieSecret::new(octets))
    };
    match octets {
        [] => Ok(None),
        [current] => Ok(Some(CookieSecrets {
            current: secret(current)?,
            other: None,
        })),
        [current, other] => Ok(Some(CookieSecrets {
            current: secret(current)?,
            other: Some(secret(other)?),
        })),
        _ => Err(value_error("there are at most two cookie secrets")),
    }
}

/// A wait in seconds; a year stands for all that is longer.
fn wait(name: &str, seconds: f64) -> PyResult<Duration> {
    // min() would take NaN for the other value.
    let seconds = if seconds > MAX_WAIT {
        MAX_WAIT
    } else {
        seconds
    };
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| value_error(format!("{name} must be a number of seconds, 0 or more")))
}
