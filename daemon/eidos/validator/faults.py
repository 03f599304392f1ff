"""What is said of a text that is not one complete line of its shell."""


class SyntaxFault(Exception):  # noqa: N818 - a verdict on the text, not a fault of the program
    """A shell would not take the text as a whole; `reason` is for a person.

    `is_certain` is false where the shell may know more than the reader: a syntax that the reader
    does not follow is no proof of a fault.
    """

    def __init__(self, reason: str, *, is_certain: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_certain = is_certain
