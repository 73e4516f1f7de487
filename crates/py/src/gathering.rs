//! Many zones of one primary that are asked about at once, for Python.
#![expect(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "arguments from Python arrive as owned values, and by keyword"
)]

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyString;
use understudy_engine::{Found, Source, Terms, Wish};

use crate::errors::value_error;
use crate::tsig::TsigKey;
use crate::values;
use crate::zone::Zone;

/// The shortest wait, in seconds: none would be no time-out for a socket.
const MIN_WAIT: f64 = 1e-3;

/// The longest one.
const MAX_WAIT: f64 = 3600.0;

/// The octets of the answers that say a serial: they are messages, and no larger.
const NO_ZONE: usize = 1 << 16;

/// Zones that are being fetched.
#[pyclass(module = "understudy.engine._native", frozen)]
pub(crate) struct Gathering {
    gathering: understudy_engine::Gathering,
}

/// A zone that is wanted.
#[derive(FromPyObject)]
pub(crate) enum Wanted<'py> {
    /// All of it.
    Whole(String),
    /// What is newer than this version.
    Newer(Bound<'py, Zone>),
}

#[pymethods]
impl Gathering {
    #[new]
    #[pyo3(signature = (address, wanted, *, first_id, limit_octets, key = None, via = None, patience_s = 5.0))]
    fn new(
        address: &str,
        wanted: Vec<Wanted<'_>>,
        first_id: u16,
        limit_octets: usize,
        key: Option<&Bound<'_, TsigKey>>,
        via: Option<&str>,
        patience_s: f64,
    ) -> PyResult<Self> {
        let wishes: PyResult<Vec<_>> = wanted.into_iter().map(wish).collect();
        let terms = Terms {
            first_id,
            limit: limit_octets,
            patience: wait(patience_s)?,
        };
        let source = source(address, key, via)?;
        let gathering = understudy_engine::Gathering::start(source, wishes?, terms)?;
        Ok(Gathering { gathering })
    }

    /// What has come since the last call, by the places of what was wanted: zones, or rcodes by name.
    #[expect(clippy::type_complexity, reason = "it is what Python gets")]
    fn take<'py>(
        &self,
        py: Python<'py>,
        within_s: f64,
    ) -> PyResult<Option<Vec<(usize, Bound<'py, PyAny>)>>> {
        let within = wait(within_s)?;
        let taken = py.detach(|| self.gathering.take(within));
        let shown = taken.map(|taken| {
            let one = |(place, found)| {
                version(py, found)
                    .transpose()
                    .map(|it| it.map(|it| (place, it)))
            };
            taken.into_iter().filter_map(one).collect()
        });
        shown.transpose()
    }
}

/// None: it is no version.
fn version(py: Python<'_>, found: Found) -> PyResult<Option<Bound<'_, PyAny>>> {
    Ok(match found {
        Found::Version(loaded) => Some(Bound::new(py, Zone::new(loaded))?.into_any()),
        Found::Refused(rcode) => Some(PyString::new(py, &rcode.to_string()).into_any()),
        Found::Serial { .. } => None,
    })
}

/// Serials that a primary is being asked for.
#[pyclass(module = "understudy.engine._native", frozen)]
pub(crate) struct SerialSurvey {
    gathering: understudy_engine::Gathering,
}

/// What a primary says of a zone.
#[derive(IntoPyObject)]
pub(crate) enum Told {
    /// The serial, and for how many seconds it is good.
    Serial((u32, Option<u32>)),
    /// The rcode of an answer that says no.
    Refused(String),
}

#[pymethods]
impl SerialSurvey {
    #[new]
    #[pyo3(signature = (address, origins, *, first_id, key = None, via = None, patience_s = 5.0))]
    fn new(
        address: &str,
        origins: Vec<String>,
        first_id: u16,
        key: Option<&Bound<'_, TsigKey>>,
        via: Option<&str>,
        patience_s: f64,
    ) -> PyResult<Self> {
        let wish = |origin: &String| values::name(origin).map(Wish::Serial);
        let wishes: PyResult<Vec<_>> = origins.iter().map(wish).collect();
        let terms = Terms {
            first_id,
            limit: NO_ZONE,
            patience: wait(patience_s)?,
        };
        let source = source(address, key, via)?;
        let gathering = understudy_engine::Gathering::start(source, wishes?, terms)?;
        Ok(SerialSurvey { gathering })
    }

    /// What was said since the last call, by the places of the origins.
    fn take(&self, py: Python<'_>, within_s: f64) -> PyResult<Option<Vec<(usize, Told)>>> {
        let within = wait(within_s)?;
        let taken = py.detach(|| self.gathering.take(within));
        let one = |(place, found)| told(found).map(|told| (place, told));
        Ok(taken.map(|taken| taken.into_iter().filter_map(one).collect()))
    }
}

/// None: it is no serial.
fn told(found: Found) -> Option<Told> {
    match found {
        Found::Serial { serial, expire_s } => Some(Told::Serial((serial.number(), expire_s))),
        Found::Refused(rcode) => Some(Told::Refused(rcode.to_string())),
        Found::Version(_) => None,
    }
}

fn wish(wanted: Wanted<'_>) -> PyResult<Wish> {
    Ok(match wanted {
        Wanted::Whole(origin) => Wish::Whole(values::name(&origin)?),
        Wanted::Newer(held) => Wish::Newer(held.get().version().clone()),
    })
}

fn source(address: &str, key: Option<&Bound<'_, TsigKey>>, via: Option<&str>) -> PyResult<Source> {
    let address = address
        .parse()
        .map_err(|_| value_error(format!("{address:?} is not an address with a port")))?;
    let via = via.map(|via| {
        via.parse()
            .map_err(|_| value_error(format!("{via:?} is not an address")))
    });
    Ok(Source {
        address,
        via: via.transpose()?,
        key: key.map(|key| Arc::clone(key.get().inner())),
    })
}

fn wait(seconds: f64) -> PyResult<Duration> {
    if !(MIN_WAIT..=MAX_WAIT).contains(&seconds) {
        return Err(value_error(format!("{seconds} s is no time to wait")));
    }
    Ok(Duration::from_secs_f64(seconds))
}
