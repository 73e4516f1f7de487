//! Many zones that come in from one primary at once, for Python.
#![expect(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "arguments from Python arrive as owned values, and by keyword"
)]

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use understudy_engine::{Source, Terms};

use crate::errors::value_error;
use crate::tsig::TsigKey;
use crate::values;
use crate::zone::Zone;

/// The shortest wait, in seconds: none would be no time-out for a socket.
const MIN_WAIT: f64 = 1e-3;

/// The longest one.
const MAX_WAIT: f64 = 3600.0;

/// Zones that are being fetched.
#[pyclass(module = "understudy.engine._native", frozen)]
pub(crate) struct Gathering {
    gathering: understudy_engine::Gathering,
}

#[pymethods]
impl Gathering {
    #[new]
    #[pyo3(signature = (address, origins, *, first_id, limit_octets, key = None, patience_s = 5.0))]
    fn new(
        address: &str,
        origins: Vec<String>,
        first_id: u16,
        limit_octets: usize,
        key: Option<&Bound<'_, TsigKey>>,
        patience_s: f64,
    ) -> PyResult<Self> {
        let address = address
            .parse()
            .map_err(|_| value_error(format!("{address:?} is not an address with a port")))?;
        let origins: PyResult<Vec<_>> = origins.iter().map(|origin| values::name(origin)).collect();
        let source = Source {
            address,
            key: key.map(|key| Arc::clone(key.get().inner())),
        };
        let terms = Terms {
            first_id,
            limit: limit_octets,
            patience: wait(patience_s)?,
        };
        let gathering = understudy_engine::Gathering::start(source, origins?, terms)?;
        Ok(Gathering { gathering })
    }

    /// Zones that have come since the last call, by their places among the origins.
    fn take(&self, py: Python<'_>, within_s: f64) -> PyResult<Option<Vec<(usize, Zone)>>> {
        let within = wait(within_s)?;
        let taken = py.detach(|| self.gathering.take(within));
        Ok(taken.map(|taken| {
            taken
                .into_iter()
                .map(|(place, loaded)| (place, Zone::new(loaded)))
                .collect()
        }))
    }
}

fn wait(seconds: f64) -> PyResult<Duration> {
    if !(MIN_WAIT..=MAX_WAIT).contains(&seconds) {
        return Err(value_error(format!("{seconds} s is no time to wait")));
    }
    Ok(Duration::from_secs_f64(seconds))
}
