"""A look at XML before anybody else parses it: well-formed, without a DOCTYPE, its elements told one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from xml.parsers import expat

from pipeline.errors import Refusal

Told = Callable[[str, dict[str, str]], None]


def scan(pieces: Iterable[bytes], told: Told | None = None, text: Callable[[str], None] | None = None) -> None:
    """Parse a document piece by piece; `told` hears each element's local name and attributes, `text` what is between.

    Raises:
        Refusal: it declares a document type (entities), or is not well-formed.
    """
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    if told is not None:
        parser.StartElementHandler = lambda name, attributes: told(name.rpartition(":")[2], attributes)
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        raise Refusal(f"its XML is damaged ({problem!s:.100})", "ask the sender to export it again") from problem


def _refuse_doctype(*_: object) -> None:
    raise Refusal("it declares entities (<!DOCTYPE)", "ask for a plain file without them")
