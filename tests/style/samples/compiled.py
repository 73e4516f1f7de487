"""Every spelling of an import of the compiled module."""

import importlib

import understudy.engine._native  # <- rejected
from understudy.engine import Engine
from understudy.engine import _native  # <- rejected
from understudy.engine._native import Zone  # <- rejected

native = importlib.import_module("understudy.engine._native")  # <- rejected
used = (Engine, _native, Zone, understudy)
