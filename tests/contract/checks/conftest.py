from __future__ import annotations

import pytest

from understudy.testing.check_contract import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.issue(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def never_too_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer is judged however late this host notices a deadline: whose fault that is, test_lag asks."""
    monkeypatch.setattr("understudy.checks.probe.LAG_S", 60.0)
