"""A request at the prompt, as any chat model is asked for a command that does it.

Neither the folder nor the last command goes along: nobody typed them here.
"""

from contextlib import aclosing
from typing import Final

from eidos.command_by_chat import command_in, instruction
from eidos.errors import ProviderError
from eidos.protocol import Shell
from eidos_remote.asking import Asking
from eidos_remote.messages import Code
from eidos_remote.provider import Finish, Message, Provider

_MAX_CHARS: Final = 16_384
"""An answer that is longer has no one command; what a model thinks before it counts too."""


async def command_for(text: str, shell: Shell, provider: Provider, asking: Asking) -> str:
    """Return the one command line that *provider* writes for *text*; a draft, judged by nobody yet.

    Raises:
        ProviderError: it fails, or writes no command line, or half of one.
    """
    messages = [
        Message("system", instruction(shell, "linux")),
        Message("user", " ".join(text.split())),
    ]
    written = ""
    # Half a command can do more than the whole: rm -rf /srv/www instead of /srv/www/cache.
    is_whole = False
    async with aclosing(asking.stream(provider, messages)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Finish):
                is_whole = piece.reason == "stop"
            else:
                written += piece
            if len(written) > _MAX_CHARS:
                break
    command = command_in(written) if is_whole else ""
    if not command:
        raise ProviderError(f"{provider.shown} wrote no command for this", code=Code.BROKEN)
    return command
