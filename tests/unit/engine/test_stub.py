"""`_native.pyi` is the contract: every name and signature in it is in the compiled module, and nothing else is."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import GetSetDescriptorType
from typing import Any

import pytest

from understudy import engine
from understudy.engine import _native

STUB = ast.parse((Path(engine.__file__).parent / "_native.pyi").read_text(encoding="utf-8"))
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = [
    (name, function)
    for name, node in CLASSES.items()
    for function in node.body
    if isinstance(function, ast.FunctionDef)
]


def decorators(function: ast.FunctionDef) -> set[str]:
    return {node.id for node in function.decorator_list if isinstance(node, ast.Name)}


def stub_parameters(function: ast.FunctionDef) -> list[tuple[str, str, Any]]:
    """(name, kind, default) of each parameter but self."""
    found = function.args
    missing: list[ast.expr | None] = [None] * (len(found.args) - len(found.defaults))
    positional = zip(found.args, [*missing, *found.defaults], strict=True)
    keyword = zip(found.kwonlyargs, found.kw_defaults, strict=True)
    parameters = [(arg.arg, "positional", value(default)) for arg, default in positional]
    parameters += [(arg.arg, "keyword", value(default)) for arg, default in keyword]
    return [parameter for parameter in parameters if parameter[0] != "self"]


def value(default: ast.expr | None) -> Any:
    return inspect.Parameter.empty if default is None else ast.literal_eval(default)


def compiled_parameters(target: Any) -> list[tuple[str, str, Any]]:
    kinds: dict[object, str] = {
        inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
        inspect.Parameter.KEYWORD_ONLY: "keyword",
    }
    parameters = inspect.signature(target).parameters.values()
    return [(each.name, kinds[each.kind], each.default) for each in parameters if each.name != "self"]


def test_the_module_has_the_classes_of_the_stub_and_no_others() -> None:
    compiled = {name for name in vars(_native) if not name.startswith("_")}
    assert compiled == set(CLASSES)


def test_the_package_offers_every_class_of_the_stub() -> None:
    assert set(engine.__all__) == set(CLASSES)
    assert all(getattr(engine, name) is getattr(_native, name) for name in CLASSES)


@pytest.mark.parametrize("name", [name for name, node in CLASSES.items() if node.bases])
def test_an_error_is_an_exception_of_its_own(name: str) -> None:
    error = getattr(_native, name)
    assert issubclass(error, Exception)
    assert error.__bases__ == (Exception,)


@pytest.mark.parametrize("name", [name for name, node in CLASSES.items() if not node.bases])
def test_a_class_has_the_members_of_the_stub_and_no_others(name: str) -> None:
    stub = {function.name for owner, function in FUNCTIONS if owner == name and function.name != "__init__"}
    compiled = {member for member in vars(getattr(_native, name)) if not member.startswith("_")}
    assert compiled == stub


@pytest.mark.parametrize("name", [name for name, node in CLASSES.items() if not node.bases])
def test_a_class_is_final(name: str) -> None:
    with pytest.raises(TypeError):
        type("Sub", (getattr(_native, name),), {})


@pytest.mark.parametrize(("owner", "function"), FUNCTIONS, ids=lambda it: getattr(it, "name", it))
def test_a_member_is_what_the_stub_says(owner: str, function: ast.FunctionDef) -> None:
    compiled_class = getattr(_native, owner)
    if function.name == "__init__":
        assert compiled_parameters(compiled_class) == stub_parameters(function)
        return
    member = inspect.getattr_static(compiled_class, function.name)
    if "property" in decorators(function):
        assert isinstance(member, GetSetDescriptorType)
        return
    assert isinstance(member, staticmethod) == ("staticmethod" in decorators(function))
    assert compiled_parameters(getattr(compiled_class, function.name)) == stub_parameters(function)
