"""Grafana, as its documentation describes it: there is none here, a stand-in answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from asynq_mon_codegen.doctor import grafana_boards
from asynq_mon_codegen.doctor.finding import Finding, Level
from asynq_mon_codegen.generators import dashboards
from asynq_mon_codegen.plan import Plan
from tests.doctor.conftest import Look
from tests.doctor.servers import Findings, Web

pytestmark = pytest.mark.e2e

Start = Callable[..., str]
SOURCE = {"uid": "p", "name": "Mimir", "type": "prometheus"}


@pytest.fixture(scope="module")
def boards(plan: Plan) -> dict[str, Any]:
    """The generated dashboards by uid."""
    return {b["uid"]: b for b in (json.loads(a.text) for a in dashboards.generate(plan))}


@pytest.fixture
def grafana(boards: dict[str, Any]) -> Iterator[Start]:
    """A stand-in with the generated dashboards as Grafana stores them; ``change`` is done to each, None deletes it."""
    started = []

    def start(
        change: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda b: b,
        *,
        database: str = "ok",
        sources: tuple[int, Any] = (200, [SOURCE]),
        more: tuple[str, ...] = (),
    ) -> str:
        stored = {uid: change(json.loads(json.dumps(board))) for uid, board in boards.items()}

        def answer(path: str) -> tuple[int, str] | None:
            if path == "/api/health":
                return 200, json.dumps({"database": database, "version": "11.2.0"})
            if path == "/api/datasources":
                return sources[0], json.dumps(sources[1])
            if path.startswith("/api/search"):
                return 200, json.dumps([{"uid": uid, "title": "x", "type": "dash-db"} for uid in (*stored, *more)])
            board = stored.get(path.removeprefix("/api/dashboards/uid/"))
            if board is None:
                return None
            return 200, json.dumps({"meta": {"slug": "x"}, "dashboard": {**board, "id": 7, "version": 3}})

        started.append(Web(answer))
        return started[-1].url

    yield start
    for web in started:
        web.stop()


def of(examination: Findings, look: Look, url: str) -> list[Finding]:
    return list(examination(look(grafana=url)))


def test_the_same(look: Look, grafana: Start) -> None:
    """Nothing is found; Grafana's own id and version are no difference."""
    url = grafana()

    for examination in (grafana_boards.database, grafana_boards.boards, grafana_boards.sources):
        assert of(examination, look, url) == []


def test_a_dashboard_that_is_missing(look: Look, grafana: Start) -> None:
    """Links of alerts lead to it."""
    (found,) = of(grafana_boards.boards, look, grafana(lambda b: None if b["uid"] == "asynq-queue" else b))

    assert found.level is Level.ERROR
    assert "(asynq-queue) is not there" in found.what


def _panel(board: dict[str, Any]) -> dict[str, Any]:
    panels: list[dict[str, Any]] = [p for p in board["panels"] if p.get("targets")]
    return panels[0]


def _ask_else(board: dict[str, Any]) -> dict[str, Any]:
    _panel(board)["targets"][0]["expr"] = "up"
    return board


def _remove(board: dict[str, Any]) -> dict[str, Any]:
    board["panels"].remove(_panel(board))
    return board


def _rename(board: dict[str, Any]) -> dict[str, Any]:
    return {**board, "title": "Mine"}


def _no_variables(board: dict[str, Any]) -> dict[str, Any]:
    return {**board, "templating": {"list": []}}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_ask_else, "asks something else"),
        (_remove, "is missing"),
        (_rename, "its title is 'Mine'"),
        (_no_variables, "variables are missing"),
    ],
)
def test_dashboards_that_were_changed(
    look: Look, grafana: Start, boards: dict[str, Any], change: Callable[[Any], Any], text: str
) -> None:
    """What differs is named."""
    found = of(grafana_boards.boards, look, grafana(change))

    assert len(found) == len(boards)
    assert {f.level for f in found} == {Level.WARNING}
    assert [f.what for f in found if text not in f.what] == []


def test_what_is_left_over(look: Look, grafana: Start) -> None:
    """A dashboard with our tag that is none of ours."""
    (found,) = of(grafana_boards.boards, look, grafana(more=("old",)))

    assert found.level is Level.NOTE
    assert "(old)" in found.what


@pytest.mark.parametrize(
    ("sources", "level"),
    [((200, []), Level.ERROR), ((200, [{**SOURCE, "type": "loki"}]), Level.ERROR), ((403, {}), Level.UNSEEN)],
)
def test_data_sources(look: Look, grafana: Start, sources: tuple[int, Any], level: Level) -> None:
    """None for the dashboards, or none that may be seen."""
    assert [f.level for f in of(grafana_boards.sources, look, grafana(sources=sources))] == [level]


def test_an_ill_grafana(look: Look, grafana: Start) -> None:
    """Its own word."""
    (found,) = of(grafana_boards.database, look, grafana(database="failing"))

    assert found.what == "Grafana's database is failing"
