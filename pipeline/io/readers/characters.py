"""The characters of a text file, from its bytes: byte order mark, strict UTF-8, strict GB18030, or a refusal.

A few damaged words do not change the encoding of the others: they are shown with U+FFFD and counted.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.errors import Refusal

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WORD = re.compile(rb'[^\x00-\x20,;:="]+')
_HIGH = re.compile(rb"[\x80-\xff]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_AMID_LETTERS = re.compile(r"[a-z][\u3400-\u9fff]|[\u3400-\u9fff][a-z]")  # as accents stand, and hanzi do not
_SURE = 0.8  # of the words that are not ASCII; an encoding fits another's words by chance about half of the time
_MANY = 8  # words that by chance would hardly all be valid UTF-8


@dataclass(frozen=True)
class Characters:
    """A file's text, how it was decoded and why, and how many words could not be."""

    text: str
    encoding: str
    evidence: str
    damaged: int

    @property
    def notes(self) -> list[str]:
        """A sentence on what could not be decoded, if anything."""
        said = f"{self.damaged} words hold bytes that are not {self.encoding.upper()}, shown as \ufffd"
        return [said] if self.damaged else []


def decode(data: bytes) -> Characters:
    """The text of a file.

    Raises:
        Refusal: it is not text, or neither UTF-8 nor GB18030, or could be either.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(name, "replace")
            return Characters(text, name, "byte order mark", text.count("\ufffd"))
    if b"\0" in data:
        raise Refusal("it is not a text file", "ask the sender to save it as UTF-8 text")
    name, evidence = _decided(words_of(data))
    lines = data.split(b"\n")
    text = _text(data, lines, name)
    return Characters(text, name, evidence, text.count("\ufffd"))


def words_of(data: bytes) -> list[bytes]:
    """The different words that are not ASCII, in order."""
    return sorted({one for one in _WORD.findall(data) if not one.isascii()})


def encoding_of(words: Iterable[bytes]) -> tuple[str, str]:
    """The encoding of texts that are not ASCII, and the evidence.

    Raises:
        Refusal: they are neither UTF-8 nor GB18030, or could be either.
    """
    return _decided(words_of(b" ".join(words)))


def _text(data: bytes, lines: list[bytes], name: str) -> str:
    """The whole text; line by line where some of it is damaged, so that damage cannot eat the end of a line."""
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return "\n".join(line.decode(name, "replace") for line in lines)


def _decided(words: list[bytes]) -> tuple[str, str]:
    if not words:
        return "utf-8", "all text is ASCII"
    if _share(words, "utf-8") >= _SURE:
        _refuse_if_either(words)
        return "utf-8", "the bytes are valid UTF-8"
    if _share(words, "gb18030") >= _SURE and _double_bytes(words) and not _private(words):
        return "gb18030", "the bytes are valid GB18030 and not UTF-8"
    raise Refusal(f"its text is neither UTF-8 nor GB18030: {_shown(words, ('cp1252', 'big5'))}", _HINT)


_HINT = "ask the sender to save it as UTF-8"


def _refuse_if_either(words: list[bytes]) -> None:
    """A few words of hanzi in GB18030 can be valid UTF-8 of other scripts; hanzi in UTF-8 are no such accident."""
    if len(words) >= _MANY or _HAN.search(b" ".join(words).decode("utf-8", "replace")):
        return
    hanzi = b" ".join(words).decode("gb18030", "replace")
    if _share(words, "gb18030") == 1 and _HAN.search(hanzi) and not _AMID_LETTERS.search(hanzi):
        raise Refusal(f"its text could be UTF-8 or GB18030: {_shown(words, ('utf-8', 'gb18030'))}", _HINT)


def _share(words: list[bytes], name: str) -> float:
    return sum(_fits(one, name) for one in words) / len(words)


def _fits(word: bytes, name: str) -> bool:
    try:
        word.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _double_bytes(words: list[bytes]) -> bool:
    """Whether most runs of high bytes are of even length, as in Chinese, and rarely in Western text."""
    runs = [len(run) % 2 == 0 for word in words for run in _HIGH.findall(word)]
    return sum(runs) * 2 > len(runs)


def _private(words: list[bytes]) -> bool:
    """Whether many characters would be of private use, which no sender means."""
    text = b" ".join(words).decode("gb18030", "replace")
    private = sum(0xE000 <= ord(one) <= 0xF8FF for one in text)
    return private * 20 > sum(not one.isascii() for one in text)


def _shown(words: list[bytes], names: tuple[str, str]) -> str:
    sample = b" ".join(words[:4])[:60]
    return " or ".join(sample.decode(name, "replace") for name in names)
