# SPDX-License-Identifier: Apache-2.0
"""deploy/grafana/lares.json asks for metrics that there are, and each metric there is has its documentation."""

import json
import re

import pytest

from harness import settings, wire

SERVER = {"model": "fake:step=0ms,slots=2,context=512"}
DASHBOARD = settings.ROOT / "deploy/grafana/lares.json"
PAGE = settings.ROOT / "docs/operations/metrics.md"
_NAME = re.compile(r"\blares_[a-z0-9_]+\b")


@pytest.fixture(scope="module")
def metrics(server):
    for path, body in (
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "max_tokens": 4}),
        ("/v1/embeddings", {"input": "a"}),
    ):
        assert wire.post_json(server, path, body).status == 200
    server.wait_idle()
    return server.metrics()


def expressions(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("expr", "query") and isinstance(value, str):
                yield value
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for item in node:
            yield from expressions(item)


def test_the_dashboard_asks_for_what_there_is(metrics):
    dashboard = json.loads(DASHBOARD.read_text())
    asked = {name for text in expressions(dashboard) for name in _NAME.findall(text)}
    assert len(asked) >= 15
    assert asked <= metrics.names(), sorted(asked - metrics.names())


def test_the_dashboard_is_well_formed():
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert dashboard["uid"] and dashboard["title"] and dashboard["schemaVersion"] >= 36
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"] and panel["targets"], panel["title"]
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_labels_the_dashboard_uses(metrics):
    """A panel that sums by a label nobody sets shows one line without a name."""
    known = {label for _, labels, _ in metrics.samples for label in labels}
    for text in expressions(json.loads(DASHBOARD.read_text())):
        for group in re.findall(r"\bby \(([^)]*)\)", text):
            assert {label.strip() for label in group.split(",")} <= known, text


def test_every_metric_has_help_and_a_place_in_the_page(metrics):
    ours = {name for name in metrics.families() if name.startswith("lares_")}
    assert ours == metrics.families(), "all names begin with lares_"
    for name in ours:
        assert metrics.helps[name].endswith("."), name
        assert name.endswith("_total") == (metrics.types[name] == "counter"), name
    described = set(_NAME.findall(PAGE.read_text()))
    assert ours <= described, sorted(ours - described)
    suffixes = ("_bucket", "_sum", "_count")
    gone = {name for name in described if name not in ours and not name.endswith(suffixes)}
    assert not gone, f"described, but not exported: {sorted(gone)}"
