"""A returned file that is not read, with the reason."""

from __future__ import annotations


class Unread(Exception):
    """A file that is no return or cannot be opened safely; `reason` is a key of `collect.reason` in the texts."""

    def __init__(self, reason: str, **facts: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts
