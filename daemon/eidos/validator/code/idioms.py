"""What the functions do that only one or two languages have, or order the arguments of so."""

from msgspec.structs import replace

from eidos.validator.code.decoding import decode
from eidos.validator.code.files import opened, write_file, write_to
from eidos.validator.code.network import fetch, request
from eidos.validator.code.programs import evaluate_text, is_address, run_text, run_words
from eidos.validator.code.texts import characters, decoded, glued, substitute
from eidos.validator.code.trace import Site, Trace
from eidos.validator.code.values import Value, carried, concatenated, known

_WRITES = ("O_WR", "O_RDWR", "O_TRUNC", "O_CREAT")


def run_options(trace: Trace, site: Site) -> Value:
    """Run what a table of options says: `Deno.run({cmd: [...]})`, `new Deno.Command`."""
    named = site.named.get("cmd")
    rest = site.named.get("args", Value(items=()))
    file = site.named.get("file")
    if file is not None:
        return run_words(trace, (file, *(rest.items or ())[1:]), site.source)
    first = named if named is not None else site.arg(0)
    return run_words(trace, (first, rest), site.source)


def run_self(trace: Trace, site: Site) -> Value:
    """Run the text or list that the method is called on: groovy's `"ls".execute()`."""
    if site.receiver.items is not None:
        return run_words(trace, site.receiver.items, site.source)
    return run_text(trace, site.receiver, site.source) if site.receiver.parts else Value()


def evaluate_last(trace: Trace, site: Site) -> Value:
    """Run the last argument as code: PHP's `create_function`."""
    return evaluate_text(trace, site.args[-1]) if site.args else Value()


def replace_by_code(trace: Trace, site: Site) -> Value:
    """Replace by a pattern, whose flag e makes code of the replacement."""
    flags = (site.arg(0).text or "").rpartition("/")[2]
    if "e" in flags:
        evaluate_text(trace, site.arg(1))
    return carried(site.args)


def words(trace: Trace, site: Site) -> Value:
    """Run the words that are given, as one list or each for itself."""
    return run_words(trace, site.args, site.source)


def pip(trace: Trace, site: Site) -> Value:
    """Run pip inside the program."""
    return run_words(trace, (known("pip"), *site.args), site.source)


# Files.


def open_write(trace: Trace, site: Site) -> Value:
    """Open the first argument to write."""
    return opened(trace, site.arg(0))


def open_third(trace: Trace, site: Site) -> Value:
    """Open as perl's sysopen does: a handle, a path, flags."""
    flags = site.arg(2).name
    return opened(trace, site.arg(1)) if any(sign in flags for sign in _WRITES) else Value()


def write_first(trace: Trace, site: Site) -> Value:
    """Write to the first argument, which is open already or is a path."""
    target = site.arg(0)
    if target.writing is not None or target.script is not None:
        for value in site.args[1:]:
            write_to(trace, target, value)
        return Value()
    is_path = target.text is not None and target.number is None and len(site.args) > 1
    return write_file()(trace, site) if is_path and site.name.endswith("write") else Value()


def write_named(trace: Trace, site: Site) -> Value:
    """Write to the file that an option names, if any: R's `cat(x, file = f)`."""
    path = site.named.get("file")
    if path is not None and path.parts:
        adds = site.arg(-1, "append").is_true
        write_to(trace, opened(trace, path, appends=adds), site.arg(0))
    return Value()


# Network.


def fetch_address(trace: Trace, site: Site) -> Value:
    """Fetch the first argument if it is an address; many things have a method `get`."""
    if site.args and is_address(site.args[0]):
        return fetch(trace, site)
    return carried((site.receiver,))


def curl_option(trace: Trace, site: Site) -> Value:
    """Set an option of PHP's curl: where to, and what is sent."""
    if site.arg(1).name == "CURLOPT_URL":
        trace.address = site.arg(2)
    elif site.arg(2).sources:
        request(trace, site, trace.address or site.arg(0), site.args[2:3])
    return Value()


def curl_run(trace: Trace, site: Site) -> Value:
    """Fetch what PHP's curl was told to."""
    url = trace.address or site.arg(0)
    return fetch(trace, replace(site, args=(url,)))


# Texts.


def buffer(trace: Trace, site: Site) -> Value:
    """Make bytes of a text in an encoding, or of numbers: `Buffer.from(x, "base64")`."""
    del trace
    first, how = site.arg(0), site.arg(1).text
    if first.items is not None:
        return characters(first.items)
    if how in {"base64", "base64url", "hex"}:
        return decoded(first, how.removesuffix("url"))
    return first


def to_text(trace: Trace, site: Site) -> Value:
    """Make a text; in an encoding it is one that nobody can read."""
    del trace
    if site.arg(0).text in {"base64", "hex", "base64url"}:
        return carried((site.receiver,))
    return site.receiver


def pack(trace: Trace, site: Site) -> Value:
    """Make a text of hexadecimal digits or character codes: `pack("H*", x)`, `[x].pack("H*")`."""
    del trace
    flat = [i for v in (site.receiver, *site.args) for i in (v.items or (v,))]
    formats = [value.text or "" for value in flat if value.number is None]
    if any(text[:1] in {"C", "U", "c", "W"} for text in formats):
        return characters([value for value in flat if value.number is not None])
    packed = [text for text in formats if text and text[:1] not in {"H", "A", "a"}]
    if any(text[:1] == "H" for text in formats):
        plain = decode("".join(packed), "hex")
        return replace(known(plain) if plain is not None else Value(), is_decoded=True)
    return carried(flat)


def unpack(trace: Trace, site: Site) -> Value:
    """Read a text in an encoding: `unpack("u", x)`, `x.unpack1("m")`."""
    del trace
    values = (site.receiver, *site.args) if site.receiver.parts is not None else site.args
    how = next((value for value in values if (value.text or "") in _PACKED), None)
    if how is None:
        return carried(values)
    text = next((value for value in values if value is not how), Value())
    plain = decoded(text, _PACKED[how.text or "m"])
    is_list = site.receiver.parts is not None and not site.name.endswith("1")
    return Value(items=(plain,)) if is_list else plain


_PACKED = {"m": "base64", "m0": "base64", "m*": "base64", "u": "uu", "u*": "uu"}


def replace_last(trace: Trace, site: Site) -> Value:
    """Replace as PHP does, the text last."""
    args = (site.arg(2), site.arg(0), site.arg(1))
    return substitute(trace, replace(site, args=args))


def join_text(trace: Trace, site: Site) -> Value:
    """Write the arguments after what the method is called on."""
    del trace
    values = (site.receiver, *site.args) if site.receiver.parts is not None else site.args
    return concatenated(*values)


def paste(trace: Trace, site: Site) -> Value:
    """Write the arguments one after another with blanks between, or what `sep` says."""
    del trace
    return glued(site.args, site.named.get("sep", known(" ")))


def source_code(trace: Trace, site: Site) -> Value:
    """Return the text that is to be code: R's `parse(text = x)`."""
    del trace
    return site.arg(0, "text")


def items(trace: Trace, site: Site) -> Value:
    """Return the arguments as a list."""
    del trace
    return Value(items=site.args)
