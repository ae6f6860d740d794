"""The announcements as spreadsheets save them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import Refusal
from pipeline.intake.expected import read_expected


def patches(folder: Path, data: bytes) -> dict[str, int | None]:
    path = folder / "e.csv"
    path.write_bytes(data)
    return {code: one.patches for code, one in read_expected(path).items()}


@pytest.mark.parametrize(
    "data",
    [
        b"code,patches\n620101,3\n",
        b"\xef\xbb\xbfcode,patches\r\n620101,3.0\r\n\r\n",
        "代码,图斑数\n620101,３\n".encode("gbk"),
        "状态,图斑个数,行政区代码\nok,3, 620101 \n".encode(),
    ],
)
def test_spellings(tmp_path: Path, data: bytes) -> None:
    assert patches(tmp_path, data) == {"620101": 3}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"code;patches\n620101;3\n",
        b"code,patches\n620101,-1\n",
        b"code,patches\n,1\n",
        b"code,patches\n620101,1\n620101,2\n",
        b'code,patches\n"620101,3\n',
        b"code,patches\n620101," + b"9" * 200_000,
        "code,patches\n620101,3\n".encode("utf-16"),
    ],
)
def test_what_is_no_table_of_announcements_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Refusal):
        patches(tmp_path, data)
