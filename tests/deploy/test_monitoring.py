"""Prometheus, its rules and the dashboard: understood by their tools, and of metrics that a worker has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream.metrics import COUNTERS, GAUGES, HISTOGRAMS, Definition
from tests.deploy.tools import COMPOSE_FILE, DASHBOARD, DEPLOY, promtool, read_yaml

CONFIG = DEPLOY / "prometheus/prometheus.yml"
RULES = DEPLOY / "prometheus/alerts.yml"
RULE_TESTS = Path(__file__).parent / "alerts.yml"
PANELS: list[dict[str, Any]] = [it for it in json.loads(DASHBOARD.read_text())["panels"] if it["type"] != "row"]
ALERTS: list[dict[str, Any]] = [rule for group in read_yaml(RULES)["groups"] for rule in group["rules"]]
FROM_PROMETHEUS = {"instance", "job", "le"}
# What Grafana puts in before it asks.
VARIABLES = {"$__rate_interval": "1m", "$journey": "five-stage", "$track": "cart"}


def series() -> dict[str, Definition]:
    """Every series that a worker gives, by name."""
    return (
        {f"stagewatch_{it.name}_total": it for it in COUNTERS.values()}
        | {f"stagewatch_{it.name}": it for it in GAUGES.values()}
        | {f"stagewatch_{it.name}_{end}": it for it, _ in HISTOGRAMS.values() for end in ("bucket", "sum", "count")}
    )


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of rules and dashboard, with where it stands."""
    for rule in ALERTS:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
        yield variable["name"], variable["query"]["query"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_expressions_name_metrics_and_labels_of_a_worker(where: str, expression: str) -> None:
    named = re.findall(r"stagewatch_\w+", expression)
    assert set(named) <= series().keys(), where
    labels = {label for name in named for label in series()[name].labels} | FROM_PROMETHEUS
    by = {each.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for each in group.split(",")}
    matched = set(re.findall(r'(\w+)=~?"', expression))
    assert by | matched <= labels, where


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    names = [it.name for it in (*COUNTERS.values(), *GAUGES.values(), *(it for it, _ in HISTOGRAMS.values()))]
    assert [
        name for name in names if not re.search(rf"stagewatch_{name}\b|stagewatch_{name}_(total|bucket)", shown)
    ] == []


def test_legends_name_labels_that_their_expressions_keep() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            kept = {
                each.strip() for group in re.findall(r"by \(([^)]*)\)", target["expr"]) for each in group.split(",")
            }
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept, panel["title"]


def test_every_panel_says_what_it_shows_and_overlaps_no_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert panel["description"], panel["title"]
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


def test_the_dashboard_asks_the_data_source_that_is_provisioned() -> None:
    (source,) = read_yaml(DEPLOY / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
    asked = {panel["datasource"]["uid"] for panel in PANELS}
    assert asked == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"


def test_grafana_finds_the_dashboard_where_it_is_mounted() -> None:
    (provider,) = read_yaml(DEPLOY / "grafana/provisioning/dashboards/stagewatch.yml")["providers"]
    grafana = read_yaml(COMPOSE_FILE)["services"]["grafana"]
    folder = provider["options"]["path"]
    assert f"./deploy/grafana/dashboards:{folder}:ro" in grafana["volumes"]
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{folder}/{DASHBOARD.name}"


def test_prometheus_looks_for_every_worker_on_its_port() -> None:
    (job,) = read_yaml(CONFIG)["scrape_configs"]
    (workers,) = job["dns_sd_configs"]
    assert workers["names"] == ["worker"]
    assert read_yaml(COMPOSE_FILE)["services"]["worker"]["ports"][0].endswith(f":{workers['port']}")


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_has_its_section_in_the_runbook(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor == rule["alert"].lower()
    (section,) = re.findall(
        rf"^### {rule['alert']}\n(.*?)^##", (DEPLOY.parent / page).read_text(), re.MULTILINE | re.DOTALL
    )
    assert re.findall(r"^- \*\*(\w+)\*\*", section, re.MULTILINE) == ["Means", "Look", "Do"]


def test_the_runbook_tells_of_no_alert_that_there_is_not() -> None:
    told = re.findall(r"^### (\w+)$", (DEPLOY.parent / "docs/runbook.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(rule["alert"] for rule in ALERTS)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert {"summary", "description"} <= rule["annotations"].keys()


def test_every_alert_is_seen_to_fire() -> None:
    told = RULE_TESTS.read_text()
    assert [rule["alert"] for rule in ALERTS if rule["alert"] not in told] == []


def test_prometheus_understands_its_configuration() -> None:
    assert "FAILED" not in promtool("check", "config", str(CONFIG))


def test_alerts_fire_when_they_should_and_only_then() -> None:
    assert "FAILED" not in promtool("test", "rules", str(RULE_TESTS))


def test_prometheus_understands_what_the_dashboard_asks(tmp_path: Path) -> None:
    rules = []
    for panel in PANELS:
        for target in panel["targets"]:
            asked = target["expr"]
            for variable, value in VARIABLES.items():
                asked = asked.replace(variable, value)
            rules.append({"record": f"panel_{panel['id']}_{target['refId']}", "expr": asked})
    written = tmp_path / "rules.yml"
    written.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(written))
