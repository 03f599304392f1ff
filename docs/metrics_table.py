"""Write the table of metrics into docs/metrics.md: python docs/metrics_table.py."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from msgspec import inspect
from prometheus_client.core import Metric

from eidos.exposition import Counted, Served, Used
from eidos.metrics import Metrics
from eidos.process_usage import MemoryUsage, ProcessUsage
from eidos.status import StatusBody
from eidosctl.metrics_export import up

PAGE = Path(__file__).with_name("metrics.md")
MARK = "## All metrics\n"
"""What stands before this line is written by hand."""


def page(text: str) -> str:
    """Return *text*, the page as it is, with the table of the metrics as they are now."""
    by_hand = text.partition(MARK)[0]
    return "\n".join([by_hand + MARK, *_rows(), ""])


def names() -> set[str]:
    """Return the name of each time series that Prometheus may get, `_bucket` and all."""
    return {sample.name for family in families() for sample in family.samples}


def families() -> list[Metric]:
    """Return every metric there is, as a daemon with one engine under systemd has them."""
    usage = ProcessUsage(1, 1, 1, 1, 1, 1)
    used = Used({"daemon": usage, "engine-0": usage}, MemoryUsage(1, 1), 1)
    found = [*Counted(Metrics()).collect(), *Served(any_status()).collect(), *used.collect()]
    return [*found, up(is_up=True)]


def any_status() -> StatusBody:
    """Return a body of a status reply with something in every field, one engine included."""
    return cast("StatusBody", _any(inspect.type_info(StatusBody)))


def _any(kind: inspect.Type) -> object:
    match kind:
        case inspect.StructType():
            return kind.cls(**{field.name: _any(field.type) for field in kind.fields})
        case inspect.ListType():
            return [_any(kind.item_type)]
        case inspect.UnionType():
            return _any(kind.types[0])
        case inspect.DictType():
            return {}
        case inspect.StrType():
            return ""
        case _:
            return 1


def _rows() -> Iterator[str]:
    yield "| metric | type | labels | what it is |"
    yield "|---|---|---|---|"
    for family in families():
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        cells = (
            f"`{family.name}{suffix}`",
            "gauge" if family.type == "info" else family.type,
            ", ".join(f"`{label}`" for label in labels),
            family.documentation,
        )
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
