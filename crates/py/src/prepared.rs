//! The next version of a zone's copy, for Python.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use understudy_zone::Loaded;

use crate::zone::Zone;

/// The next version of a zone's copy, which nobody has seen yet.
#[pyclass(module = "understudy.engine._native", frozen)]
pub(crate) struct Prepared {
    pub(crate) prepared: understudy_engine::Prepared,
}

#[pymethods]
impl Prepared {
    #[getter]
    fn serial(&self) -> u32 {
        self.prepared.serial().number()
    }

    /// All that it has.
    #[getter]
    fn zone(&self) -> Zone {
        Zone::new(Loaded {
            zone: self.prepared.zone().clone(),
            files: Vec::new(),
            warnings: Vec::new(),
            expire_s: None,
        })
    }

    /// What is different from the copy before, to be kept: it is checked when it is read back.
    #[getter]
    fn difference<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let difference = self.prepared.difference()?;
        Some(PyBytes::new(py, &difference.octets()))
    }

    /// Sixteen octets: the same for the same records, whatever their serial.
    #[getter]
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.prepared.digest().octets())
    }

    /// Nothing but the serial would differ from the copy before.
    #[getter]
    fn is_same(&self) -> bool {
        self.prepared.is_same()
    }
}
