"""Names in archives: one encoding for all that are not marked, no é taken for a hanzi, no hanzi for Greek."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.io.archive_names import decide_names, member_name
from pipeline.io.unpack import Unpacked, unpack

HANZI = (
    "图斑", "监测图斑", "东湖区", "青川市监测图斑", "图斑数据（480102）", "新增线索(1548个)", "第三季度", "成果",
    "变化", "云南省", "滕州", "亳州", "说明", "某县", "卫片执法2025Q3", "DK图斑v2",
)  # fmt: skip
WESTERN = (
    "Müller", "Genève", "Straße", "Länge", "Höhe", "Überblick", "Málaga", "Cádiz", "Coruña", "São Paulo", "señal",
    "Évreux", "parcelles modifiées", "Flächen", "Übersicht", "Château", "Größe", "Français", "Île", "Malmö",
    "Forlì", "año 2025",
)  # fmt: skip
OTHERS = {
    "cp950": ("臺北市", "變異點清單", "桃園縣龍潭鄉"),
    "cp932": ("東京都", "さいたま市", "地図データ"),
    "cp949": ("서울특별시", "경기도"),
    "cp866": ("Карта", "участки земли"),
    "cp1251": ("Карта", "участки земли"),
    "cp852": ("Kraków", "Příbram", "Łódź i okolice", "zdjęcia"),
}
some_hanzi = st.lists(st.sampled_from(HANZI), min_size=1, max_size=6, unique=True)
some_western = st.lists(st.sampled_from(WESTERN), min_size=1, max_size=6, unique=True)


def unmarked(raw: bytes) -> zipfile.ZipInfo:
    """A member whose name is these bytes, as zipfile tells it: code page 437, and no mark."""
    info = zipfile.ZipInfo("x")
    info.orig_filename = raw.decode("cp437")
    return info


def marked(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.orig_filename, info.flag_bits = name, 0x800
    return info


def names_of(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    decided = decide_names(infos)
    return [member_name(one, decided) for one in infos]


def read(names: Sequence[str], encoding: str) -> list[str]:
    return names_of([unmarked(one.encode(encoding)) for one in names])


@given(some_hanzi, st.sampled_from(["gbk", "utf-8"]), st.sampled_from(["", ".shp", "(1).dbf", "/a.shp"]))
def test_hanzi_stay_hanzi(stems: list[str], encoding: str, tail: str) -> None:
    names = [f"{one}{tail}" for one in stems]
    assert read(names, encoding) == names


@given(some_western, st.sampled_from(["cp437", "cp850", "cp1252", "iso-8859-1", "utf-8"]))
def test_western_names_stay_western(stems: list[str], encoding: str) -> None:
    names = [one for one in (f"{stem}.shp" for stem in stems) if one.encode(encoding, "ignore").decode(encoding) == one]
    assert read(names, encoding) == names


@pytest.mark.parametrize("encoding", sorted(OTHERS))
def test_names_of_other_countries(encoding: str) -> None:
    names = [f"{one}/{one}.shp" for one in OTHERS[encoding]]
    assert read(names, encoding) == names


def test_all_names_decide_together() -> None:
    """Alone 魏 in GBK is Greek in UTF-8; and the é of a folder of Western names settles what is in it."""
    assert read(["魏.shp"], "gbk") != ["魏.shp"]
    assert read(["魏.shp", "图斑.shp"], "gbk") == ["魏.shp", "图斑.shp"]
    assert read(["Sebastián.shp"], "cp1252") != ["Sebastián.shp"]
    assert read(["Sebastián.shp", "Cádiz.shp", "señal.shp"], "cp1252") == ["Sebastián.shp", "Cádiz.shp", "señal.shp"]


@given(some_hanzi, some_western, st.sampled_from(["gbk", "cp850"]))
def test_marked_names_are_what_they_say(hanzi: list[str], western: list[str], encoding: str) -> None:
    """Names with the mark neither change nor sway the others."""
    mine, theirs = (hanzi, western) if encoding == "gbk" else (western, hanzi)
    mine = [one for one in mine if one.encode(encoding, "ignore").decode(encoding) == one]
    infos = [*(unmarked(one.encode(encoding)) for one in mine), *map(marked, theirs)]
    assert names_of(infos) == [*mine, *theirs]


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=8))
@settings(deadline=None)
def test_any_bytes_are_some_name(raws: list[bytes]) -> None:
    """No name is lost or refused, ASCII stays ASCII, folders stay folders, and order does not decide."""
    names = names_of([unmarked(one) for one in raws])
    assert [one.count("/") for one in names] == [one.count(b"/") for one in raws]
    for raw, name in zip(raws, names, strict=True):
        assert not raw.isascii() or name == raw.decode("ascii")
    assert names_of([unmarked(one) for one in reversed(raws)]) == names[::-1]


def test_what_is_valid_in_none_is_read_by_the_standard_and_said() -> None:
    """One name that an old program cut within a character does not spoil the others."""
    infos = [unmarked("图斑".encode("gbk")), unmarked("监测".encode("gbk")), unmarked(b"\xcd\xbc\xff")]
    decided = decide_names(infos)
    assert decided is not None
    assert [member_name(one, decided) for one in infos] == ["图斑", "监测", b"\xcd\xbc\xff".decode("cp437")]
    assert (decided.name, "1 of 3 are not valid in it" in decided.evidence) == ("gb18030", True)


def test_nothing_is_decided_where_all_is_said() -> None:
    assert decide_names([unmarked(b"a.shp"), marked("图斑.shp")]) is None


def zipped(path: Path, names: Sequence[str], encoding: str) -> Path:
    """A zip whose names are written without a mark."""
    fixed = {f"X{at:03d}".ljust(len(one.encode(encoding)), "X"): one.encode(encoding) for at, one in enumerate(names)}
    with zipfile.ZipFile(path, "w") as archive:
        for plain, name in fixed.items():
            archive.writestr(plain, name)
    data = path.read_bytes()
    for plain, name in fixed.items():
        data = data.replace(plain.encode(), name)
    path.write_bytes(data)
    return path


def taken(path: Path) -> Unpacked:
    folder = path.with_suffix("")
    folder.mkdir()
    return unpack(path, folder)


@pytest.mark.parametrize(
    ("names", "encoding", "decided"),
    [
        (["图斑.dbf", "图斑.shp"], "gbk", "gb18030"),
        (["Genève/Fläche.dbf", "Genève/Fläche.shp"], "cp850", "cp437"),
        (["Île-de-France.shp"], "iso-8859-1", "cp1252"),
    ],
)
def test_archives(tmp_path: Path, names: list[str], encoding: str, decided: str) -> None:
    found = taken(zipped(tmp_path / "a.zip", names, encoding))
    assert {one.name: one.path.read_bytes() for one in found.members} == {one: one.encode(encoding) for one in names}
    assert found.names is not None
    assert found.names.name == decided


def test_many_names_are_fast() -> None:
    infos = [unmarked(f"监测图斑{at}.shp".encode("gbk")) for at in range(100_000)]
    decided = decide_names(infos)
    assert decided is not None
    assert decided.name == "gb18030"
