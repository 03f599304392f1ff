"""What is right in a configuration and will not work: said by `config check` as by the doctor."""

from collections.abc import Iterator

from eidos.errors import EidosError
from eidosctl import config_faults, doctor, doctor_remote, service
from eidosctl.doctor import Check
from eidosctl.place import Place


def warnings(place: Place) -> Iterator[Check]:
    """Yield a check for each part that is not well; the file of *place* must be sound."""
    steps = (
        doctor.config_checks,
        doctor.model_checks,
        doctor_remote.checks,
        doctor_remote.key_checks,
    )
    for step in steps:
        try:
            yield from (check for check in step(place) if not check.ok)
        except EidosError as exc:
            yield Check("config", ok=False, detail=str(exc), mend=f"edit {place.config}")
    if service.manager_of_unit(place) is None:
        for message in config_faults.hidden(place):
            yield Check("config", ok=False, detail=message, mend="unset the variable")
