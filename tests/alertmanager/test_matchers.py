"""Matchers for any text, in Alertmanager's own parser."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asynq_mon_codegen.artifact import yaml_text
from asynq_mon_codegen.generators.alertmanager import matcher
from asynq_mon_codegen.routing import Criterion

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)


@pytest.mark.outputs
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=3, unique=True))
def test_any_name_is_matched(names: list[str], amtool: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the names: YAML, the matcher's parser and its regex lead back to exactly them."""
    criterion = Criterion("queue", tuple(names))
    route = {"receiver": "miss", "routes": [{"receiver": "hit", "matchers": [matcher(criterion)]}]}
    config = {"route": route, "receivers": [{"name": "miss"}, {"name": "hit"}]}
    path = tmp_path_factory.mktemp("any") / "alertmanager.yaml"
    path.write_text(yaml_text(config), encoding="utf-8", newline="")
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == config
    for name, receiver in (
        (names[0], "hit"),
        (names[-1], "hit"),
        (names[0] + "~", "hit" if names[0] + "~" in names else "miss"),
    ):
        label = matcher(Criterion("queue", (name,)))
        done = amtool("config", "routes", "test", f"--config.file={path}", label)

        assert done.stdout.strip() == receiver, (name, done.stdout, done.stderr)
