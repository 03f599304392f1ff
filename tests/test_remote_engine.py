"""The remote engine, a real process, asks a real server on loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback_server import CERTIFICATE
from openai_server import (
    Handler,
    OpenAiServer,
    fails,
    hangs_up,
    openai_server,
    pours,
    sends,
    waits,
    writes,
)
from remote_program import RemoteProgram, endpoint, remote_program, settings

from eidos import engine_messages as messages
from eidos.context import Context
from eidos.remote_answers import UNSAID_LOG_PROBABILITY, UNSAID_TOKENS
from eidos.remote_engine import SLOTS

PATIENCE_S = 20
KEY = "sk-a-secret-of-the-team"
TYPED = "nothing at all"
"""Nothing that is known is like it."""


@pytest.fixture(scope="module")
def only_server() -> Iterator[OpenAiServer]:
    """The server of all these tests."""
    with openai_server() as running:
        yield running


@pytest.fixture(scope="module")
def program(
    only_server: OpenAiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RemoteProgram]:
    """A remote engine that asks the server with a key, for all tests that leave it as it was."""
    given, folder = endpoint(only_server.url), tmp_path_factory.mktemp("program")
    with remote_program(given, folder, EIDOS_REMOTE_KEY=KEY) as running:
        assert only_server.seen == []  # it is ready before anything is sent
        only_server.default = writes("ls", -0.1)
        running.ask(TYPED)  # now it knows that this server tells probabilities
        yield running


@pytest.fixture
def server(only_server: OpenAiServer) -> OpenAiServer:
    """The server, which writes `ls` whatever it is asked."""
    only_server.reset(writes("ls", -0.1))
    return only_server


@pytest.fixture
def own(server: OpenAiServer, tmp_path: Path) -> Iterator[RemoteProgram]:
    """A remote engine for one test, which may end it or teach it something."""
    with remote_program(endpoint(server.url), tmp_path) as running:
        yield running


@pytest.fixture
def hasty(server: OpenAiServer, tmp_path: Path) -> Iterator[RemoteProgram]:
    """A remote engine that waits half a second for the server."""
    with remote_program(endpoint(server.url, timeout_s=0.5), tmp_path) as running:
        yield running


def cut_off(server: OpenAiServer) -> bool:
    """Say whether a client closed its connection while it was kept waiting."""
    return server.hung_up.acquire(timeout=PATIENCE_S)


def test_it_is_ready_before_anything_is_sent(server: OpenAiServer, own: RemoteProgram) -> None:
    """It names the server's address, takes several jobs at a time, and has not asked anything."""
    loaded = own.first

    assert isinstance(loaded, messages.Loaded)
    assert (loaded.path, loaded.slots, loaded.sha256) == (server.url, SLOTS, "")
    assert server.seen == []


def test_a_server_with_our_weights_gets_our_prompt(
    server: OpenAiServer, program: RemoteProgram
) -> None:
    """The prompt is the model's own, greedy, with its end token; the key is in a header alone."""
    server.default = writes("  ls -lS\n", -0.25, -0.5)

    drafts = program.ask(TYPED)

    (seen,) = server.seen
    assert seen.path == "/v1/completions"
    assert seen.headers["Authorization"] == f"Bearer {KEY}"
    assert seen.payload == {
        "prompt": f"<|im_start|>user\n{TYPED}<|im_end|>\n<|im_start|>assistant\n",
        "max_tokens": 40,
        "temperature": 0,
        "seed": 0,
        "stop": ["<|im_end|>"],
        "stream": False,
        "logprobs": 1,
    }
    assert drafts == [messages.Draft("ls -lS", -0.75, 3)]


def test_a_chat_model_is_told_the_request_and_the_shell_alone(
    server: OpenAiServer, tmp_path: Path
) -> None:
    """Neither file names nor the last command leave; of what comes back the command is taken."""
    server.default = writes("Sure, here you go:\n```fish\nls -S\n```\nThis lists files.", -0.1)
    given = endpoint(server.url, kind="chat", model="big-one")
    context = Context("fish", last="cat secret.txt", status=1, files=("secret.txt",))

    with remote_program(given, tmp_path) as program:
        program.send(messages.Job("one", "list\nfiles", 1, context))
        answer = program.receive()

    (seen,) = server.seen
    system, user = seen.payload["messages"]
    assert (seen.path, seen.payload["model"]) == ("/v1/chat/completions", "big-one")
    assert "fish command line for Linux" in system["content"]
    assert user == {"role": "user", "content": "list files"}
    assert "secret" not in json.dumps(seen.payload)
    assert "Authorization" not in seen.headers
    assert isinstance(answer, messages.Done)
    assert answer.drafts[0] == messages.Draft("ls -S", UNSAID_LOG_PROBABILITY, UNSAID_TOKENS)


def test_known_commands_come_from_this_machine(
    server: OpenAiServer, program: RemoteProgram
) -> None:
    """A known command stands behind the server's, or marks the server's as known."""
    asked = "how much disk space is free"
    server.script.extend([writes("du -s /", -0.1), writes("df -h", -0.1)])

    other, same = program.ask(asked), program.ask(asked)

    assert [(each.text, each.is_generated) for each in other] == [
        ("du -s /", True),
        ("df -h", False),
    ]
    assert [(each.text, each.is_generated) for each in same] == [("df -h", True)]
    assert min(other[1].similarity, same[0].similarity) > 0.9


def test_several_candidates_are_several_requests(
    server: OpenAiServer, program: RemoteProgram
) -> None:
    """The first is greedy, further ones are drawn; the likeliest leads, and none comes twice."""
    server.script.extend([writes("ls", -0.5), writes("ls -a", -0.1), writes("ls", -0.5)])

    drafts = program.ask(TYPED, count=3)

    assert sorted(payload["seed"] for payload in server.payloads) == [0, 1, 2]
    assert {p["seed"]: p["temperature"] > 0 for p in server.payloads} == {
        0: False,
        1: True,
        2: True,
    }
    assert [draft.text for draft in drafts] == ["ls -a", "ls"]


def test_a_further_candidate_that_fails_is_no_failure(
    server: OpenAiServer, program: RemoteProgram
) -> None:
    """Where the greedy answer came, the others may be missing."""

    def act(handler: Handler) -> None:
        (fails(400) if handler.payload["seed"] else writes("ls", -0.5))(handler)

    server.default = act

    assert [draft.text for draft in program.ask(TYPED, count=3)] == ["ls"]


def test_jobs_are_answered_side_by_side(server: OpenAiServer, program: RemoteProgram) -> None:
    """As many jobs as there are slots are at the server at once; each gets its own answer."""
    server.default = waits
    names = [f"job-{number}" for number in range(SLOTS)]
    for name in names:
        program.send(messages.Job(name, TYPED, 1))
    assert all(server.waiting.acquire(timeout=PATIENCE_S) for _ in names)

    server.go_on.set()

    answers = [program.receive() for _ in names]
    assert all(isinstance(answer, messages.Done) for answer in answers)
    assert sorted(answer.id for answer in answers if isinstance(answer, messages.Done)) == names


def test_cancelling_closes_the_connection(server: OpenAiServer, program: RemoteProgram) -> None:
    """The server sees that nobody waits; the job is answered as cancelled, the next one done."""
    server.script.append(waits)
    program.send(messages.Job("slow", TYPED, 1))
    assert server.waiting.acquire(timeout=PATIENCE_S)

    program.send(messages.Cancel("slow"))

    assert program.receive() == messages.Cancelled("slow")
    assert cut_off(server)
    assert program.ask(TYPED)


def test_a_job_cancelled_in_the_same_breath_has_one_answer(program: RemoteProgram) -> None:
    """A job that is cancelled before it began is answered too; a cancel that is late is nothing."""
    assert program.process.stdin is not None
    both = messages.pack(messages.Job("gone", TYPED, 1)) + messages.pack(messages.Cancel("gone"))
    program.process.stdin.write(both + messages.pack(messages.Cancel("never there")))
    program.process.stdin.flush()

    assert program.receive() == messages.Cancelled("gone")
    assert program.ask(TYPED)


def test_it_ends_with_its_daemon(server: OpenAiServer, own: RemoteProgram) -> None:
    """When stdin ends it ends, and closes the connections of what was under way."""
    server.script.append(waits)
    own.send(messages.Job("slow", TYPED, 1))
    assert server.waiting.acquire(timeout=PATIENCE_S)
    assert own.process.stdin is not None

    own.process.stdin.close()

    assert own.process.wait(timeout=PATIENCE_S) == 0
    assert cut_off(server)


@pytest.mark.parametrize(
    ("status", "words", "tries"),
    [
        (401, "refuses the key; check remote_key_file", 1),
        (403, "refuses the key; check remote_key_file", 1),
        (404, "check remote_url, remote_kind and remote_model", 1),
        (307, "set remote_url to the final address", 1),
        (400, "check remote_model and remote_kind", 1),
        (429, "too many requests; try again in a moment", 2),
        (500, "ask who runs it", 2),
        (503, "ask who runs it", 2),
    ],
)
def test_each_refusal_says_who_why_and_what_to_do(
    server: OpenAiServer, program: RemoteProgram, status: int, words: str, tries: int
) -> None:
    """The endpoint is named; what may pass is tried once more; nothing private is said."""
    server.default = fails(status, Location="http://127.0.0.1:9/", Retry_After="0")

    message = program.failure("weigh a zebra")

    assert message.startswith(f"{server.url} answered with HTTP {status}: ")
    assert words in message
    assert len(server.seen) == tries
    for private in ("zebra", KEY):
        assert private not in message + program.log


def test_what_passes_is_tried_once_more(server: OpenAiServer, program: RemoteProgram) -> None:
    """A server that is busy, or hangs up, and answers the second try, was never in trouble."""
    for trouble in (fails(503), fails(429, Retry_After="0"), hangs_up):
        server.script.extend([trouble, writes("ls", -0.1)])

        assert program.ask(TYPED)[0].text == "ls"


def test_a_redirect_is_not_followed(server: OpenAiServer, program: RemoteProgram) -> None:
    """What was typed goes to nobody whom the configuration does not name."""
    with openai_server() as other:
        server.default = fails(308, Location=f"{other.url}/v1/completions")

        assert "HTTP 308" in program.failure(TYPED)
        assert other.seen == []


def test_a_long_wait_is_not_waited_for(server: OpenAiServer, hasty: RemoteProgram) -> None:
    """A second try that the server wants after the deadline is left out."""
    server.default = fails(429, Retry_After="3600")

    assert "too many requests" in hasty.failure(TYPED)
    assert len(server.seen) == 1


def test_a_slow_server_is_given_up(server: OpenAiServer, hasty: RemoteProgram) -> None:
    """After remote_timeout_s the connection is closed, and the message names the setting."""
    server.default = waits

    assert "did not answer within 0.5 s" in (message := hasty.failure(TYPED))
    assert server.url in message
    assert "remote_timeout_s" in message
    assert cut_off(server)


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The engine starts without it; each request says what is wrong."""
    with openai_server() as gone:
        url = gone.url

    with remote_program(endpoint(url), tmp_path) as program:
        message = program.failure(TYPED)

    assert message == f"cannot reach {url}: Connection refused; look with: eidosctl doctor"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>It works!</html>",
        b"\xff\xfe\x00",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{"text": 3}]}',
        b'{"choices": [{"text": "ls", "logprobs": {"token_logprobs": ["a"]}}]}',
        b'{"other": ' + b"[" * 100_000,
    ],
    ids=["empty", "page", "bytes", "list", "no choices", "number", "words", "nested"],
)
def test_garbage_is_named_and_harmless(
    server: OpenAiServer, program: RemoteProgram, body: bytes
) -> None:
    """What is no completion is said to be none; the next answer counts again."""
    server.script.append(sends(body))

    assert "no completion of OpenAI's form" in program.failure(TYPED)
    assert program.ask(TYPED)[0].text == "ls"


def test_an_endless_answer_is_left(server: OpenAiServer, program: RemoteProgram) -> None:
    """After 1 MB the connection is closed."""
    server.script.append(pours)

    assert "more than 1 MB" in program.failure(TYPED)
    assert cut_off(server)


def test_a_compressed_answer_is_refused(server: OpenAiServer, program: RemoteProgram) -> None:
    """1 MB of it could be 1 GB; nobody asked for it."""
    server.script.append(sends(b"\x1f\x8b", Content_Encoding="gzip"))

    assert "compresses its answers" in program.failure(TYPED)


@pytest.mark.parametrize("status", [400, 500])
def test_a_server_without_probabilities_is_asked_for_them_once(
    server: OpenAiServer, own: RemoteProgram, status: int
) -> None:
    """What it refuses with them it gets without, and from then on never with them."""
    server.default = writes("ls")
    server.script.append(fails(status))

    first, second = own.ask(TYPED), own.ask(TYPED)

    assert ["logprobs" in payload for payload in server.payloads] == [True, False, False]
    assert first == second == [messages.Draft("ls", UNSAID_LOG_PROBABILITY, UNSAID_TOKENS)]


def test_a_server_with_probabilities_keeps_being_asked(
    server: OpenAiServer, program: RemoteProgram
) -> None:
    """One failure of a server that has told some does not mean that it cannot."""
    server.script.extend([writes("ls", -0.1), fails(500), writes("ls", -0.1), writes("ls", -0.1)])

    drafts = [program.ask(TYPED)[0] for _ in range(3)]

    assert all(payload["logprobs"] == 1 for payload in server.payloads)
    assert {draft.log_probability for draft in drafts} == {-0.1}


def test_no_proxy_of_the_environment_sees_a_text(server: OpenAiServer, tmp_path: Path) -> None:
    """Variables that other programs obey do not send what is typed elsewhere."""
    with (
        openai_server() as proxy,
        remote_program(
            endpoint(server.url), tmp_path, HTTP_PROXY=proxy.url, ALL_PROXY=proxy.url
        ) as program,
    ):
        assert program.ask(TYPED)[0].text == "ls"
        assert proxy.seen == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """Nothing is sent to a server that cannot show who it is; SSL_CERT_FILE may vouch for it."""
    with openai_server(tls=True) as server:
        with remote_program(endpoint(server.url), tmp_path) as program:
            assert "its certificate is not valid here" in program.failure(TYPED)
            assert server.seen == []

        trusted = {"SSL_CERT_FILE": str(CERTIFICATE)}
        with remote_program(endpoint(server.url), tmp_path, **trusted) as program:
            assert program.ask(TYPED)[0].text == "ls"


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    """The engine says so and ends with the code of a configuration error."""
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(0o640)

    with remote_program(endpoint("http://127.0.0.1:9", key_file=str(key)), tmp_path) as program:
        assert isinstance(program.first, messages.Unusable)
        assert f"chmod 600 {key}" in program.first.message
        assert KEY not in program.first.message
        assert program.process.wait(timeout=PATIENCE_S) == 78


def test_without_httpx_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who did not install the extra is told how, in place of a traceback."""
    from eidos.errors import ConfigError
    from eidos.remote_engine import RemoteEngine

    monkeypatch.setitem(sys.modules, "httpx", None)

    with pytest.raises(ConfigError, match=r"pip install 'eidosctl\[remote\]'"):
        RemoteEngine(settings(endpoint("http://127.0.0.1:9")), {})


def test_without_a_server_nothing_of_http_is_imported() -> None:
    """Daemon, engine and eidosctl are without httpx where `remote_url` is empty."""
    program = (
        "import sys, eidos.main, eidos.engine, eidos.decoder, eidos.tokenizer, eidosctl.cli\n"
        "import eidosctl.doctor_remote\n"
        "print([name for name in sys.modules if name.startswith(('httpx', 'eidos.remote'))])"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )

    assert result.stdout == "[]\n"
