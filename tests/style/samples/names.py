"""Names that say nothing, or another system's word; the unmarked ones are fine."""

import legacy


class ProbeManager:  # <- rejected
    pass


class BaseCheck:  # <- rejected
    pass


class ZoneInfo:  # <- rejected
    pass


class Database:
    def to_master_file(self):
        return legacy.master

    def slave_of(self, primary):  # <- rejected
        self.primary = primary
        self.health_check = None  # <- rejected


def probe(endpoint, backend):  # <- rejected
    probe_result = endpoint  # <- rejected
    observation = backend
    return probe_result, observation


def test_probe():  # <- rejected
    pass


def test_probe_fails():  # <- rejected
    pass


def test_a_probe_that_fails_is_an_observation():
    pass
