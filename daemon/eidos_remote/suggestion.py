"""A request at the prompt, as any chat model is asked for a command that does it.

Neither the folder nor the last command goes along: nobody typed them here.
"""

from typing import Final

from eidos.command_by_chat import command_in, instruction
from eidos.errors import ProviderError
from eidos.protocol import Shell
from eidos_remote.asking import Asking, whole
from eidos_remote.messages import Code
from eidos_remote.provider import Message, Provider

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
    # Half a command can do more than the whole: rm -rf /srv/www instead of /srv/www/cache.
    written = await whole(asking.stream(provider, messages), max_chars=_MAX_CHARS)
    command = command_in(written or "")
    if not command:
        raise ProviderError(f"{provider.shown} wrote no command for this", code=Code.BROKEN)
    return command
