"""The expression tree and the operators that every instant vector has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce

from attrs import field, frozen

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.promql.labels import quote
from asynq_mon_codegen.promql.scope import Scope

__all__ = [
    "PRECEDENCE",
    "Aggregate",
    "Binary",
    "Call",
    "Expr",
    "Number",
    "Raw",
    "TimeOfDay",
    "by_labels",
    "either",
    "number",
    "per_second",
    "promql",
    "seconds",
    "time",
    "vector",
]

_SETS = frozenset({"and", "or", "unless"})
_COMPARISONS = frozenset({">", "<", ">=", "<=", "==", "!="})
PRECEDENCE = {"or": 1, "and": 2, "unless": 2, **dict.fromkeys(_COMPARISONS, 3), "+": 4, "-": 4, "*": 5, "/": 5}
"""How strongly each operator binds."""


def by_labels(by: str | Iterable[str]) -> tuple[str, ...]:
    """Label names as a tuple, from one name or several."""
    return (by,) if isinstance(by, str) else tuple(by)


class Expr:
    """An instant vector (or a number) that PromQL can compute.

    ``labels`` are the labels of its result beside the identity labels, or ``None`` where only
    Prometheus knows. Operators match on the labels that both sides have.
    """

    labels: frozenset[str] | None
    precedence = 9

    def render(self, scope: Scope) -> str:
        """The PromQL text in this scope."""
        raise NotImplementedError

    def children(self) -> tuple[Expr, ...]:
        """The expressions it is made of."""
        return ()

    def walk(self) -> Iterator[Expr]:
        """Itself and every expression below it."""
        yield self
        for child in self.children():
            yield from child.walk()

    def max(self, by: str | Iterable[str] = ()) -> Aggregate:
        """The highest value of each group; right for what several exporters report alike."""
        return Aggregate("max", self, by_labels(by))

    def min(self, by: str | Iterable[str] = ()) -> Aggregate:
        """The lowest value of each group."""
        return Aggregate("min", self, by_labels(by))

    def sum(self, by: str | Iterable[str] = ()) -> Aggregate:
        """The sum of each group; right for what each worker reports of itself."""
        return Aggregate("sum", self, by_labels(by))

    def avg(self, by: str | Iterable[str] = ()) -> Aggregate:
        """The mean of each group."""
        return Aggregate("avg", self, by_labels(by))

    def count(self, by: str | Iterable[str] = ()) -> Aggregate:
        """How many series each group has."""
        return Aggregate("count", self, by_labels(by))

    def median(self, by: str | Iterable[str] = ()) -> Aggregate:
        """The middle value of each group; what single members are like does not matter."""
        return Aggregate("quantile", self, by_labels(by), param="0.5")

    def group(self, by: str | Iterable[str] = ()) -> Aggregate:
        """1 for each group that exists."""
        return Aggregate("group", self, by_labels(by))

    def above(self, value: float | Number) -> Binary:
        """Where the value is above ``value``."""
        return Binary(">", self, number(value))

    def at_least(self, value: float | Number) -> Binary:
        """Where the value is ``value`` or above."""
        return Binary(">=", self, number(value))

    def below(self, value: float | Number) -> Binary:
        """Where the value is below ``value``."""
        return Binary("<", self, number(value))

    def equals(self, value: float | Number) -> Binary:
        """Where the value is exactly ``value``."""
        return Binary("==", self, number(value))

    def differs_from(self, value: float | Number) -> Binary:
        """Where the value is not ``value``."""
        return Binary("!=", self, number(value))

    def greater_than(self, other: Expr) -> Binary:
        """Where the value is above that of ``other``."""
        return Binary(">", self, other)

    def lower_of(self, other: Expr) -> Binary:
        """The lower of the two values; its own where ``other`` has none or is NaN."""
        return Binary("or", Binary("<", other, self), self)

    def higher_of(self, other: Expr) -> Binary:
        """The higher of the two values; its own where ``other`` has none or is NaN."""
        return Binary("or", Binary(">", other, self), self)

    def and_(self, other: Expr) -> Binary:
        """Where ``other`` has a series too."""
        return Binary("and", self, other)

    def or_(self, other: Expr) -> Binary:
        """With the series of ``other`` for which this has none."""
        return Binary("or", self, other)

    def unless(self, other: Expr) -> Binary:
        """Where ``other`` has no series."""
        return Binary("unless", self, other)

    def relabel(self, target: str, value: str, source: str = "", pattern: str = "") -> Call:
        """``label_replace``: sets the label ``target`` to ``value``, taken from ``source`` by ``pattern``."""
        labels = None if self.labels is None else self.labels | {target}
        return Call("label_replace", (self,), labels, tail=tuple(quote(t) for t in (target, value, source, pattern)))

    def clamp_min(self, value: float) -> Call:
        """Values below ``value`` raised to it."""
        return Call("clamp_min", (self, number(value)), self.labels)

    def clamp_max(self, value: float) -> Call:
        """Values above ``value`` lowered to it."""
        return Call("clamp_max", (self, number(value)), self.labels)

    def __add__(self, other: Expr | float) -> Binary:
        return Binary("+", self, _expr(other))

    def __sub__(self, other: Expr | float) -> Binary:
        return Binary("-", self, _expr(other))

    def __rsub__(self, other: float) -> Binary:
        return Binary("-", _expr(other), self)

    def __mul__(self, other: Expr | float) -> Binary:
        return Binary("*", self, _expr(other))

    def __truediv__(self, other: Expr | float) -> Binary:
        return Binary("/", self, _expr(other))


@frozen
class Number(Expr):
    """A constant; ``time_power`` is 1 for a length of time in seconds, -1 for a number per second."""

    value: float
    time_power: int = 0
    labels = None
    precedence = 9

    def render(self, scope: Scope) -> str:
        """The shortest decimal text of the number."""
        value = float(self.value)
        if value != value or value in (float("inf"), float("-inf")):
            return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
        return str(int(value)) if value.is_integer() and abs(value) < 10**15 else repr(value)


@frozen
class Call(Expr):
    """A function call; ``tail`` are arguments that are already PromQL text, or lengths of time in seconds."""

    func: str
    args: tuple[Expr, ...]
    labels: frozenset[str] | None = field()
    tail: tuple[str | Duration, ...] = ()
    head: tuple[str, ...] = ()

    def children(self) -> tuple[Expr, ...]:
        """Its arguments."""
        return self.args

    def render(self, scope: Scope) -> str:
        """``func(arguments)``."""
        tail = (t if isinstance(t, str) else Number(t.seconds).render(scope) for t in self.tail)
        return f"{self.func}({', '.join((*self.head, *(a.render(scope) for a in self.args), *tail))})"


@frozen
class Aggregate(Expr):
    """``op by (identity, by) (expr)``; ``param`` is the first argument where the aggregation has one."""

    op: str
    expr: Expr
    by: tuple[str, ...]
    param: str = ""

    def __attrs_post_init__(self) -> None:
        known = self.expr.labels
        for label in self.by:
            if known is not None and label not in known:
                raise DeclarationError(
                    f"{self.op} by {label!r}: the expression has no label {label!r}",
                    f"it has: {', '.join(sorted(known)) or 'none'}",
                )

    @property
    def labels(self) -> frozenset[str]:  # type: ignore[override]
        """The labels it aggregates by."""
        return frozenset(self.by)

    def children(self) -> tuple[Expr, ...]:
        """What it aggregates."""
        return (self.expr,)

    def render(self, scope: Scope) -> str:
        """The aggregation with the identity labels in front."""
        by = tuple(dict.fromkeys((*scope.identity, *self.by)))
        clause = f" by ({', '.join(by)})" if by else ""
        param = f"{self.param}, " if self.param else ""
        return f"{self.op}{clause} ({param}{self.expr.render(scope)})"


@frozen
class Binary(Expr):
    """Two expressions and an operator, matched on the labels that both have."""

    op: str
    left: Expr
    right: Expr

    def __attrs_post_init__(self) -> None:
        self._matching(Scope())  # says at once which sides cannot be joined

    @property
    def precedence(self) -> int:  # type: ignore[override]
        """How strongly the operator binds."""
        return PRECEDENCE[self.op]

    @property
    def labels(self) -> frozenset[str] | None:  # type: ignore[override]
        """The labels of the left side; of both sides where they are matched one to one."""
        if isinstance(self.left, Number | Time):
            return self.right.labels
        return self.left.labels

    def children(self) -> tuple[Expr, ...]:
        """Both sides."""
        return (self.left, self.right)

    def render(self, scope: Scope) -> str:
        """``left op on (…) group_left right`` with brackets where the order needs them."""
        left, right = self.left.render(scope), self.right.render(scope)
        if self.left.precedence < self.precedence:
            left = f"({left})"
        if self.right.precedence <= self.precedence:
            right = f"({right})"
        gap = "\n" if self.op in _SETS else " "  # one clause a line; space in PromQL means nothing
        return f"{left}{gap}{self.op}{self._matching(scope)} {right}"

    def _matching(self, scope: Scope) -> str:
        mine, theirs = self.left.labels, self.right.labels
        scalar = isinstance(self.left, Number | Time) or isinstance(self.right, Number | Time)
        if scalar or mine is None or theirs is None or mine == theirs:
            return ""
        if self.op == "or":
            return ""
        common = mine & theirs
        clause = f" on ({', '.join(dict.fromkeys((*scope.identity, *sorted(common))))})"
        if self.op in _SETS:
            return clause
        if common == theirs:
            return f"{clause} group_left ()"
        if common == mine:
            return f"{clause} group_right ()"
        extra, missing = sorted(mine - theirs), sorted(theirs - mine)
        raise DeclarationError(
            f"{self.op!r} would match many to many: one side has {extra}, the other {missing}",
            "aggregate one side to the labels of the other first",
        )


@frozen
class TimeOfDay(Expr):
    """``expr`` from ``start`` to ``end`` (minutes after midnight, UTC), perhaps over midnight; else nothing.

    ``weekdays`` (0 is Sunday) empty means every day; a window over midnight belongs to both of its days.
    """

    expr: Expr
    start: int
    end: int
    weekdays: tuple[int, ...] = ()

    precedence = 2

    @property
    def labels(self) -> frozenset[str] | None:  # type: ignore[override]
        """Those of the expression."""
        return self.expr.labels

    def children(self) -> tuple[Expr, ...]:
        """The expression."""
        return (self.expr,)

    def render(self, scope: Scope) -> str:
        """``expr and on () (minute of the day)``, for ``hour()`` has no labels to match on."""
        minute = "hour() * 60 + minute()"
        within = f"{minute} >= {self.start} < {self.end}"
        if self.end <= self.start:
            within = f"{minute} >= {self.start} or {minute} < {self.end}"
        text = f"{self.expr.render(scope)} and on () ({within})"
        if self.weekdays:
            text += " and on () (" + " or ".join(f"day_of_week() == {day}" for day in self.weekdays) + ")"
        return text


@frozen
class Time(Expr):
    """``time()``: seconds since 1970 at the moment of evaluation."""

    labels = None

    def render(self, scope: Scope) -> str:
        """``time()``."""
        return "time()"


@frozen
class Raw(Expr):
    """PromQL written by hand; ``labels`` is what its result has, where the author says so."""

    text: str
    labels: frozenset[str] | None = field(default=None)
    precedence = 0

    def render(self, scope: Scope) -> str:
        """The text as it is; a comment in it must not swallow what follows."""
        return f"{self.text}\n" if "#" in self.text else self.text


def _expr(value: Expr | float) -> Expr:
    return value if isinstance(value, Expr) else number(value)


def either(first: Expr, *others: Expr) -> Expr:
    """The series of all of them, joined by ``or``."""
    return reduce(Expr.or_, others, first)


def number(value: float | Number) -> Number:
    """A constant as an expression."""
    return value if isinstance(value, Number) else Number(value)


def seconds(length: str | Duration) -> Number:
    """A length of time as a constant in seconds: ``seconds("5m")`` is 300."""
    return Number(duration(length, "seconds").seconds, time_power=1)


def per_second(value: float) -> Number:
    """A constant that is compared with a rate."""
    return Number(value, time_power=-1)


def time() -> Time:
    """``time()`` as an expression."""
    return Time()


def vector(value: float) -> Call:
    """``vector(value)``: one series without labels."""
    return Call("vector", (number(value),), frozenset())


def promql(text: str, *, labels: str | Iterable[str] | None = None) -> Raw:
    """PromQL written by hand, for what the typed expressions cannot say.

    It is checked against the metric contract like every other expression. ``labels`` are the
    labels of its result; without them, texts of an alert over it may name no label.
    """
    return Raw(text.strip(), None if labels is None else frozenset(by_labels(labels)))
