"""What one small change may be: operators of Cosmic Ray's, and a few of our own for what it has none for.

Of Cosmic Ray's those are left out that replace an operator by one which no type of this code knows (`+` by `@`), or by
one that differs by an accident of the interpreter (`==` by `is`): either says nothing of the tests. Its `AddNot` binds
to the first word of a condition alone, and its handlers break where something is raised instead of letting it pass: in
their place stand two of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import parso
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python.tree import Keyword

_ORDER = "Eq_NotEq NotEq_Eq Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Is_IsNot IsNot_Is"
_ARITHMETIC = "Add_Sub Sub_Add Mul_Div Div_Mul BitOr_BitAnd BitAnd_BitOr"
_THEIRS = (
    *(f"ReplaceComparisonOperator_{pair}" for pair in _ORDER.split()),
    *(f"ReplaceBinaryOperator_{pair}" for pair in _ARITHMETIC.split()),
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "NumberReplacer",
    "ZeroIterationForLoop",
)

_STAND_FOR_STRINGS = ("", "other")
_IS_TOKEN = re.compile(r"""[bBrR]*(["'])[^\s"']*\1""")


class _InOneWay(Operator):
    """Changes a node in one way, if it is one of its own."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if self.is_mine(node):
            yield node.start_pos, node.end_pos

    def is_mine(self, node: Any) -> bool:
        raise NotImplementedError


class RemoveStatement(_InOneWay):
    """Leaves out a call whose value nobody takes, or what is written to an attribute or an element."""

    def is_mine(self, node: Any) -> bool:
        if node.parent is None or node.parent.type != "simple_stmt":
            return False
        if node.type == "expr_stmt":
            target, operator = node.children[0], node.children[1]
            if operator.type != "operator":
                return False  # an annotation
            return operator.value != "=" or target.type in (
                "atom_expr",
                "power",
            )  # else a name would be missing
        return node.type in ("atom_expr", "power")

    def mutate(self, node: Any, index: int) -> Any:
        return Keyword("pass", node.start_pos, node.get_first_leaf().prefix)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        befores = ("wake.set()\n", "await done\n", "tries += 1\n", "self.due = 1\n")
        return tuple(Example(before, "pass\n") for before in befores)


class ReplaceMembership(_InOneWay):
    """Replaces `in` by `not in`, and the other way round."""

    def is_mine(self, node: Any) -> bool:
        return node.type == "comparison" and node.children[1].get_code().split() in (["in"], ["not", "in"])

    def mutate(self, node: Any, index: int) -> Any:
        is_in = node.children[1].get_code().split() == ["in"]
        node.children[1] = parso.parse(" not in" if is_in else " in")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return Example("x = a in b", "x = a not in b"), Example("x = a not in b", "x = a in b")


class NegateCondition(_InOneWay):
    """Negates the condition of a branch, a loop or a comprehension."""

    def is_mine(self, node: Any) -> bool:
        return isinstance(node, Keyword) and node.value in ("if", "elif", "while")

    def mutate(self, node: Any, index: int) -> Any:
        around = node.parent.children
        place = around.index(node) + 1
        around[place] = parso.parse(f" not ({around[place].get_code().strip()})")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("if a or b: pass", "if not (a or b): pass"),
            Example("[a for a in b if a.c]", "[a for a in b if not (a.c)]"),
            Example("x = a if b else c", "x = a if not (b) else c"),
        )


class CatchNothing(_InOneWay):
    """Lets pass whatever an exception handler is for."""

    def is_mine(self, node: Any) -> bool:
        return bool(node.type == "except_clause")

    def mutate(self, node: Any, index: int) -> Any:
        node.children[1] = parso.parse(" ()")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("try: a\nexcept B as b: pass", "try: a\nexcept () as b: pass"),)


class ReplaceString(Operator):
    """Puts another word in the place of one; what has a space in it is told to people, and stays."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "string" and node.parent.type != "simple_stmt" and _IS_TOKEN.fullmatch(node.value):
            for _ in self._others(node):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.value = self._others(node)[index]
        return node

    def _others(self, node: Any) -> list[str]:
        prefix = "b" if "b" in node.string_prefix.lower() else ""
        return [new for text in _STAND_FOR_STRINGS if (new := f'{prefix}"{text}"') != node.value]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return Example('x = "a"', 'x = ""'), Example('x = b""', 'x = b"other"')


_OURS = (RemoveStatement, ReplaceMembership, NegateCondition, CatchNothing, ReplaceString)

OPERATORS: Mapping[str, Operator] = {
    **{name: OperatorProvider()[name]() for name in _THEIRS},
    **{each.__name__: each() for each in _OURS},
}
