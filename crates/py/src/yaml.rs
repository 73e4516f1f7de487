//! The events of a configuration file that is written plainly, for Python, which makes values of them.

use std::sync::{Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;
use understudy_yaml::{Doubtful, Kind};

use crate::errors::value_error;

/// An event's kind, the line and the column where it begins, and a word's text.
type EventTuple<'py> = (&'py Bound<'py, PyString>, usize, usize, String);

/// The events, one after the other.
#[pyclass(module = "understudy.engine._native", frozen)]
pub(crate) struct PlainYaml {
    events: Mutex<understudy_yaml::PlainYaml>,
}

#[pymethods]
impl PlainYaml {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        let events = understudy_yaml::PlainYaml::new(text).map_err(doubtful)?;
        Ok(Self {
            events: Mutex::new(events),
        })
    }

    fn next_event<'py>(&self, py: Python<'py>) -> PyResult<Option<EventTuple<'py>>> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let event = events.next_event().map_err(doubtful)?;
        Ok(event.map(|event| (word(py, event.kind), event.line, event.column, event.text)))
    }
}

fn word(py: Python<'_>, kind: Kind) -> &Bound<'_, PyString> {
    match kind {
        Kind::Document => intern!(py, "document"),
        Kind::Mapping => intern!(py, "mapping"),
        Kind::Sequence => intern!(py, "sequence"),
        Kind::End => intern!(py, "end"),
        Kind::Plain => intern!(py, "plain"),
        Kind::Quoted => intern!(py, "quoted"),
    }
}

fn doubtful(_: Doubtful) -> PyErr {
    value_error("this is not written plainly")
}
