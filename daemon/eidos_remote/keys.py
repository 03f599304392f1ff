"""Where the key of a provider comes from: a variable, a credential of systemd's, or a file.

A key goes to the provider that its variable is named after, and to nobody else. It is read anew
for each request, so that a new one counts at once.
"""

from collections.abc import Mapping
from typing import Final

from eidos.key_files import read_credential, read_key_file, sound
from eidos_remote.provider import Key, ProviderName

VARIABLE: Final = {
    ProviderName.COMPATIBLE: "LLM_API_KEY",
    ProviderName.OPENAI: "OPENAI_API_KEY",
    ProviderName.LIBRETRANSLATE: "LIBRETRANSLATE_API_KEY",
}
"""Ollama asks for none; one that does is asked as `compatible`."""
CREDENTIAL: Final = {
    ProviderName.COMPATIBLE: "llm-api-key",
    ProviderName.OPENAI: "openai-api-key",
    ProviderName.LIBRETRANSLATE: "libretranslate-api-key",
}


def key_for(
    name: ProviderName, given: Mapping[str, str], own: Mapping[str, str], key_file: str
) -> Key:
    """Return the key for the provider *name*, an empty one where there is none.

    In this order: the variable of who asks, this process' own, the credential, the file.

    Raises:
        ConfigError: the first of them that there is holds no key, or is open to others.
    """
    return _found(name, given, own, key_file)[0]


def key_place(
    name: ProviderName, given: Mapping[str, str], own: Mapping[str, str], key_file: str
) -> str:
    """Return where `key_for` takes the key from, in a word or two, "" where there is none.

    Raises:
        ConfigError: as `key_for` does.
    """
    return _found(name, given, own, key_file)[1]


def _found(
    name: ProviderName, given: Mapping[str, str], own: Mapping[str, str], key_file: str
) -> tuple[Key, str]:
    if name not in VARIABLE:
        return Key(), ""
    variable = VARIABLE[name]
    for environ in (given, own):
        if value := environ.get(variable, "").strip():
            return Key(sound(value, variable)), variable
    folder = own.get("CREDENTIALS_DIRECTORY", "")
    if folder and (value := read_credential(folder, CREDENTIAL[name])):
        return Key(value), f"the credential {CREDENTIAL[name]}"
    if key_file:
        setting = "translate_key_file" if name is ProviderName.LIBRETRANSLATE else "chat_key_file"
        return Key(read_key_file(key_file, setting)), setting
    return Key(), ""
