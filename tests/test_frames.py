"""The frames of the wire: what goes in comes out, and nothing else is accepted."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos import protocol
from eidos.errors import ProtocolError
from eidos.frames import decode_reply, decode_request, encode_reply, encode_request, request_id
from eidos.protocol import (
    CancelRequest,
    Candidate,
    Certainty,
    Done,
    ErrorCode,
    Failure,
    ForgetRequest,
    Health,
    HealthRequest,
    Level,
    LevelRequest,
    LogLevel,
    MetricsRequest,
    MetricsText,
    PingRequest,
    Pong,
    ReloadRequest,
    Shell,
    Status,
    StatusRequest,
    Suggestions,
    SuggestRequest,
)

ids = st.from_regex(r"\A[A-Za-z0-9._-]{1,64}\Z")
plain = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50)
texts = plain.filter(lambda text: text.strip()).map(str.strip)


def folder(name: bytes) -> str:
    """Return a folder as Python spells it, whatever bytes are in its *name*."""
    return "/" + name.decode(errors="surrogateescape")


requests = st.one_of(
    st.builds(PingRequest, id=ids),
    st.builds(StatusRequest, id=ids),
    st.builds(CancelRequest, id=ids),
    st.builds(HealthRequest, id=ids),
    st.builds(MetricsRequest, id=ids),
    st.builds(ReloadRequest, id=ids),
    st.builds(ForgetRequest, id=ids),
    st.builds(LevelRequest, id=ids, level=st.sampled_from(LogLevel)),
    st.builds(
        SuggestRequest,
        id=ids,
        shell=st.sampled_from(Shell),
        count=st.integers(1, 8),
        cwd=st.one_of(st.just(""), st.binary(max_size=30).map(folder)),
        last=st.text("abc -'/é文", max_size=30).map(str.strip),
        status=st.one_of(st.none(), st.integers(0, 255)),
        text=texts,
    ),
)
candidates = st.builds(
    Candidate,
    command=plain,
    verdict=st.sampled_from(Level),
    reason=plain,
    score=st.integers(0, 10_000).map(lambda n: n / 10_000),
    certainty=st.sampled_from(Certainty),
)
replies = st.one_of(
    st.builds(Pong, id=ids, version=plain),
    *(
        st.builds(kind, id=ids, body=st.binary(max_size=50))
        for kind in (Status, Health, MetricsText)
    ),
    st.builds(Done, id=ids, message=plain),
    st.builds(Failure, id=ids, code=st.sampled_from(ErrorCode), message=plain),
    st.builds(
        Suggestions,
        id=ids,
        total_ms=st.integers(0, 99_999).map(lambda n: n / 10),
        candidates=st.lists(candidates, max_size=4).map(tuple),
    ),
)

SUGGEST = [b"eidos/2", b"suggest", b"a1", b"zsh", b"1", b"/srv", b"make", b"2", b"list files"]
CWD, LAST, STATUS, TEXT = 5, 6, 7, 8


def changed(at: int, value: bytes) -> list[bytes]:
    """Return a good request with the frame *at* replaced."""
    return [*SUGGEST[:at], value, *SUGGEST[at + 1 :]]


@given(requests)
def test_a_request_survives_the_wire(request: protocol.Request) -> None:
    """Decoding what was encoded gives the same request."""
    assert decode_request(encode_request(request)) == request


@given(replies)
def test_a_reply_survives_the_wire(reply: protocol.Reply) -> None:
    """Decoding what was encoded gives the same reply."""
    assert decode_reply(encode_reply(reply)) == reply


@given(st.lists(st.binary(max_size=80), max_size=9))
def test_garbage_raises_nothing_but_protocol_errors(frames: list[bytes]) -> None:
    """Whatever frames come, decoding either works or says ProtocolError."""
    for decode in (decode_request, decode_reply):
        with contextlib.suppress(ProtocolError):
            decode(frames)


@pytest.mark.parametrize(
    ("frames", "code", "words"),
    [
        (changed(0, b"eidos/1"), "version", "eidosctl restart"),
        ([b"eidos/1", *SUGGEST[1:5], b"list files"], "version", "open a new shell"),
        ([b"eidos/3"] * 20, "version", "open a new shell"),
        (changed(CWD, b"srv"), "bad-message", "$.cwd"),
        (changed(CWD, b"\n"), "bad-message", "$.cwd"),
        (changed(STATUS, b"256"), "bad-message", "$.status"),
        (changed(STATUS, b"x"), "bad-message", "$.status"),
        (changed(1, b"destroy"), "bad-message", "known: suggest, cancel, ping, status"),
        (changed(2, b"../../x"), "bad-message", "$.id"),
        (changed(2, b"a" * 65), "bad-message", "$.id"),
        (changed(2, b"a1\n"), "bad-message", "$.id"),
        ([b"eidos/2", b"cancel", b"a1\n"], "bad-message", "$.id"),
        ([b"eidos/2", b"cancel", b"a1", b"a2"], "bad-message", "has the fields id; 2 came"),
        (changed(3, b"tcsh"), "bad-message", "tcsh"),
        (changed(4, b"0"), "bad-message", ">= 1"),
        (changed(4, b"9"), "bad-message", "<= 8"),
        (changed(4, b"x"), "bad-message", "$.count"),
        (changed(TEXT, b""), "empty", "is empty"),
        (changed(TEXT, b" \n\t "), "empty", "is empty"),
        (changed(TEXT, b"x" * 1001), "too-long", "1001 characters; the limit is 1000"),
        (changed(TEXT, b"a\x00b"), "control-character", "U+0000) at position 2"),
        (changed(TEXT, b"a\x1b[2Jb"), "control-character", "U+001B"),
        (changed(TEXT, "a\u0085b".encode()), "control-character", "U+0085"),
        (changed(TEXT, b"\xff\xfe"), "invalid-utf8", "not valid UTF-8"),
        (SUGGEST[:5], "bad-message", "has the fields id, shell, count, cwd, last, status, text"),
        ([*SUGGEST, b"more"], "bad-message", "3 to 9 frames"),
        ([b"eidos/2"], "bad-message", "3 to 9 frames"),
        ([], "bad-message", "3 to 9 frames"),
    ],
)
def test_bad_requests_are_refused_with_their_reason(
    frames: list[bytes], code: str, words: str
) -> None:
    """Each way to be wrong has its error code, and words that say what is wrong."""
    with pytest.raises(ProtocolError) as caught:
        decode_request(frames)

    assert caught.value.code == code
    assert words in str(caught.value)


@pytest.mark.parametrize("place", range(9))
def test_an_error_quotes_nothing_that_may_have_been_typed(place: int) -> None:
    """A client that mixes up its frames has the text of a request in none of our log's lines."""
    frames = [b"eidos/2", b"suggest", b"a", b"zsh", b"1", b"", b"", b"", b"x"]
    frames[place] = b"delete 'zx81marker'"
    said = ""

    try:
        decode_request(frames)
    except ProtocolError as exc:
        said = str(exc)

    assert "zx81" not in said
    assert "delete" not in said


def test_a_request_of_1000_characters_passes() -> None:
    """The limit counts characters, not bytes, and is inclusive."""
    request = decode_request(changed(TEXT, ("é" * 1000).encode()))

    assert isinstance(request, SuggestRequest)
    assert len(request.text) == 1000


def test_a_request_may_have_lines_and_tabs() -> None:
    """A multi-line buffer is a request like any other; blanks around it do not count."""
    request = decode_request(changed(TEXT, b"  list\n\tfiles \n"))

    assert isinstance(request, SuggestRequest)
    assert request.text == "list\n\tfiles"


def test_a_client_that_tells_nothing_is_asked_nothing() -> None:
    """Folder, last command and status may each be empty: that is what nobody knows."""
    frames = [*SUGGEST[:CWD], b"", b"", b"", b"list files"]

    request = decode_request(frames)

    assert isinstance(request, SuggestRequest)
    assert (request.cwd, request.last, request.status) == ("", "", None)
    assert encode_request(request) == frames


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        (b"x" * 5000, "x" * 1000),
        ("é".encode() * 5000, "é" * 1000),
        (b"for f in a\n\tdo ls\x1b[2J\0", "for f in a  do ls [2J"),
        (b"ls caf\xe9", "ls caf\N{REPLACEMENT CHARACTER}"),
    ],
    ids=["long", "wide", "controls", "not UTF-8"],
)
def test_no_last_command_spoils_a_request(last: bytes, kept: str) -> None:
    """Whatever ran before, the request is served; what is long or odd in a command goes."""
    request = decode_request(changed(LAST, last))

    assert isinstance(request, SuggestRequest)
    assert request.last == kept


def test_a_folder_may_have_any_name() -> None:
    """A name that is not UTF-8 arrives as the bytes that it is."""
    request = decode_request(changed(CWD, b"/caf\xe9"))

    assert isinstance(request, SuggestRequest)
    assert request.cwd.encode(errors="surrogateescape") == b"/caf\xe9"


@pytest.mark.parametrize(
    ("frames", "identity"),
    [
        (SUGGEST, "a1"),
        (changed(2, b"\xff"), "-"),
        (changed(2, b"a b"), "-"),
        (changed(2, b"a1\n"), "-"),
        ([b"x"], "-"),
    ],
)
def test_the_id_for_an_error_reply_is_safe(frames: list[bytes], identity: str) -> None:
    """An id that cannot be trusted in a log line becomes "-"."""
    assert request_id(frames) == identity
