"""What stops a run: a refusal, said in one sentence with what to do next.

The third kind of wrong, a bug, is any other exception; a defect of the data is not an error but an
issue (`pipeline.issues`).
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

USAGE, INPUT, LOCKED = 2, 4, 75
_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


class Refusal(Exception):
    """The run cannot begin or go on; `code` is the exit code (2 configuration, 4 input, 75 locked)."""

    def __init__(self, sentence: str, hint: str = "", code: int = INPUT) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.code = code

    def __reduce__(self) -> tuple[type[Refusal], tuple[str, str, int]]:
        return (Refusal, (self.sentence, self.hint, self.code))

    def lines(self) -> list[str]:
        """The sentence and its hint as they are shown to a person."""
        return [self.sentence] + ([f"hint: {self.hint}"] if self.hint else [])


class Refusals(Refusal):
    """Several mistakes, named at once; a mistake of the configuration (2) outweighs one of the input (4)."""

    def __init__(self, found: Sequence[Refusal]) -> None:
        super().__init__("; ".join(one.sentence for one in found), code=min(one.code for one in found))
        self.found = list(found)

    def __reduce__(self) -> tuple[type[Refusal], tuple[Sequence[Refusal]]]:  # type: ignore[override]
        return (Refusals, (self.found,))

    def lines(self) -> list[str]:
        return [line for one in self.found for line in one.lines()]


def of_machine(problem: BaseException) -> Refusal | None:
    """The refusal where the machine is at fault and not the program (a full disk, no right to write), else None."""
    if isinstance(problem, OSError) and problem.errno in _MACHINE:
        return Refusal(f"{problem.filename or 'a file'}: {problem.strerror}", "make room, or give the right to write")
    return None
