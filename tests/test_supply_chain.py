"""What Eidos is made of is locked and licensed, and the workflows take no more than they need.

tests/supply checks what needs the network or programs of its own: docs/supply-chain.md.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from layers import REPOSITORY
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.insert(0, str(REPOSITORY / "docs"))

import licences

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
LOCKS = REPOSITORY / "requirements"
RUNTIME = [*PROJECT["project"]["dependencies"], *EXTRAS["remote"], *EXTRAS["tracing"]]
BUILD = PROJECT["build-system"]["requires"]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))

ENTRY = re.compile(
    r"^([A-Za-z0-9][^\\\n]*)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [("runtime", RUNTIME), ("dev", [*RUNTIME, *EXTRAS["dev"]]), ("build", BUILD)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_lock_fits_what_pyproject_asks_for(lock: str, wanted: list[str]) -> None:
    """Every requirement is locked, in a version that it allows; else: bash requirements/compile."""
    versions = _versions(lock)

    wrong = [text for text in wanted if not _fits(Requirement(text), versions)]
    assert wrong == []


def test_the_build_lock_is_made_from_what_pyproject_builds_with() -> None:
    """requirements/build.in, which pyproject.toml cannot be read for, says the same."""
    text = (LOCKS / "build.in").read_text()

    assert [line for line in text.splitlines() if not line.startswith("#")] == BUILD


@pytest.mark.parametrize("lock", ["runtime", "dev", "build", "supply"])
def test_every_line_of_a_lock_is_a_version_with_hashes(lock: str) -> None:
    """Nothing is in a lock but exact versions, each with the SHA-256 of its files, and comments."""
    text = (LOCKS / f"{lock}.txt").read_text()

    rest = ENTRY.sub("", text)
    assert [line for line in rest.splitlines() if line and not line.lstrip().startswith("#")] == []
    assert all(str(entry.specifier).startswith("==") for entry in _entries(lock))
    assert "://" not in text  # no index and no host: pip's own settings say where to look


def test_users_and_tests_get_the_same_versions() -> None:
    """What the tests run with is what the lock for users says, for each package of it."""
    tested = _versions("dev")

    different = {name for name, found in _versions("runtime").items() if tested.get(name) != found}
    assert different == set()


def test_the_lock_for_users_is_complete() -> None:
    """All that a locked package needs is locked: with --no-deps nothing would be missing."""
    versions = _versions("runtime")

    missing = {
        f"{name} needs {need}"
        for name in licences.locked()
        for need in distribution(name).requires or []
        if _is_wanted(Requirement(need))
        and canonicalize_name(Requirement(need).name) not in versions
    }
    assert missing == set()


def test_the_page_of_licences_is_fresh() -> None:
    """After a change of the lock: python docs/licences.py."""
    text = licences.PAGE.read_text()

    assert text == licences.page(text)


def test_every_licence_is_compatible_with_ours() -> None:
    """What users install may be joined with a work under GPL-3.0-only."""
    found = {name: licences.licence(name) for name in licences.locked()}

    assert len(found) > len(PROJECT["project"]["dependencies"])
    assert [name for name, said in found.items() if not licences.is_compatible(said)] == []


@pytest.mark.parametrize(
    ("expression", "compatible"),
    [
        ("MIT", True),
        ("Apache-2.0 AND BSD-2-Clause", True),
        ("GPL-2.0-only OR MIT", True),
        ("GPL-2.0-only", False),
        ("MIT AND CDDL-1.0", False),
        ("BSD-4-Clause", False),
        ("(MIT OR GPL-2.0-only) AND CDDL-1.0", False),
    ],
)
def test_one_bad_part_makes_a_licence_incompatible(expression: str, *, compatible: bool) -> None:
    """Each part that is joined by AND must be fine; of parts joined by OR one is enough."""
    assert licences.is_compatible(expression) is compatible


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_action_is_pinned(file: Path) -> None:
    """An action is named by its commit, with its version behind it: a moved tag changes nothing."""
    uses = re.findall(r"uses: (.*)", file.read_text())

    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", use)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_has_no_rights_that_no_job_names(file: Path) -> None:
    """Rights are given job by job; what reads the repository keeps no credentials of it."""
    workflow = _yaml(file)

    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        assert job["timeout-minutes"] <= 60, name
        for step in job["steps"]:
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, name


def test_only_a_release_may_write() -> None:
    """Nothing but the jobs that publish has a right to write, and none of these runs our code."""
    for file in WORKFLOWS:
        for name, job in _yaml(file)["jobs"].items():
            if "write" in job["permissions"].values():
                assert file.name == "release.yml", name
                assert "actions/checkout" not in str(job["steps"]), name


def test_github_runs_what_ci_runs() -> None:
    """The workflow calls .ci/run, and there an audit that could not be done is a fault."""
    steps = _yaml(REPOSITORY / ".github" / "workflows" / "ci.yml")["jobs"]["run"]["steps"]

    assert steps[-1]["run"] == "bash .ci/run"
    assert steps[-1]["env"] == {"EIDOS_AUDIT": "required"}


def test_updates_are_proposed_for_all_that_is_pinned() -> None:
    """Dependabot looks at the locks, the workflows and the Containerfile."""
    updates = _yaml(REPOSITORY / ".github" / "dependabot.yml")["updates"]

    watched = {
        it["package-ecosystem"]: it.get("directories", it.get("directory")) for it in updates
    }
    assert watched == {
        "uv": ["/", "/requirements"],
        "github-actions": "/",
        "docker": "/docs/container",
    }


def _entries(lock: str) -> Iterator[Requirement]:
    for entry, _ in ENTRY.findall((LOCKS / f"{lock}.txt").read_text()):
        yield Requirement(entry)


def _versions(lock: str) -> dict[str, str]:
    """Return the versions in *lock* for a machine like this one, by normalized name."""
    return {
        canonicalize_name(entry.name): str(entry.specifier).removeprefix("==")
        for entry in _entries(lock)
        if entry.marker is None or entry.marker.evaluate()
    }


def _fits(wanted: Requirement, versions: dict[str, str]) -> bool:
    version = versions.get(canonicalize_name(wanted.name))
    return version is not None and wanted.specifier.contains(version, prereleases=True)


def _is_wanted(need: Requirement) -> bool:
    """Tell whether *need* holds here without any extra."""
    return need.marker is None or need.marker.evaluate({"extra": ""})


def _yaml(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())
