"""Nothing goes to a host before the user was told, and agreed, and nothing after they revoked."""

import json
import stat
from pathlib import Path

import pytest

from eidos.audit import AuditLog
from eidos.errors import EidosError, RequestRefused
from eidos_remote.consent import ConsentNeeded, Consents
from eidos_remote.messages import Code, Purpose
from eidos_remote.notice import is_this_machine, notice_text
from eidos_remote.provider import Key, Provider, ProviderName
from eidosctl.auditing import read

_PROVIDER = Provider(name=ProviderName.OPENAI, url="https://api.openai.com", key=Key("k" * 20))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the state that is ours alone."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def audit(folder: Path) -> AuditLog:
    """An audit log of the test's own."""
    return AuditLog(folder / "state.sqlite3")


@pytest.fixture
def consents(folder: Path, audit: AuditLog) -> Consents:
    """Nothing is allowed yet."""
    return Consents(folder / "remote-consent.json", audit)


def _is_allowed(consents: Consents, purpose: Purpose, provider: Provider = _PROVIDER) -> bool:
    try:
        consents.check(purpose, provider, is_redacted=True)
    except ConsentNeeded:
        return False
    return True


def test_nothing_is_allowed_at_first(consents: Consents) -> None:
    """The first check raises, with the notice that is to be shown and the command for scripts."""
    with pytest.raises(ConsentNeeded, match="eidosctl remote allow chat") as caught:
        consents.check(Purpose.CHAT, _PROVIDER, is_redacted=True)

    notice = caught.value.notice
    assert caught.value.code == Code.CONSENT
    assert (notice.purpose, notice.provider, notice.host) == ("chat", "openai", "api.openai.com")
    assert "api.openai.com" in notice.text
    assert "k" * 20 not in notice.text


def test_an_agreement_is_for_one_purpose_and_one_host(consents: Consents) -> None:
    """What was allowed for chat is not allowed for requests, nor for another host or port."""
    consents.allow(Purpose.CHAT, _PROVIDER.host)

    assert _is_allowed(consents, Purpose.CHAT)
    assert not _is_allowed(consents, Purpose.REQUESTS)
    for url in ("https://api.openai.com.evil.test", "https://api.openai.com:8443"):
        other = Provider(name=ProviderName.OPENAI, url=url)
        assert not _is_allowed(consents, Purpose.CHAT, other)


def test_an_agreement_outlives_the_process(consents: Consents, folder: Path) -> None:
    """It is in a file that only its owner can read, with the provider's name and the date."""
    _is_allowed(consents, Purpose.CHAT)
    consents.allow(Purpose.CHAT, _PROVIDER.host)

    assert _is_allowed(Consents(folder / "remote-consent.json"), Purpose.CHAT)
    assert stat.S_IMODE((folder / "remote-consent.json").stat().st_mode) == 0o600
    (entry,) = json.loads((folder / "remote-consent.json").read_text())["given"]
    assert entry["provider"] == "openai"
    assert entry["since"].startswith("20")


def test_revoking_counts_at_once(consents: Consents) -> None:
    """One purpose, or all of them; the next check raises again."""
    for purpose in Purpose:
        consents.allow(purpose, _PROVIDER.host)

    assert consents.revoke(Purpose.CHAT) == 1
    assert not _is_allowed(consents, Purpose.CHAT)
    assert consents.revoke(None) == len(Purpose) - 1
    assert consents.revoke(None) == 0
    assert consents.given() == []


def test_deleting_the_file_counts_at_once(consents: Consents, folder: Path) -> None:
    """`eidosctl privacy purge` needs to tell nobody."""
    consents.allow(Purpose.CHAT, _PROVIDER.host)

    (folder / "remote-consent.json").unlink()

    assert not _is_allowed(consents, Purpose.CHAT)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b'{"version": 2, "given": []}', b'{"version": 1, "given": [{}]}'],
)
def test_a_damaged_file_allows_nothing(consents: Consents, folder: Path, content: bytes) -> None:
    """It is set aside, and the user is asked again and may agree again."""
    (folder / "remote-consent.json").write_bytes(content)

    assert not _is_allowed(consents, Purpose.CHAT)
    assert (folder / "remote-consent.json.damaged").read_bytes() == content
    consents.allow(Purpose.CHAT, _PROVIDER.host)
    assert _is_allowed(consents, Purpose.CHAT)


def test_a_file_that_others_could_have_written_allows_nothing(
    consents: Consents, folder: Path
) -> None:
    """Neither one that a group may write, nor a link to anywhere."""
    consents.allow(Purpose.CHAT, _PROVIDER.host)
    (folder / "remote-consent.json").chmod(0o660)
    assert not _is_allowed(consents, Purpose.CHAT)

    consents.allow(Purpose.CHAT, _PROVIDER.host)
    (folder / "remote-consent.json").rename(folder / "elsewhere")
    (folder / "remote-consent.json").symlink_to(folder / "elsewhere")
    assert not _is_allowed(consents, Purpose.CHAT)


def test_what_cannot_be_written_is_not_allowed(tmp_path: Path, audit: AuditLog) -> None:
    """The error names the file; no agreement is there that is gone after the next start."""
    (tmp_path / "file").touch()
    consents = Consents(tmp_path / "file" / "remote-consent.json", audit)

    with pytest.raises(EidosError):
        consents.allow(Purpose.CHAT, _PROVIDER.host)


@pytest.mark.parametrize("host", ["", "a b", "a\nb", "x" * 301])
def test_a_host_that_is_none_is_refused(consents: Consents, host: str) -> None:
    """Nothing that a client sends gets into the file unless it may be a host's name."""
    with pytest.raises(RequestRefused):
        consents.allow(Purpose.CHAT, host)

    assert consents.given() == []


def test_what_stands_before_a_host_is_kept_nowhere(consents: Consents, folder: Path) -> None:
    """A user and a password in an address are neither shown nor written."""
    provider = Provider(name=ProviderName.COMPATIBLE, url="https://bob:kestrel4711@h.test")

    with pytest.raises(ConsentNeeded) as caught:
        consents.check(Purpose.CHAT, provider, is_redacted=True)
    consents.allow(Purpose.CHAT, provider.host)

    assert "kestrel4711" not in f"{caught.value} {caught.value.notice}"
    assert "kestrel4711" not in (folder / "remote-consent.json").read_text()
    assert _is_allowed(consents, Purpose.CHAT, provider)


def test_each_change_is_on_record(consents: Consents, audit: AuditLog) -> None:
    """The audit log says what was allowed and revoked, for which host."""
    consents.allow(Purpose.CHAT, _PROVIDER.host)
    consents.revoke(None)

    changes = [record.values for record in read(audit) if record.event == "remote-consent"]
    assert changes == [
        {"what": "allow", "purpose": "chat", "host": "api.openai.com"},
        {"what": "revoke", "purpose": "all"},
    ]


def test_nothing_is_left_beside_the_file(consents: Consents, folder: Path) -> None:
    """Writing leaves no second file behind."""
    consents.allow(Purpose.CHAT, _PROVIDER.host)

    written = [path.name for path in folder.iterdir() if "consent" in path.name]
    assert written == ["remote-consent.json"]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_notice_says_what_goes_where_and_how_to_forbid_it(purpose: Purpose) -> None:
    """What is sent, the host, what is taken out, what the provider may do, and the command."""
    text = notice_text(purpose, "openai", "api.openai.com", is_redacted=True)

    for part in ("sent", "to api.openai.com", "OpenAI", "taken out", "may keep it", "asked once"):
        assert part in text
    assert text.endswith(f"eidosctl remote revoke {purpose}")


def test_a_notice_says_where_nothing_is_taken_out() -> None:
    """With redact off it says so, and does not promise what does not happen."""
    text = notice_text(Purpose.CHAT, "openai", "api.openai.com", is_redacted=False)

    assert "Nothing is taken out" in text
    assert "taken out first" not in text


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost:11434", True), ("127.0.0.1", True), ("[::1]:8080", True), ("127.8.8.8:1", True),
        ("localhost.evil.test", False), ("127.0.0.1.evil.test", False), ("10.0.0.1", False),
        ("[2001:db8::1]:80", False),
    ],
)  # fmt: skip
def test_this_machine_is_told_from_others(host: str, is_here: bool) -> None:
    """Only loopback is called "on this machine"; a name that merely looks like it is not."""
    assert is_this_machine(host) is is_here
    text = notice_text(Purpose.CHAT, "ollama", host, is_redacted=True)
    assert ("on this machine" in text) is is_here
