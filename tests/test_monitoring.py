"""The alerts, the dashboard and their page name metrics that exist, and Prometheus takes them."""

import json
import re
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from layers import REPOSITORY
from real_daemon import EXAMPLE, RealDaemon, until
from skips import need

FOLDER = REPOSITORY / "docs" / "monitoring"
RULES, DASHBOARD = FOLDER / "eidos.rules.yml", FOLDER / "grafana-eidos.json"
PAGE = REPOSITORY / "docs" / "metrics.md"
RUNBOOKS = {
    "daemon-does-not-start",
    "slow-answers",
    "wrong-answers",
    "memory",
    "socket",
    "upgrade",
    "rollback",
    "disaster-recovery",
}
METRIC = re.compile(r"\beidos_\w+")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """What makes the table of docs/metrics.md, and so knows every metric."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "docs"))
    return import_module("metrics_table")


def alerts() -> list[dict[str, Any]]:
    """Return every alert."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Return every panel of the dashboard."""
    return json.loads(DASHBOARD.read_text())["panels"]


def expressions() -> list[str]:
    """Return what each panel asks Prometheus."""
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def promtool(*arguments: str | Path) -> str:
    """Return what promtool says; fail where it finds fault."""
    need("promtool")
    result = subprocess.run(
        ["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_table_of_metrics_is_fresh(table: ModuleType) -> None:
    """After a change of the metrics: python docs/metrics_table.py."""
    text = PAGE.read_text()

    assert text == table.page(text)


def test_the_rules_are_well_formed() -> None:
    """Prometheus can read every expression and every template of the alerts."""
    assert f"{len(alerts())} rules found" in promtool("check", "rules", RULES)


def test_each_alert_fires_when_it_should() -> None:
    """Each fires on the figures that it is for, and none on those of a daemon that is well."""
    promtool("test", "rules", "eidos.rules.test.yml")


def test_each_alert_is_tried() -> None:
    """No alert is in the rules that the test of the rules has not seen fire."""
    tried = set(re.findall(r'alertname="(\w+)"', (FOLDER / "eidos.rules.test.yml").read_text()))

    assert tried == {alert["alert"] for alert in alerts()}


def test_each_alert_says_what_to_do() -> None:
    """It has a severity, a sentence, and the runbook that helps."""
    for alert in alerts():
        name = alert["alert"]
        assert alert["labels"]["severity"] in {"warning", "critical"}, name
        assert alert["annotations"]["summary"].endswith("."), name
        assert alert["annotations"]["description"], name
        book = re.fullmatch(r"docs/runbooks/([\w-]+)\.md", alert["annotations"]["runbook_url"])
        assert book, name
        assert book[1] in RUNBOOKS, name


def test_alerts_and_dashboard_ask_for_metrics_that_exist(table: ModuleType) -> None:
    """A metric that was renamed would leave an alert silent for ever."""
    asked = {name for text in (*(alert["expr"] for alert in alerts()), *expressions())
             for name in METRIC.findall(text)}  # fmt: skip

    assert asked - table.names() == set()


def test_alerts_ask_for_labels_that_exist(table: ModuleType) -> None:
    """Nor would an alert fire that waits for a code, a reason or a process that there is not."""
    known = {
        value for family in table.families() for sample in family.samples
        for value in sample.labels.values()
    }  # fmt: skip
    asked = {
        value for text in (*(alert["expr"] for alert in alerts()), *expressions())
        for values in re.findall(r'(?:command|type|outcome|verdict|process)=~?"([^"]+)"', text)
        for value in values.split("|")
    }  # fmt: skip

    assert asked - known == set()


def test_every_metric_is_on_the_dashboard(table: ModuleType) -> None:
    """What is measured can be seen, but for what only an alert or a panel of another asks."""
    seen = {name for text in expressions() for name in METRIC.findall(text)}
    shown = {family.name for family in table.families()
             if any(name.startswith(family.name) for name in seen)}  # fmt: skip
    hidden = {family.name for family in table.families()} - shown

    assert hidden == {
        "eidos_cache_entries",
        "eidos_model_as_chosen",
        "eidos_process_max_fds",
        "eidos_reloads",
    }


def test_the_dashboard_can_be_imported() -> None:
    """Its panels have a title, an id and a place of their own, and ask the chosen data source."""
    found = panels()

    assert len({panel["id"] for panel in found}) == len(found)
    assert all(panel["title"] for panel in found)
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in found
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert {panel["datasource"]["uid"] for panel in found} == {"${datasource}"}


def test_prometheus_can_read_what_the_dashboard_asks(tmp_path: Path) -> None:
    """Every expression of every panel is one that Prometheus parses."""
    plain = [
        text.replace("$__rate_interval", "5m").replace("$instance", ".*") for text in expressions()
    ]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(plain)]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    assert f"{len(rules)} rules found" in promtool("check", "rules", file)


@pytest.mark.model
def test_a_real_prometheus_collects_from_a_real_daemon(own: RealDaemon, tmp_path: Path) -> None:
    """Daemon, exporter and Prometheus with our rules: an answer's figures can be asked for."""
    need("prometheus")
    own.ask(EXAMPLE)

    with exporter(own) as port, prometheus(tmp_path, port) as ask:
        until(lambda: ask("eidos_up") == ["1"])

        assert ask('eidos_requests_total{command="suggest", outcome="ok"}') == ["1"]
        assert ask('eidos_phase_duration_seconds_count{phase="generate"}') == ["1"]
        assert ask("count(eidos_build_info)") == ["1"]
        assert ask('count(ALERTS{alertname!="EidosNotScraped"})') == []


@contextmanager
def exporter(daemon: RealDaemon) -> Iterator[int]:
    """Serve the metrics of *daemon*, and give the port."""
    command = [daemon.eidosctl, "metrics", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        command, env=daemon.environ, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            found = re.search(r"port (\d+)", said)
            assert found, said
            yield int(found[1])
        finally:
            process.terminate()


@contextmanager
def prometheus(folder: Path, port: int) -> Iterator[Any]:
    """Run a Prometheus that collects from *port* each second; give what asks it for figures."""
    scrape = {"job_name": "eidos", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [scrape],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.create_server(("127.0.0.1", 0)) as free:
        own_port = free.getsockname()[1]
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": f"127.0.0.1:{own_port}",
    }
    log = folder / "prometheus.log"
    command = ["prometheus", *(f"--{key}={value}" for key, value in options.items())]
    with log.open("wb") as file, subprocess.Popen(command, stderr=file) as process:
        try:
            yield lambda text: _figures(own_port, text, process, log)
        finally:
            process.terminate()


def _figures(port: int, text: str, process: "subprocess.Popen[bytes]", log: Path) -> list[str]:
    assert process.poll() is None, log.read_text()
    query = urllib.parse.urlencode({"query": text})
    url = f"http://127.0.0.1:{port}/api/v1/query?{query}"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            body = json.load(answer)
    except OSError:  # it is not listening yet
        return []
    return [each["value"][1] for each in body["data"]["result"]]
