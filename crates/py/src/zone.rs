//! One immutable version of a zone, for Python.
#![expect(
    clippy::needless_pass_by_value,
    reason = "arguments from Python arrive as owned values"
)]

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use understudy_wire::Rtype;
use understudy_zone::{Difference, Loaded, RRset, Set};

use crate::errors::{load_error, os_error};
use crate::values::{self, ProblemTuple, RRsetTuple, problem_tuple, rrset_tuple};

/// One immutable version of a zone.
#[pyclass(module = "understudy.engine._native", frozen)]
pub(crate) struct Zone {
    loaded: Loaded,
}

impl Zone {
    pub(crate) fn new(loaded: Loaded) -> Self {
        Self { loaded }
    }

    pub(crate) fn version(&self) -> &understudy_zone::Zone {
        &self.loaded.zone
    }
}

#[pymethods]
impl Zone {
    #[getter]
    fn origin(&self) -> String {
        self.version().origin().to_string()
    }

    #[getter]
    fn serial(&self) -> u32 {
        self.version().serial().number()
    }

    #[getter]
    fn record_count(&self) -> usize {
        self.version().record_count()
    }

    #[getter]
    fn name_count(&self) -> usize {
        self.version().name_count()
    }

    /// Every file read ($INCLUDE as well), for watching.
    #[getter]
    fn files(&self) -> Vec<String> {
        self.loaded.files.clone()
    }

    #[getter]
    fn warnings(&self) -> Vec<ProblemTuple> {
        self.loaded.warnings.iter().map(problem_tuple).collect()
    }

    /// For how many seconds it is good, as the server said that it came from.
    #[getter]
    fn expire_s(&self) -> Option<u32> {
        self.loaded.expire_s
    }

    /// Read a master file. Lets the interpreter go on meanwhile. `progress(octets read, octets in
    /// all)` is called a few times a second at most. Raises `ZoneFileError`, `OSError`.
    #[staticmethod]
    #[pyo3(signature = (origin, path, progress = None))]
    fn load(
        py: Python<'_>,
        origin: &str,
        path: PathBuf,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let origin = values::name(origin)?;
        let (loaded, raised) = py.detach(|| {
            let mut raised = None;
            // What a callback raises ends the reports, and is raised when the file has been read.
            let mut report = |done: u64, all: u64| {
                if let (Some(progress), None) = (&progress, &raised) {
                    let called = Python::attach(|py| progress.call1(py, (done, all)).map(drop));
                    raised = called.err();
                }
            };
            let loaded = understudy_zone::Zone::load(&path, origin.as_name(), &mut report);
            (loaded, raised)
        });
        if let Some(raised) = raised {
            return Err(raised);
        }
        loaded
            .map(|loaded| Zone { loaded })
            .map_err(|error| load_error(py, &error, &path))
    }

    /// Read what `write_sealed` wrote. Lets the interpreter go on meanwhile. Raises
    /// `ZoneFileError` (it is not what was written, too), `OSError`.
    #[staticmethod]
    fn load_sealed(py: Python<'_>, origin: &str, path: PathBuf) -> PyResult<Self> {
        let origin = values::name(origin)?;
        py.detach(|| understudy_zone::Zone::load_sealed(&path, origin.as_name()))
            .map(|loaded| Zone { loaded })
            .map_err(|error| load_error(py, &error, &path))
    }

    #[staticmethod]
    #[pyo3(signature = (origin, text, file = "<text>"))]
    fn parse(py: Python<'_>, origin: &str, text: PyBackedBytes, file: &str) -> PyResult<Self> {
        let origin = values::name(origin)?;
        py.detach(|| understudy_zone::Zone::parse(&text, file, origin.as_name()))
            .map(|loaded| Zone { loaded })
            .map_err(|error| load_error(py, &error, Path::new(file)))
    }

    fn rrset<'py>(
        &self,
        py: Python<'py>,
        owner: &str,
        rtype: u16,
    ) -> PyResult<Option<RRsetTuple<'py>>> {
        let owner = values::name(owner)?.as_name().to_lower();
        let node = self.version().node(owner.as_name());
        let rrset = node.and_then(|node| node.rrset(Rtype::new(rtype)));
        Ok(rrset.map(|rrset| rrset_tuple(py, &owner, &rrset)))
    }

    fn types_at(&self, owner: &str) -> PyResult<Vec<u16>> {
        let owner = values::name(owner)?;
        let Some(node) = self.version().node(owner.as_name()) else {
            return Ok(Vec::new());
        };
        let numbers = node.sets().filter_map(|set| match set {
            Set::Static(RRset { rtype, .. }) => Some(rtype.number()),
            Set::Steered(_) => None,
        });
        Ok(numbers.collect())
    }

    /// Everything, SOA first, then canonical order.
    fn rrsets<'py>(&self, py: Python<'py>) -> Vec<RRsetTuple<'py>> {
        let zone = self.version();
        let mut all = Vec::with_capacity(zone.name_count());
        all.push(rrset_tuple(py, &zone.origin().to_buf(), &zone.soa()));
        for (owner, node) in zone.nodes() {
            let others = node.rrsets().filter(|rrset| rrset.rtype != Rtype::SOA);
            all.extend(others.map(|rrset| rrset_tuple(py, &owner, &rrset)));
        }
        all
    }

    /// The zone cut at or above `owner`, or None.
    fn delegation_above(&self, owner: &str) -> PyResult<Option<String>> {
        let owner = values::name(owner)?;
        Ok(self
            .version()
            .delegation_above(owner.as_name())
            .map(|cut| cut.to_string()))
    }

    /// (file, line) of the first such record, by reading the file again; None: none there, or
    /// unreadable.
    #[staticmethod]
    fn locate(
        py: Python<'_>,
        origin: &str,
        path: PathBuf,
        owner: &str,
        rtype: u16,
    ) -> PyResult<Option<(String, u32)>> {
        let (origin, owner) = (values::name(origin)?, values::name(owner)?);
        let (origin, owner, rtype) = (origin.as_name(), owner.as_name(), Rtype::new(rtype));
        Ok(py.detach(|| understudy_zone::Zone::locate(&path, origin, owner, rtype)))
    }

    /// The message digest of RFC 8976, made with this hash. Costs by the zone.
    fn zonemd<'py>(&self, py: Python<'py>, algorithm: &str) -> PyResult<Bound<'py, PyBytes>> {
        let hash = values::zonemd_hash(algorithm)?;
        let digest = py.detach(|| self.version().zonemd(hash));
        Ok(PyBytes::new(py, &digest))
    }

    /// What the message digests that the zone has say about it. Costs by the zone.
    fn verify_zonemd(&self, py: Python<'_>) -> &'static str {
        values::zonemd_verdict(py.detach(|| self.version().verify_zonemd()))
    }

    /// The version that these differences lead to; None: they are damaged, or do not fit.
    fn after(&self, py: Python<'_>, differences: Vec<PyBackedBytes>) -> Option<Self> {
        py.detach(|| {
            let read = differences
                .iter()
                .map(|octets| Difference::from_octets(octets).ok());
            let whole: Option<Vec<_>> = read.collect();
            self.version().after(&whole?)
        })
        .map(Self::new)
    }

    fn to_master_file(&self, py: Python<'_>) -> String {
        py.detach(|| self.version().to_master_file())
    }

    fn write_sealed(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.version().write_sealed(&path))
            .map_err(|error| os_error(&error, Some(&path)))
    }
}
