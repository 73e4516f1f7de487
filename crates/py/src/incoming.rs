//! A zone that comes in from another server, for Python.
#![expect(
    clippy::needless_pass_by_value,
    reason = "arguments from Python arrive as owned values"
)]

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use understudy_zone::{Progress, Received};

use crate::errors::{incoming_error, value_error};
use crate::values;
use crate::zone::Zone;

/// A transfer that is coming in; nothing once it has been finished.
#[pyclass(module = "understudy.engine._native", frozen)]
pub(crate) struct Incoming {
    transfer: Mutex<Option<understudy_zone::Incoming>>,
}

#[pymethods]
impl Incoming {
    #[new]
    #[pyo3(signature = (origin, message_id, *, held = None, is_incremental = false, limit_octets))]
    fn new(
        origin: &str,
        message_id: u16,
        held: Option<&Bound<'_, Zone>>,
        is_incremental: bool,
        limit_octets: usize,
    ) -> PyResult<Self> {
        let origin = values::name(origin)?;
        let held = held.map(|zone| zone.get().version().clone());
        if held
            .as_ref()
            .is_some_and(|held| held.origin() != origin.as_name())
        {
            return Err(value_error("what is held is another zone"));
        }
        let transfer = if is_incremental {
            let held = held.ok_or_else(|| value_error("an IXFR needs what is held"))?;
            understudy_zone::Incoming::differences(held, message_id, limit_octets)
        } else {
            understudy_zone::Incoming::whole(origin.as_name(), message_id, held, limit_octets)
        };
        Ok(Self {
            transfer: Mutex::new(Some(transfer)),
        })
    }

    /// Take the next message. True: it was the last.
    fn feed(&self, py: Python<'_>, message: PyBackedBytes) -> PyResult<bool> {
        let progress = py.detach(|| {
            let mut transfer = self.transfer.lock().unwrap_or_else(PoisonError::into_inner);
            transfer.as_mut().map(|transfer| transfer.feed(&message))
        });
        progress
            .ok_or_else(finished)?
            .map(|progress| progress == Progress::Done)
            .map_err(|error| incoming_error(py, &error))
    }

    /// Whether an IXFR has brought nothing yet but the SOA of a newer version.
    fn has_only_soa(&self) -> bool {
        let transfer = self.transfer.lock().unwrap_or_else(PoisonError::into_inner);
        transfer
            .as_ref()
            .is_some_and(understudy_zone::Incoming::has_only_soa)
    }

    /// Let go of what has come. Nothing once it has been finished.
    fn give_up(&self) {
        let mut transfer = self.transfer.lock().unwrap_or_else(PoisonError::into_inner);
        *transfer = None;
    }

    /// The newer version; None: what is held is current.
    fn finish(&self, py: Python<'_>) -> PyResult<Option<Zone>> {
        let received = py.detach(|| {
            // Nobody waits for the lock while the zone is made.
            let mut transfer = self.transfer.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = transfer.take();
            drop(transfer);
            taken.map(understudy_zone::Incoming::finish)
        });
        let received = received.ok_or_else(finished)?;
        match received.map_err(|error| incoming_error(py, &error))? {
            Received::Current => Ok(None),
            Received::Newer(loaded) => Ok(Some(Zone::new(loaded))),
        }
    }
}

fn finished() -> PyErr {
    value_error("the transfer has been finished")
}
