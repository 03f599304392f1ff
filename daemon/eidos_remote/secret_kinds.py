"""What a key, a token or a password looks like in a text.

Only formats that issuers document, names that people give to secrets, and arguments of programs
that take a password: a text that merely looks random is as often a hash, and stays. detect-secrets
was measured on the same texts (docs/remote.md, benchmarks/redaction.py).

Each repetition has a bound, so that no text takes more than linear time.
"""

from typing import Final

from eidos_remote.secret_arguments import ARGUMENTS
from eidos_remote.secret_settings import NAMES, PLACES
from eidos_remote.secret_tokens import TOKENS

KINDS: Final = (*TOKENS, *PLACES, *ARGUMENTS, *NAMES)
"""Where two overlap, what they cover together is one secret, of the kind that stands first."""
