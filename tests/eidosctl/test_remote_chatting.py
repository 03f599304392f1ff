"""`eidosctl chat` with the real eidos-remote and a provider on loopback."""

from typing import TYPE_CHECKING

from home import EIDOSCTL, Home
from shell.terminal import Terminal

from eidosctl.conversations import Conversations

if TYPE_CHECKING:
    from faulty_server import FaultyServer

KEY = "a-key-of-nobody"
SECRET = "AKIA" + "Q3EGRIZVWXYZ2345"


def test_a_question_goes_all_the_way(home: Home, provider: "FaultyServer") -> None:
    """Not before it was allowed; then without its secrets, and the answer is kept."""
    refused = home.run("chat", "x")
    assert refused.returncode == 4
    assert provider.seen == []
    home.ok("remote", "allow", "chat", "--yes")

    result = home.run("chat", f"what is {SECRET}?")

    assert (result.returncode, result.stdout) == (0, "two words\n")
    assert "in its place: AWS access key" in result.stderr
    sent = provider.payloads[-1]["messages"][-1]["content"]
    assert SECRET not in sent
    assert Conversations.ours().read(1)[0].turn.text == sent
    everything = [path.read_bytes() for path in home.root.rglob("*") if path.is_file()]
    for secret in (SECRET, KEY):
        assert not any(secret.encode() in content for content in everything)


def test_ctrl_c_closes_the_connection_to_the_provider(home: Home, provider: "FaultyServer") -> None:
    """The provider is not left writing for nobody; the session answers the next question."""
    from chat_server import drips

    provider.script.append(drips("word "))
    env = {**home.environ, "TERM": "xterm-256color", "EIDOS_CHAT_MODEL": "small-model"}
    with Terminal([str(EIDOSCTL), "chat"], env=env, cwd=home.path) as terminal:
        terminal.until_line(">")
        terminal.press("one\r")
        terminal.until("[y/N]", timeout_s=30)
        terminal.press("y\r")
        terminal.until("word word")

        terminal.press("\x03")

        terminal.until("(stopped)")
        assert provider.hung_up.acquire(timeout=10)
        terminal.until_line(">")
        terminal.press("two\r")
        terminal.until("two words")
