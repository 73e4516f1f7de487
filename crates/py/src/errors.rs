//! Every error of the crates as an exception. Nothing else in this crate chooses one.

use std::io;
use std::path::Path;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use understudy_answer::TextTooLong;
use understudy_engine::EngineError;
use understudy_wire::{NameTextError, TsigFault};
use understudy_zone::{LoadError, Problem, Severity};

use crate::values::problem_tuple;

create_exception!(
    understudy.engine._native,
    ZoneFileError,
    PyException,
    "A master file that cannot be used; `problems` has every fault found, in file order, \
     and `warnings` what is odd but harmless."
);
create_exception!(
    understudy.engine._native,
    BindError,
    PyException,
    "An address that cannot be listened on: `address`, `errno`, and what the system said."
);
create_exception!(
    understudy.engine._native,
    ZoneNotFoundError,
    PyException,
    "No such zone is being served."
);
create_exception!(
    understudy.engine._native,
    StaleVersionError,
    PyException,
    "`commit`: another copy of the zone has been served since this one was prepared."
);
create_exception!(
    understudy.engine._native,
    IncomingError,
    PyException,
    "A transfer that gave no zone; `code` is stable and dotted."
);

create_exception!(
    understudy.engine._native,
    TsigError,
    PyException,
    "An answer whose signature does not prove it: `reason` says what is wrong, \
     and `told` is the number of the error that the server found in the request, if it says so."
);

/// The exception for an error of the engine.
pub(crate) fn engine_error(py: Python<'_>, error: &EngineError) -> PyErr {
    let text = error.to_string();
    match error {
        EngineError::NotAnAddress(_)
        | EngineError::NotANetwork(_)
        | EngineError::Change(_)
        | EngineError::NoCopy(_)
        | EngineError::OtherZone(_)
        | EngineError::SerialNotNewer { .. } => PyValueError::new_err(text),
        EngineError::Stale(_) => StaleVersionError::new_err(text),
        EngineError::ZoneNotFound(_) => ZoneNotFoundError::new_err(text),
        EngineError::Stopped => PyRuntimeError::new_err(text),
        EngineError::System(source) => os_error(source, None),
        EngineError::Bind { address, source } => {
            let errno = source.raw_os_error().unwrap_or(0);
            with(py, BindError::new_err(text), |it| {
                it.setattr("address", address)?;
                it.setattr("errno", errno)
            })
        }
    }
}

/// What the system says who has no memory; the same number everywhere.
const ENOMEM: i32 = 12;

/// The exception for a master file that gave no zone.
pub(crate) fn load_error(py: Python<'_>, error: &LoadError, path: &Path) -> PyErr {
    let problems = match error {
        LoadError::Unreadable(error) => return os_error(error, Some(path)),
        LoadError::TooLarge(shortage) => {
            let path = path.as_os_str().to_owned();
            return PyOSError::new_err((ENOMEM, shortage.to_string(), path));
        }
        LoadError::Problems(problems) => problems,
    };
    let text = match problems.as_slice() {
        [first, _, ..] => format!("{first} (and {} more)", problems.len() - 1),
        [only] => only.to_string(),
        [] => error.to_string(),
    };
    with(py, ZoneFileError::new_err(text), |it| {
        let (errors, warnings): (Vec<_>, Vec<_>) = problems
            .iter()
            .partition(|problem| problem.severity == Severity::Error);
        let tuples = |of: Vec<&Problem>| of.into_iter().map(problem_tuple).collect::<Vec<_>>();
        it.setattr("problems", tuples(errors))?;
        it.setattr("warnings", tuples(warnings))
    })
}

/// The exception for a transfer that gave no zone.
pub(crate) fn incoming_error(py: Python<'_>, error: &understudy_zone::IncomingError) -> PyErr {
    with(py, IncomingError::new_err(error.to_string()), |it| {
        it.setattr("code", error.code())
    })
}

/// The exception with attributes; or the one that setting them raised.
fn with(
    py: Python<'_>,
    error: PyErr,
    set: impl FnOnce(&Bound<'_, PyException>) -> PyResult<()>,
) -> PyErr {
    match error
        .value(py)
        .cast::<PyException>()
        .map_err(PyErr::from)
        .and_then(set)
    {
        Ok(()) => error,
        Err(other) => other,
    }
}

/// The `OSError` (of the subclass that its number means) for a fault of the system.
pub(crate) fn os_error(error: &io::Error, path: Option<&Path>) -> PyErr {
    let Some(errno) = error.raw_os_error() else {
        return PyOSError::new_err(error.to_string());
    };
    // The number stands beside the text already.
    let mut said = error.to_string();
    if let Some(end) = said.rfind(" (os error") {
        said.truncate(end);
    }
    match path {
        Some(path) => PyOSError::new_err((errno, said, path.as_os_str().to_owned())),
        None => PyOSError::new_err((errno, said)),
    }
}

/// The exception for text that is not a domain name.
pub(crate) fn name_error(text: &str, error: NameTextError) -> PyErr {
    PyValueError::new_err(format!("{text:?} is not a domain name: {error}"))
}

/// The exception for a server's name for itself that is too long.
pub(crate) fn text_error(error: TextTooLong) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The exception for an answer that is not to be trusted.
pub(crate) fn tsig_error(py: Python<'_>, fault: TsigFault) -> PyErr {
    let (reason, told) = match fault {
        TsigFault::Malformed => ("malformed", None),
        TsigFault::Unsigned => ("unsigned", None),
        TsigFault::AnotherKey => ("another_key", None),
        TsigFault::BadSig => ("badsig", None),
        TsigFault::BadTime => ("badtime", None),
        TsigFault::BadTrunc => ("badtrunc", None),
        TsigFault::Told(error) => ("told", Some(error.number())),
    };
    with(py, TsigError::new_err(fault.to_string()), |it| {
        it.setattr("reason", reason)?;
        it.setattr("told", told)
    })
}

/// The exception for an argument that a sentence says best.
pub(crate) fn value_error(text: impl Into<String>) -> PyErr {
    PyValueError::new_err(text.into())
}
