"""One configuration at work: its engines, what they answered of late, the policy that judges.

A daemon that is told to read its configuration again builds a second Serving beside the first. It
takes over once its engine has loaded its model and answered, so whatever is wrong with the new
configuration is found while the old one serves; and requests under way end with the one that they
began with. Where nothing changed that the engine is told, both share it.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from eidos.answer_cache import AnswerCache
from eidos.config import Config
from eidos.endpoint import Endpoint, endpoint_of
from eidos.engine_messages import EngineSettings, Job
from eidos.engine_process import LOAD_TIMEOUT_S, PROGRAM, REMOTE_PROGRAM
from eidos.engine_supervisor import EngineSupervisor
from eidos.errors import EngineError, ModelError
from eidos.file_identity import Identity, identity_of
from eidos.logs import engine_share
from eidos.model_slots import EMBEDDED, Choice, Chosen, ModelSlots, chosen, data_dir
from eidos.paths import graph_cache_dir
from eidos.rate_limit import RateLimit

if TYPE_CHECKING:
    from eidos.pipeline import Audit, Elsewhere, Pipeline
    from eidos.second_opinion import SecondOpinion

PROBE: Final = Job("probe", "show the date", 1, client="eidosd")
"""What a model is asked to see that it answers; what it answers is shown to nobody."""
_GLANCE_S: Final = 0.2
"""How often it is looked whether an engine dies again and again while it is proved."""
_MAX_DEATHS: Final = 2
"""So often an engine may die before its configuration is given up."""
TRANSLATION_SHARE: Final = 0.4
"""Of a request's deadline; what is left is for the model."""
_NONE: Final[Mapping[Choice, str]] = MappingProxyType({})


class Serving:
    """All that depends on the configuration, built from one and never changed."""

    def __init__(
        self, config: Config, model: Chosen, audit: "Audit", *, beside: "Serving | None" = None
    ) -> None:
        """Build the parts for *config*, with the engine of *beside* if it is told the same.

        Raises:
            ConfigError: the configuration names a server that cannot be used.
        """
        self.config = config
        self.model = model
        self._begin_s = time.monotonic()
        self.endpoint = endpoint_of(config)
        self._audit = audit
        self.told = _told(config, model, self.endpoint)
        """What the engine depends on."""
        self._pipeline: Pipeline | None = None
        self._is_built = asyncio.Event()
        if beside is not None and beside.told == self.told:
            self.engine = beside.engine
            self.running = beside.running
        else:
            self.engine = _supervisor(config, model, self.endpoint)
            self.running = asyncio.create_task(self.engine.run(), name="engines")
            """Ends by an error only, if the model cannot be used when it is first loaded."""
        self.answers = AnswerCache(
            self.engine, size=config.cache_size, max_age_s=config.cache_age_s
        )
        self.rate = RateLimit(config.rate_limit_per_s)
        self._opinion: SecondOpinion | None = None

    @property
    def age_s(self) -> float:
        """How long ago it was begun."""
        return time.monotonic() - self._begin_s

    def forget(self) -> int:
        """Forget what was answered of late; return how many answers that were."""
        others = self._opinion.forget() if self._opinion else 0
        return self.answers.forget() + others

    async def build(self) -> None:
        """Build what takes its time, while the engine loads its model: the rules take 0.2 s.

        Raises:
            ConfigError: the configuration names a rule that is none.
            ModelError: the weights of the ranking are damaged.
        """
        self._pipeline = await asyncio.to_thread(self._new_pipeline)
        self._is_built.set()

    async def pipeline(self) -> "Pipeline":
        """Return the pipeline, once it is built."""
        while self._pipeline is None:
            await self._is_built.wait()
        return self._pipeline

    async def prove(self) -> None:
        """Build all, and return once the engine has loaded its model and the model has answered.

        A server in the model's place is not asked: one that is down may be up when somebody asks.

        Raises:
            ModelError: the model cannot be used, or answers nothing.
            EngineError: the engine dies again and again, or does not answer in time.
            ConfigError: the configuration names a rule that is none.
        """
        await self.build()
        deaths = self.engine.restarts
        probe = asyncio.create_task(self.probe(), name="probe")
        timeout_s = LOAD_TIMEOUT_S + self.config.engine_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                while not probe.done():
                    either = (probe, self.running)
                    await asyncio.wait(
                        either, timeout=_GLANCE_S, return_when=asyncio.FIRST_COMPLETED
                    )
                    if not probe.done():
                        self._give_up_if_hopeless(self.engine.restarts - deaths)
            probe.result()
        except TimeoutError:
            raise EngineError(f"the model gave no answer within {timeout_s:g} s") from None
        finally:
            probe.cancel()

    async def probe(self) -> None:
        """Return once the model has answered; at once where a server answers in its place.

        Raises:
            ModelError: it answers nothing.
            RequestRefused, EngineError: as the engine does.
        """
        if self.endpoint is not None:
            return
        drafts = await self.engine.generate(PROBE)
        if not any(draft.text for draft in drafts if draft.is_generated):
            raise ModelError(f"the model answers nothing to {PROBE.text!r}; use another one")

    async def end(self) -> None:
        """End the engines, whatever they work on."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    def _give_up_if_hopeless(self, deaths: int) -> None:
        if self.running.done():
            self.running.result()
        if deaths >= _MAX_DEATHS:
            raise EngineError("its engine dies again and again; the log says of what")

    def _new_pipeline(self) -> "Pipeline":
        from eidos.pipeline import Pipeline
        from eidos.ranking import load_weights
        from eidos.surroundings import Host
        from eidos.validator.policy import Policy, Profile

        config = self.config
        policy = Policy.build(config.profile, config.rules)
        if config.profile != Profile.BALANCED or config.rules:
            # On record: this daemon judges otherwise than the table of rules says.
            rules = " ".join(f"{rule}={level}" for rule, level in config.rules.items())
            self._audit.record("policy", profile=config.profile, rules=rules)
        host = Host(os.environ.get("PATH", os.defpath))
        elsewhere = self._elsewhere()
        return Pipeline(self.answers, policy, self._audit, host, load_weights(), elsewhere)

    def _elsewhere(self) -> "Elsewhere":
        from eidos.foreign import Foreign
        from eidos.pipeline import Elsewhere
        from eidos.remote_asking import RemoteAsking
        from eidos.second_opinion import SecondOpinion

        config, remote = self.config, RemoteAsking(os.environ)
        if config.remote_suggestions:
            self._opinion = SecondOpinion(
                remote, size=config.cache_size, max_age_s=config.cache_age_s
            )
        # A server in the model's place may know any language: it is asked as the person asked.
        foreign = Foreign(
            remote if config.translate_requests else None,
            timeout_s=min(config.translate_timeout_s, config.deadline_s * TRANSLATION_SHARE),
        )
        is_asked = config.translate_requests or self.endpoint is None
        return Elsewhere(foreign if is_asked else None, self._opinion, config.deadline_s)


class Unusable:
    """Slots whose model could not be loaded, as long as the same files are in them."""

    def __init__(self) -> None:
        self._noted: dict[Choice, tuple[str, Identity]] = {}

    def note(self, model: Chosen, reason: str) -> None:
        """Remember that *model* cannot be loaded."""
        self._noted[model.name] = reason, identity_of(Path(model.path))

    def now(self) -> dict[Choice, str]:
        """Return the slots whose files are still those that could not be loaded, and why."""
        slots = ModelSlots(data_dir())
        return {
            name: reason
            for name, (reason, identity) in self._noted.items()
            if identity_of(slots.slot(name)) == identity
        }


def choose(config: Config, unusable: Mapping[Choice, str] = _NONE) -> Chosen:
    """Return the model for *config*: the one that it names, else that of the slot in use.

    It reads all of a slot's files, 0.07 s for 76 MB, and may be called from any thread.
    """
    if config.model_path or config.tokenizer_path or config.remote_url:
        return Chosen(EMBEDDED, config.model_path)
    return chosen(data_dir(), unusable=unusable)


def difference(old: Serving, new: Serving) -> str:
    """Return in words what is other in *new*: names of keys, never values."""
    names = Config.__dataclass_fields__
    changed = [name for name in names if getattr(old.config, name) != getattr(new.config, name)]
    what = [f"changed: {', '.join(changed)}" if changed else "no setting has changed"]
    if new.model != old.model:
        slot = new.model.name
        of = "the embedded one" if slot == EMBEDDED else f"that of slot {slot}"
        what.append(f"the model is {of}")
    if new.engine is not old.engine:
        what.append(f"a new engine took over after {new.age_s:.1f} s")
    return "; ".join(what)


def _told(config: Config, model: Chosen, endpoint: Endpoint | None) -> tuple[object, ...]:
    """Return all that an engine depends on: where it is the same, no other engine is needed."""
    settings = _settings(config, model, endpoint)
    queue = (config.queue_size, config.engine_timeout_s, config.deadline_s, config.engines)
    files = [path for path in (model.path, config.tokenizer_path) if path]
    return settings, *queue, *(identity_of(Path(path)) for path in files)


def _supervisor(config: Config, model: Chosen, endpoint: Endpoint | None) -> EngineSupervisor:
    return EngineSupervisor(
        _settings(config, model, endpoint),
        queue_size=config.queue_size,
        job_timeout_s=config.engine_timeout_s,
        deadline_s=config.deadline_s,
        engines=config.engines,
        program=PROGRAM if endpoint is None else REMOTE_PROGRAM,
    )


def _settings(config: Config, model: Chosen, endpoint: Endpoint | None) -> EngineSettings:
    return EngineSettings(
        model_path=model.path,
        tokenizer_path=config.tokenizer_path,
        threads=config.threads,
        max_tokens=config.max_tokens,
        log_level=config.log_level,
        log_format=config.log_format,
        log_mb_per_day=engine_share(config.log_mb_per_day, config.engines),
        # A kept graph is loaded no faster, and saves memory from the second engine on.
        graph_cache=str(graph_cache_dir()) if config.engines > 1 else "",
        remote=endpoint,
    )
