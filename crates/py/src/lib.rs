//! The compiled engine as Python sees it: `understudy.engine._native`, described in `_native.pyi`.
//!
//! ```text
//! zone      Zone: load, look into
//! incoming  Incoming: a zone from another server, message by message
//! gathering Gathering, SerialSurvey: many zones of another server at once
//! engine    Engine: serve, publish, count
//! prepared  Prepared: the next version of what is transferred of a zone
//! tsig      TsigKey, TsigVerifier: sign a request, verify the answer
//! yaml      PlainYaml: the events of a configuration file that is written plainly
//!   values    tuples of the boundary <-> values of the crates
//!   errors    every error of the crates -> one exception, in one place
//! ```
//!
//! Whatever may wait lets the interpreter go on meanwhile. The threads of the service never touch
//! the interpreter.

mod engine;
mod errors;
mod gathering;
mod incoming;
mod prepared;
mod tsig;
mod values;
mod yaml;
mod zone;

use pyo3::prelude::*;

/// The compiled engine; use it through `understudy.engine`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::errors::{
        BindError, IncomingError, StaleVersionError, TsigError, ZoneFileError, ZoneNotFoundError,
    };
    #[pymodule_export]
    use crate::gathering::{Gathering, SerialSurvey};
    #[pymodule_export]
    use crate::incoming::Incoming;
    #[pymodule_export]
    use crate::prepared::Prepared;
    #[pymodule_export]
    use crate::tsig::{TsigKey, TsigVerifier};
    #[pymodule_export]
    use crate::yaml::PlainYaml;
    #[pymodule_export]
    use crate::zone::Zone;
}
