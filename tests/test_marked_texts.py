"""What people are told in code is marked for translation: refusals with N_, messages of pages with gettext."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import telehealth.app  # noqa: F401 - all features, with their errors
from telehealth.errors import DomainError

pytestmark = pytest.mark.domain

PACKAGE = Path(__file__).parents[1] / "telehealth"
# A refused signal is answered without a request, whose language it could have; no page shows these words.
WITHOUT_LANGUAGE = {"signal", "unknown_event"}
# Said on a terminal to whoever runs the service.
FOR_OPERATORS = {"cli.py", "config.py", "safe_start.py", "server.py", "startup.py"}


def errors_below(kind: type[DomainError]) -> set[str]:
    return {kind.__name__}.union(*(errors_below(lower) for lower in kind.__subclasses__()), set())


ERRORS = errors_below(DomainError)


def is_bare(node: ast.expr) -> bool:
    """A text as it stands, also one with values in it."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value.strip())
    )


def find_bare_texts(tree: ast.AST, function: str = "") -> Iterator[tuple[int, str]]:
    for node in ast.iter_child_nodes(tree):
        inner = node.name if isinstance(node, ast.FunctionDef) else function
        if isinstance(node, ast.Call) and function not in WITHOUT_LANGUAGE:
            yield from _bare_in_call(node)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            is_errors = any(
                isinstance(target, ast.Attribute) and target.attr == "errors" for target in node.targets
            )
            if is_errors and any(is_bare(element) for element in node.value.elts):
                yield node.lineno, ast.unparse(node)
        yield from find_bare_texts(node, inner)


def _bare_in_call(call: ast.Call) -> Iterator[tuple[int, str]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    is_init = name == "__init__" and len(call.args) > 1 and is_bare(call.args[0])
    if name in ERRORS or name in ("error_ack", "error_json", "set_error") or is_init:
        told = call.args[1:2]
    elif name == "flash" and len(call.args) == 1:  # with a category the text is a code
        told = call.args
    else:
        return
    if any(is_bare(text) for text in told):
        yield call.lineno, ast.unparse(call)


def test_no_text_for_people_is_bare() -> None:
    bare = [
        f"{path.relative_to(PACKAGE)}:{line}: {code}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name not in FOR_OPERATORS and path.parent.name != "commands"
        for line, code in find_bare_texts(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert bare == []


@pytest.mark.parametrize(
    "code",
    [
        'raise NotFound("x", "There is nothing.")',
        'raise Conflict("x", f"There is {nothing}.")',
        'class Gone(DomainError):\n    def __init__(self):\n        super().__init__("x", "It is gone.")',
        'flash("Done.")',
        'set_error(form.field, "Enter it.")',
        'form.field.errors = ["Enter it."]',
        'def media():\n    return error_ack("x", "Not now.")',
    ],
)
def test_a_bare_text_is_found(code: str) -> None:
    assert len(list(find_bare_texts(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        'raise NotFound("x", N_("There is nothing."))',
        "raise NotFound",
        'flash(gettext("Done."))',
        'flash("second-factor", OFFER)',
        "form.field.errors = [message_of(error)]",
    ],
)
def test_a_marked_text_is_not(code: str) -> None:
    assert list(find_bare_texts(ast.parse(code))) == []
