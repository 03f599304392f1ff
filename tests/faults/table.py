"""All faults that are done to a daemon under load, in the order of docs/faults.md."""

from typing import Final

from faults import client_faults, file_faults, process_faults, upgrade_faults
from faults.file_faults import WITHOUT_RIGHTS
from faults.scene import Fault

_IMPATIENT: Final = {"EIDOS_ENGINE_TIMEOUT_S": "2", "EIDOS_DEADLINE_S": "6"}
_PATIENT: Final = {"EIDOS_DEADLINE_S": "60"}
"""Where the machine is slow an answer may be late, and late is no fault."""
_SHORT_QUEUE: Final = {**_PATIENT, "EIDOS_QUEUE_SIZE": "8", "EIDOS_RATE_LIMIT_PER_S": "10"}
"""What a flood leaves behind is soon worked off."""
_MINUTE_S: Final = 55.0
"""Less than a client waits for its answer: 60 s."""
_FEW_FILES: Final = ("prlimit", "--nofile=128:128")

FAULTS: Final = (
    Fault("engine killed (SIGKILL)", process_faults.kill_engine),
    Fault("engine stopped (SIGSTOP) for good", process_faults.stop_engine, _IMPATIENT),
    Fault("engine stopped for a while", process_faults.halt_engine, _IMPATIENT, long_s=_MINUTE_S),
    Fault("daemon killed (SIGKILL) in requests", process_faults.kill_daemon, ends_daemon=True),
    Fault(
        "daemon ended (SIGTERM) and started again", process_faults.restart_daemon, ends_daemon=True
    ),
    Fault("daemon stopped (SIGSTOP) for a while", process_faults.halt_daemon, long_s=_MINUTE_S),
    Fault(
        "daemon and engine stopped for a while (suspend)", process_faults.suspend, long_s=_MINUTE_S
    ),
    Fault("socket's file deleted", file_faults.delete_socket),
    Fault("socket's folder deleted", file_faults.delete_folder),
    Fault("lock's file deleted, second daemon started", file_faults.delete_lock, ends_daemon=True),
    Fault("socket's folder open to others (0755)", file_faults.open_folder),
    Fault("socket's folder closed to all (0000)", file_faults.close_folder, wrapper=WITHOUT_RIGHTS),
    Fault(
        "disk full, and the engine killed",
        file_faults.fill_disk,
        needs_root=True,
        prepare=file_faults.small_disk,
    ),
    Fault(
        "open files exhausted by connections",
        process_faults.exhaust_files,
        ends_daemon=True,
        wrapper=_FEW_FILES,
    ),
    Fault(
        "no open file left for a new engine",
        process_faults.kill_engine_without_files,
        ends_daemon=True,
    ),
    Fault(
        "clock set ahead a year, then back ten",
        process_faults.jump_clock,
        prepare=process_faults.own_clock,
    ),
    Fault(
        "model written over in place, engine killed",
        file_faults.damage_model,
        prepare=file_faults.own_model,
    ),
    Fault("model cut off in place", file_faults.truncate_model, prepare=file_faults.own_model),
    Fault("wrong configuration, then another one (SIGHUP)", file_faults.break_configuration),
    Fault("1,000 idle connections", client_faults.stay_idle),
    Fault("clients that do not read", client_faults.read_slowly, _PATIENT),
    Fault("a client that floods, beside a polite one", client_faults.flood, _SHORT_QUEUE),
    Fault("messages of garbage", client_faults.garble),
    Fault("clients of another protocol", upgrade_faults.meet_other_clients),
    Fault(
        "package replaced, and the engine killed",
        upgrade_faults.upgrade_in_place,
        ends_daemon=True,
        prepare=upgrade_faults.own_package,
    ),
)
