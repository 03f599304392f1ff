"""The remote engine in `eidosctl doctor`: where texts go, its key, and a way to the network."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from eidos.config import Config
from eidos.endpoint import Endpoint, endpoint_of, read_key
from eidos.errors import ConfigError
from eidos.resources import systemd_dir
from eidosctl import service
from eidosctl.doctor import Check
from eidosctl.place import UNIT, Place

DROP_IN: Final = "60-remote-engine.conf"
"""Behind 50-sandbox.conf: of two settings the later one counts."""
_NAME: Final = "remote engine"


def checks(place: Place) -> Iterator[Check]:
    """Yield a check for each part of the remote engine; none where no server is configured."""
    try:
        config = Config.load(place.environ, place.config)
    except ConfigError:
        return  # doctor.py tells of it
    try:
        endpoint = endpoint_of(config)
        if endpoint is not None:
            yield Check(_NAME, ok=True, detail=f"{endpoint.url}; {endpoint.warning}")
            yield from _key(endpoint, place)
            yield from _package()
            yield from _network(place)
    except ConfigError as exc:
        yield Check(_NAME, ok=False, detail=str(exc), mend=f"edit {place.config}")


def _key(endpoint: Endpoint, place: Place) -> Iterator[Check]:
    detail = "a key is sent along" if read_key(endpoint, place.environ) else "no key is sent along"
    yield Check(_NAME, ok=True, detail=detail)


def _package() -> Iterator[Check]:
    try:
        version("httpx")
    except PackageNotFoundError:
        detail = "the package httpx is not installed"
        yield Check(_NAME, ok=False, detail=detail, mend="pip install 'eidosctl[remote]'")


def _network(place: Place) -> Iterator[Check]:
    manager = service.manager_of_unit(place)
    if manager is None:
        return
    rules = manager.properties(UNIT, "RestrictAddressFamilies", "PrivateNetwork")
    families = rules.get("RestrictAddressFamilies", "").split()
    if "AF_INET" in families and rules.get("PrivateNetwork") == "no":
        yield Check(_NAME, ok=True, detail=f"{UNIT} may use the network")
        return
    folder = place.sandbox.parent
    copy = f"mkdir -p {folder} && cp {systemd_dir() / 'remote-engine.conf'} {folder / DROP_IN}"
    mend = f"{copy} && systemctl --user daemon-reload && eidosctl restart"
    yield Check(_NAME, ok=False, detail=f"{UNIT} forbids the network, on purpose", mend=mend)
