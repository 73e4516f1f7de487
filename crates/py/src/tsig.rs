//! Keys, and what is signed and verified with them, for Python.
#![expect(
    clippy::needless_pass_by_value,
    reason = "arguments from Python arrive as owned values"
)]

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use understudy_wire::{TsigAlgorithm, Verifier, sign_request};

use crate::errors::{tsig_error, value_error};
use crate::values;

/// (name, algorithm, secret).
pub(crate) type KeyTuple = (String, String, PyBackedBytes);

/// The key that a tuple means.
pub(crate) fn key((name, algorithm, secret): KeyTuple) -> PyResult<understudy_wire::TsigKey> {
    let name = values::name(&name)?;
    let known = TsigAlgorithm::from_name(values::name(&algorithm)?.as_name());
    let algorithm =
        known.ok_or_else(|| value_error(format!("{algorithm:?} is no algorithm known here")))?;
    understudy_wire::TsigKey::new(name.as_name(), algorithm, &secret)
        .map_err(|error| value_error(error.to_string()))
}

/// A key that two sides have.
#[pyclass(module = "understudy.engine._native", frozen)]
pub(crate) struct TsigKey(Arc<understudy_wire::TsigKey>);

impl TsigKey {
    pub(crate) fn inner(&self) -> &Arc<understudy_wire::TsigKey> {
        &self.0
    }
}

#[pymethods]
impl TsigKey {
    #[new]
    fn new(name: String, algorithm: String, secret: PyBackedBytes) -> PyResult<Self> {
        key((name, algorithm, secret)).map(|key| TsigKey(Arc::new(key)))
    }

    #[getter]
    fn name(&self) -> String {
        self.0.name().to_string()
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }

    /// The request with its signature, made at this civil time, and what verifies the answer to it.
    fn sign<'py>(
        &self,
        py: Python<'py>,
        request: PyBackedBytes,
        now_s: u64,
    ) -> PyResult<(Bound<'py, PyBytes>, TsigVerifier)> {
        let (message, verifier) = sign_request(&self.0, &request, now_s)
            .ok_or_else(|| value_error("that is no message, or no signature fits into it"))?;
        Ok((PyBytes::new(py, &message), TsigVerifier(verifier)))
    }
}

/// Verifies the messages of an answer, one after the other.
#[pyclass(module = "understudy.engine._native")]
pub(crate) struct TsigVerifier(Verifier);

#[pymethods]
impl TsigVerifier {
    /// Take the next message of the answer. Raises `TsigError`.
    fn take(&mut self, py: Python<'_>, message: PyBackedBytes, now_s: u64) -> PyResult<()> {
        self.0
            .take(&message, now_s)
            .map_err(|fault| tsig_error(py, fault))
    }

    /// There is nothing more to come. Raises `TsigError`.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.0.finish().map_err(|fault| tsig_error(py, fault))
    }
}
