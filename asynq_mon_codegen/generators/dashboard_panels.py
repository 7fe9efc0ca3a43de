"""Panels of the catalogue through the Grafana layer: queries, thresholds, links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_uppercase
from typing import TypedDict

from attrs import evolve, frozen

from asynq_mon_codegen import grafana as g
from asynq_mon_codegen.catalog.dashboards.spec import (
    Column,
    Distribution,
    Graph,
    LabelColumn,
    Line,
    Number,
    Panel,
    Shown,
    States,
    Steps,
    Table,
    TimeWithin,
)
from asynq_mon_codegen.generators.dashboard_queries import (
    Queries,
    identity_variables,
    of_one_deployment,
    rules_with_levels,
    uniform,
)
from asynq_mon_codegen.model import Below, Severity
from asynq_mon_codegen.plan import PlannedAlert
from asynq_mon_codegen.plan.texts import placeholders
from asynq_mon_codegen.promql import Expr, vector

__all__ = ["Panels"]

_COLORS = {Severity.INFO: "blue", Severity.WARNING: "orange", Severity.CRITICAL: "red"}
_NEUTRAL = Steps("text")
_LINKED = ("queue", "task_type", "instance")
"""Labels that dashboards have a variable for."""


class _Common(TypedDict):
    w: int
    h: int
    min: float | None
    max: float | None
    decimals: int | None
    interval: str | None


@frozen(kw_only=True)
class Panels:
    """Makes the panels of one dashboard."""

    queries: Queries

    def panel(self, spec: Panel) -> g.Panel:
        """The panel for Grafana."""
        match spec:
            case Graph():
                return self._graph(spec)
            case Number():
                return self._number(spec)
            case Distribution():
                return self._heatmap(spec)
            case States():
                return self._states(spec)
            case Table():
                return self._table(spec)
            case _:
                raise TypeError(f"no Grafana panel for {type(spec).__name__}")

    # -- kinds -----------------------------------------------------------------------------

    def _graph(self, spec: Graph) -> g.Panel:
        steps = None if self._good_above(spec.levels) else self._steps(spec)
        targets: list[g.Query | g.ThresholdLine] = [*self._targets(spec.lines)]
        if spec.levels and steps is None:
            targets += self._level_lines(spec)
        return g.timeseries(
            spec.key,
            spec.title,
            spec.text,
            targets,
            spec.unit,
            stack=spec.stack,
            # a line on top of an empty layer would give its colour to the layer below
            line_width=0 if spec.stack else 1,
            fill_opacity=70 if spec.stack else 0,
            soft_max=spec.soft_maximum,
            legend=spec.legend,
            draw_style="bars" if spec.bars else "line",
            thresholds_style="dashed" if steps else "off",
            steps=steps,
            links=self._series_links(spec),
            overrides=_line_styles(spec.lines),
            **self._common(spec),
        )

    def _number(self, spec: Number) -> g.Panel:
        return g.stat(
            spec.key,
            spec.title,
            spec.text,
            [evolve(target, instant=not spec.spark) for target in self._targets(spec.lines)],
            spec.unit,
            color_mode="background" if spec.filled else "value",
            graph_mode="area" if spec.spark else "none",
            steps=self._steps(spec) or _thresholds(_NEUTRAL),
            mappings=_mappings(spec.shown, spec.no_value),
            links=self._series_links(spec),
            no_value=spec.no_value,
            **self._common(spec),
        )

    def _heatmap(self, spec: Distribution) -> g.Panel:
        return g.heatmap(spec.key, spec.title, spec.text, self._targets(spec.lines), spec.unit, **self._common(spec))

    def _states(self, spec: States) -> g.Panel:
        return g.state_timeline(
            spec.key,
            spec.title,
            spec.text,
            self._targets(spec.lines),
            spec.unit,
            mappings=_mappings(spec.shown),
            links=self._series_links(spec),
            **self._common(spec),
        )

    def _table(self, spec: Table) -> g.Panel:
        texts = [self._cells(line) for line in spec.lines]
        kept = [i for i, text in enumerate(texts) if text]
        columns = [c for c in spec.columns if isinstance(c, LabelColumn) or c.line in kept]
        identity = [g.label_column(label, label) for label in self.queries.plan.scope.identity]
        return g.table(
            spec.key,
            spec.title,
            spec.text,
            [g.query(texts[i]) for i in kept],
            spec.unit,
            columns=[*identity, *(self._column(column, spec, kept) for column in columns)],
            sort_by=spec.sort_by,
            **self._common(spec),
        )

    def _common(self, spec: Panel) -> _Common:
        return {
            "w": spec.w,
            "h": spec.h,
            "min": spec.minimum,
            "max": spec.maximum,
            "decimals": spec.decimals,
            "interval": None if isinstance(spec, Table) else self.queries.interval(spec.lines),
        }

    # -- queries ---------------------------------------------------------------------------

    def _targets(self, lines: Sequence[Line]) -> list[g.Query]:
        return [g.query(self._text(line.expr), self._legend(line)) for line in lines]

    def _text(self, expr: Expr | TimeWithin) -> str:
        return self.queries.within(expr) if isinstance(expr, TimeWithin) else self.queries.text(expr)

    def _cells(self, line: Line) -> str:
        return self.queries.within(line.expr) if isinstance(line.expr, TimeWithin) else self.queries.cells(line.expr)

    def _legend(self, line: Line) -> str:
        return line.legend if isinstance(line.expr, TimeWithin) else self.queries.legend(line.expr, line.legend)

    # -- thresholds ------------------------------------------------------------------------

    def _steps(self, spec: Panel) -> g.Thresholds | None:
        """Fixed steps, or those of the alert where one level holds for everything."""
        if spec.steps:
            return _thresholds(spec.steps)
        return self._alert_steps(spec.levels)

    def _alert_steps(self, alert: str) -> g.Thresholds | None:
        rules = rules_with_levels(self.queries.plan, alert)
        levels = [(level, rule) for rule in rules if (level := uniform(rule)) is not None]
        if not levels or len(levels) < len(rules):
            return None
        return _below_steps(levels) if isinstance(rules[0].alert.when, Below) else _above_steps(levels)

    def _good_above(self, alert: str) -> bool:
        """Whether the levels are lower limits, whose steps Grafana would draw in the colour of what lies above them."""
        return any(isinstance(rule.alert.when, Below) for rule in rules_with_levels(self.queries.plan, alert))

    def _level_lines(self, spec: Graph) -> list[g.ThresholdLine]:
        lines = []
        drawn = spec.lines[0].expr
        if isinstance(drawn, TimeWithin):
            return []
        for rule in rules_with_levels(self.queries.plan, spec.levels):
            level = uniform(rule)
            labels = [] if level is not None else [label for label in _LINKED if label in rule.label_names]
            legend = " ".join([rule.severity.value, *(f"{{{{{label}}}}}" for label in labels)])
            expr = self.queries.level(rule, drawn) if level is None else self.queries.text(vector(level))
            lines.append(g.threshold_line(expr, legend, rule.severity.value))
        return lines

    # -- links -----------------------------------------------------------------------------

    def _series_links(self, spec: Panel) -> list[g.DataLink]:
        """What a click on a series opens: another dashboard, and logs and traces where they are declared."""
        expr = next((line.expr for line in spec.lines if isinstance(line.expr, Expr)), None)
        labels = frozenset() if expr is None else expr.labels or frozenset()
        names = self._labels_of(labels, identity=expr is not None and of_one_deployment(expr))
        fields = {label: f"${{__field.labels.{label}:percentencode}}" for label in names}
        links = [self._opening(spec.opens, fields)] if spec.opens else []
        return links + (self._outside(fields) if isinstance(spec, Graph) and "queue" in labels else [])

    def _labels_of(self, labels: Iterable[str], *, identity: bool = True) -> list[str]:
        found = frozenset(labels)
        own = self.queries.plan.scope.identity if identity else ()
        return [*own, *(label for label in _LINKED if label in found)]

    def _opening(self, uid: str, fields: dict[str, str]) -> g.DataLink:
        names = dict(identity_variables(self.queries.plan.scope.identity))
        chosen = {names.get(label, label): value for label, value in fields.items()}
        return g.dashboard_data_link(f"Open {uid.removeprefix('asynq-')}", uid, variables=chosen)

    def _outside(self, fields: dict[str, str]) -> list[g.DataLink]:
        """Logs and traces, where the declaration names them and everything in their address is known here."""
        declared = (
            ("Logs", self.queries.plan.monitoring.links.logs),
            ("Traces", self.queries.plan.monitoring.links.traces),
        )
        return [
            g.data_link(title, _filled(base, fields), new_tab=True)
            for title, base in declared
            if base and all(name in fields for name in placeholders(base))
        ]

    def _column(self, column: Column, spec: Table, kept: Sequence[int]) -> g.Column:
        if isinstance(column, LabelColumn):
            return g.label_column(
                column.label,
                column.title,
                links=self._cell_links(column, spec),
                mappings=_mappings(column.shown),
                cell="color-background" if column.shown else "auto",
            )
        steps = _thresholds(column.steps) if column.steps else self._alert_steps(column.levels)
        colored = steps is not None or any(one.color for one in column.shown)
        by_words = any(one.color for one in column.shown)
        return g.value_column(
            kept.index(column.line),
            column.title,
            column.unit,
            cell="color-background" if by_words else "color-text" if colored else "auto",
            steps=steps or (_thresholds(_NEUTRAL) if by_words else None),
            mappings=_mappings(column.shown, column.no_value),
            decimals=column.decimals,
        )

    def _cell_links(self, column: LabelColumn, spec: Table) -> list[g.DataLink]:
        links = []
        runbooks = self.queries.plan.monitoring.links.runbooks
        if column.runbook and runbooks:
            links.append(g.data_link("Runbook", f"{_safe(runbooks)}/${{__value.text}}.md", new_tab=True))
        if column.opens:
            fields = self._row_fields(column, spec)
            links += [self._opening(column.opens, fields), *self._outside(fields)]
        return links

    def _row_fields(self, column: LabelColumn, spec: Table) -> dict[str, str]:
        """The values of a row that the next dashboard can choose by, the clicked one among them."""
        titles = {c.label: c.title for c in spec.columns if isinstance(c, LabelColumn)}
        others = [label for label in self._labels_of(titles) if label != column.label]
        # A queue's dashboard has no task types: the wider view drops the narrower choice.
        narrower = _LINKED[_LINKED.index(column.label) + 1 :] if column.label in _LINKED else ()
        fields = {
            label: f'${{__data.fields["{titles.get(label, label)}"]:percentencode}}'
            for label in others
            if label not in narrower
        }
        return {**fields, column.label: "${__value.text:percentencode}"}


def _above_steps(levels: Iterable[tuple[float, PlannedAlert]]) -> g.Thresholds:
    rising = sorted((level, _COLORS.get(rule.severity, "purple")) for level, rule in levels)
    return g.threshold_steps("green", *rising)


def _below_steps(levels: Iterable[tuple[float, PlannedAlert]]) -> g.Thresholds:
    """Good above the highest level, worse below each."""
    rising = sorted((level, _COLORS.get(rule.severity, "purple")) for level, rule in levels)
    colors = [color for _, color in rising]
    return g.threshold_steps(colors[0], *zip((level for level, _ in rising), [*colors[1:], "green"], strict=True))


def _thresholds(steps: Steps) -> g.Thresholds:
    return g.threshold_steps(steps.base, *steps.steps)


def _mappings(shown: Iterable[Shown], no_value: str = "") -> list[g.ValueMapping]:
    words = [g.map_value(one.value, one.text, one.color) for one in shown]
    return [*words, g.map_special("null+nan", no_value, "text")] if no_value else words


def _line_styles(lines: Sequence[Line]) -> list[g.Override]:
    """Fixed colours and dashes, by refId, for a legend may hold labels."""
    return [
        g.override(
            ref,
            matcher="byFrameRefID",
            color=line.color,
            custom={
                "fillOpacity": 0,
                "lineStyle": {"dash": [10, 10], "fill": "dash"},
                "stacking": {"group": "limits", "mode": "none"},
            }
            if line.dashed
            else None,
        )
        for line, ref in zip(lines, ascii_uppercase, strict=False)
        if line.color or line.dashed
    ]


def _safe(base: str) -> str:
    """A declared address in which Grafana must find no variables."""
    return base.replace("$", "%24").replace("[[", "%5B[")


def _filled(base: str, fields: dict[str, str]) -> str:
    text = _safe(base)
    for name in placeholders(base):
        text = text.replace(f"{{{name}}}", fields[name])
    return text
