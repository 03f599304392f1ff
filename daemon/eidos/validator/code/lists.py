"""Languages made of lists: Emacs Lisp, Scheme, Common Lisp, Clojure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from eidos.validator.budget import Budget, OverBudget
from eidos.validator.code.calling import Caller
from eidos.validator.code.lexicon import Quote
from eidos.validator.code.literals import read_text
from eidos.validator.code.programs import run_words
from eidos.validator.code.tables import Names
from eidos.validator.code.trace import MAX_CALLS, Site, Trace
from eidos.validator.code.values import Function, Value, call, elements, known
from eidos.validator.patterns import Pattern

MAX_NESTING: Final = 40
MAX_TOKENS: Final = 1800
_TOKEN: Final = Pattern(r"\s+|;[^\n]*|[()\[\]{}]|['`,#@^]+(?=[(\[{\w\"])|\"|[^\s()\[\]{}\"';]+|.")
_DECIMAL: Final = Pattern(r"-?[0-9]{1,20}")
_OCTAL: Final = Pattern(r"#o([0-7]{1,9})")
_TEXT: Final = Quote('"')
_CONSTANTS: Final = {name: Value(name="true") for name in ("t", "#t", "true")}
LISP: Final = Names("lisp", _CONSTANTS)


class Form(msgspec.Struct):
    """A list of the program, or a name in it."""

    name: str = ""
    items: "list[Form | Value]" = []
    is_list: bool = False

    @property
    def head(self) -> str:
        """The name that the list begins with."""
        first = self.items[0] if self.items else None
        return first.name if isinstance(first, Form) else ""


def forms(text: str, budget: Budget) -> list[Form | Value]:
    """Return the forms of *text*; brackets that are never closed end with it.

    Raises:
        OverBudget: There are too many, or they are nested too deeply.
    """
    stack = [Form(is_list=True)]
    at = count = 0
    while (token := _TOKEN.match(text, at)) is not None:
        sign, at = token[0], token.end()
        count += 1
        budget.spend(2)
        if count > MAX_TOKENS or len(stack) > MAX_NESTING:
            raise OverBudget("code that is too long or too deeply nested")
        if sign in "([{":
            inner = Form(is_list=True)
            stack[-1].items.append(inner)
            stack.append(inner)
        elif sign in ")]}":
            del stack[max(1, len(stack) - 1) :]
        elif sign == '"':
            pieces, at = read_text(text, at, _TEXT)
            stack[-1].items.append(known("".join(piece for _, piece in pieces)))
        elif not sign[0].isspace() and sign[0] not in ";'`,@^":
            stack[-1].items.append(_atom(sign))
    return stack[0].items


def _atom(sign: str) -> Form | Value:
    if _DECIMAL.fullmatch(sign):
        return Value(number=int(sign))
    octal = _OCTAL.fullmatch(sign)
    return Value(number=int(octal[1], base=8)) if octal is not None else Form(sign)


class Lisp(Caller):
    """One program of lists."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace, LISP)
        self.special = _SPECIAL

    def read(self, text: str) -> None:
        """Leave what *text* does in the trace."""
        for form in forms(text, self.trace.budget):
            self.value(form)

    def value(self, form: Form | Value) -> Value:
        """Return the value of *form*."""
        self.trace.budget.spend(3)
        if isinstance(form, Value):
            return form
        if not form.is_list:
            found = self.names.get(form.name) or LISP.constants.get(form.name)
            return found or Value(name=form.name)
        reader = _FORMS.get(form.head) if form.head not in self.names else None
        if reader is not None:
            return reader(self, form.items[1:])
        if form.head.startswith(".") and len(form.items) > 1:  # clojure's (.exec runtime "ls")
            self.value(form.items[1])
            return self.apply(Site(form.head[1:], self._row(form.items[2:])[0]))
        args, named = self._row(form.items[1:])
        if not form.head:
            values = (self.value(form.items[0]), *args) if form.items else ()
            return Value(items=values)
        return self.apply(Site(form.head, args, named, source=f"({form.head} …)"))

    def _row(self, items: Sequence[Form | Value]) -> tuple[tuple[Value, ...], dict[str, Value]]:
        row: list[Value] = []
        named: dict[str, Value] = {}
        key = ""
        for item in items:
            if isinstance(item, Form) and item.name.startswith(":"):
                key = item.name[1:]
                continue
            value = self.value(item)
            if key:
                named[key], key = value, ""
            else:
                row.append(value)
        return tuple(row), named

    def run_body(self, body: object) -> Value:
        """Run the forms of a function."""
        return self.block(body.items) if isinstance(body, Form) else Value()

    def block(self, items: Sequence[Form | Value]) -> Value:
        """Read forms one after the other, and return the value of the last."""
        value = Value()
        for item in items:
            value = self.value(item)
        return value

    def bind(self, items: Sequence[Form | Value]) -> Value:
        """Read `(setq x y)`, `(define x y)`, `(defun f (a) …)`."""
        match items:
            case [Form(is_list=True) as head, *body]:
                return self._define(head.items, body)
            case [Form(name=name), Form(is_list=True) as names, _, *_] if len(items) > 2:  # noqa: PLR2004
                return self._define([Form(name), *names.items], items[2:])
            case [Form(name=name), value, *_]:
                self.names[name] = self.value(value)
                return self.names[name]
            case _:
                return Value()

    def _define(self, head: Sequence[Form | Value], body: Sequence[Form | Value]) -> Value:
        names = [item.name for item in head if isinstance(item, Form)]
        function = Value(function=Function(tuple(names[1:]), Form("", list(body), is_list=True)))
        if names:
            self.names[names[0]] = function
        return function

    def function(self, items: Sequence[Form | Value]) -> Value:
        """Read `(lambda (a) …)`."""
        match items:
            case [Form(is_list=True) as head, *body]:
                names = tuple(item.name for item in head.items if isinstance(item, Form))
                return Value(function=Function(names, Form("", list(body), is_list=True)))
            case _:
                return Value()

    def let(self, items: Sequence[Form | Value]) -> Value:
        """Read `(let ((x y)) …)`, clojure's `(let [x y] …)` and scheme's `(let loop () …)`."""
        match items:
            case [Form(is_list=False) as name, Form(is_list=True), *body]:
                return self.invoke(self._define([name], body), ())
            case _:
                pass
        if items and isinstance(items[0], Form):
            pairs = items[0].items
            for pair in pairs:
                if isinstance(pair, Form) and pair.is_list:
                    self.bind(pair.items)
            for name, value in zip(pairs[::2], pairs[1::2], strict=False):
                if isinstance(name, Form) and not name.is_list:
                    self.names[name.name] = self.value(value)
        return self.block(items[1:])

    def each(self, items: Sequence[Form | Value]) -> Value:
        """Read `(dolist (x list) …)`."""
        match items:
            case [Form(items=[Form(name=name), values, *_]), *body]:
                for value in elements(self.value(values))[:MAX_CALLS]:
                    self.names[name] = value
                    self.block(body)
            case _:
                self.block(items)
        return Value()

    def loop(self, items: Sequence[Form | Value]) -> Value:
        """Read `(while t …)`, `(loop …)`."""
        with self.trace.captured() as found:
            condition = self.value(items[0]) if items else Value()
            self.block(items[1:])
            if condition.is_true and not found:
                found.append(call(":"))
        self.trace.add_loop(found, is_endless=condition.is_true)
        return Value()

    def endless(self, items: Sequence[Form | Value]) -> Value:
        """Read `(loop …)` of Common Lisp."""
        with self.trace.captured() as found:
            self.block(items)
        self.trace.add_loop(found, is_endless=True)
        return Value()

    def data(self, items: Sequence[Form | Value]) -> Value:
        """Read a list that is data."""
        return self.value(items[0]) if items else Value()

    # Functions whose arguments stand in an order of their own.

    def call_process(self, site: Site) -> Value:
        """Run `(call-process program in out display args…)`."""
        return self.invoke(Value(name="run-words"), (*site.args[:1], *site.args[4:]))

    def start_process(self, site: Site) -> Value:
        """Run `(start-process name buffer program args…)`."""
        return run_words(self.trace, site.args[2:], site.name, is_waited_for=False)

    def make_process(self, site: Site) -> Value:
        """Run `(make-process :command (list …))`."""
        command = site.named.get("command", Value())
        return self.invoke(Value(name="run-words"), command.items or (command,))

    def delete_directory(self, site: Site) -> Value:
        """Delete a folder, with all in it if the second argument says so."""
        is_all = site.arg(1).is_true
        return self.apply(Site("delete-tree" if is_all else "delete-empty", site.args[:1]))

    def write_region(self, site: Site) -> Value:
        """Write `(write-region text end path)`."""
        return self.apply(Site("spit", (site.arg(2), site.arg(0))))

    def connect(self, site: Site) -> Value:
        """Connect by `:host` and `:service`, or by the third and fourth argument."""
        named = {"host": site.arg(2, "host"), "port": site.arg(3, "service")}
        return self.apply(Site("connect", (), named))


_Reader = Callable[[Lisp, Sequence[Form | Value]], Value]
_FORMS: Final[Mapping[str, _Reader]] = {
    **dict.fromkeys(
        "setq set! def define defvar defconst defun defn defmacro setf".split(), Lisp.bind
    ),
    **dict.fromkeys("lambda fn λ".split(), Lisp.function),
    **dict.fromkeys("let let* letrec binding when-let if-let".split(), Lisp.let),
    **dict.fromkeys(
        "progn begin do if when unless cond and or try save-excursion".split(), Lisp.block
    ),
    **dict.fromkeys("dolist doseq for".split(), Lisp.each),
    **dict.fromkeys("while".split(), Lisp.loop),
    **dict.fromkeys("loop".split(), Lisp.endless),
    **dict.fromkeys("quote function".split(), Lisp.data),
}
_SPECIAL: Final = {
    "call-process": Lisp.call_process,
    "process-file": Lisp.call_process,
    "start-process": Lisp.start_process,
    "make-process": Lisp.make_process,
    "delete-directory": Lisp.delete_directory,
    "write-region": Lisp.write_region,
    "make-network-process": Lisp.connect,
    "open-network-stream": Lisp.connect,
}
