"""What was sent in one go: a file, a folder (QField's with DCIM/), a zip of either; each file through its door.

Nothing is taken out of an archive by name; of photos only the headers are read.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pipeline.book_parts import SHEET_IMAGES
from pipeline.collect import csv_door, geojson_door, geopackage_door, workbook_door
from pipeline.collect.photos import SUFFIXES as PHOTOS
from pipeline.collect.photos import read_photo, unread_photo
from pipeline.collect.returned import Doubt, Photo, Remark, ReturnedFile
from pipeline.collect.unread import Unread
from pipeline.collect.values import Terms
from pipeline.engine.digest import value_digest
from pipeline.errors import Refusal
from pipeline.forms.cleaning import clean_text
from pipeline.forms.xlsform import is_ours
from pipeline.io.unpack import unpack

MAX_FILES = 20_000
MAX_DEPTH = 3  # archives within archives
_LEFT = ("~$", ".~lock", "._", ".~")  # what programs leave beside open files
_JUNK = ("thumbs.db", "desktop.ini", ".ds_store", "sha256sums", "__macosx", SHEET_IMAGES)
# What a county's folder holds beside answers; everything else that is not read is named.
_QUIET = (
    ".pdf", ".qgz", ".qgs", ".qgz~", ".qgs~", ".qml", ".qmd", ".xml", ".tif", ".tfw", ".jgw", ".prj", ".cpg", ".txt",
    ".md", ".json", ".log", ".doc", ".docx", ".wps", ".mp3", ".m4a", ".3gp", ".mov", ".kmz", ".shp", ".shx", ".dbf",
    *PHOTOS,
)  # fmt: skip
_ARCHIVES = (".zip",)
_NO_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz")
_REASONS = {".et": "et", ".ett": "et", ".gpkg-wal": "log_alone", **dict.fromkeys(_NO_ARCHIVES, "rar")}
_DOORS = {
    **dict.fromkeys(workbook_door.SUFFIXES, "workbook"),
    **dict.fromkeys(csv_door.SUFFIXES, "csv"),
    **dict.fromkeys(geojson_door.SUFFIXES, "geojson"),
    **dict.fromkeys(geopackage_door.SUFFIXES, "geopackage"),
}


@dataclass(frozen=True)
class Found:
    """One file: its name within what was sent, and where it lies."""

    name: str
    path: Path


Begun = Callable[[str], None]  # told each name before it is opened; raises Unread where it ended a child before


def read_bundle(path: Path, name: str, scratch: Path, terms: Terms, begun: Begun) -> list[ReturnedFile]:
    """Everything that a return says, file by file in order of names; what could not be read says why."""
    if path.is_dir():
        return _read_all(list(_walked(path)), name, "folder", scratch, terms, begun, 0)
    one = Found(path.name, path)
    if _is_left(one.name):
        return []
    beside = [Found(one.name + tail, path.with_name(path.name + tail)) for tail in geopackage_door.BESIDE]
    files = [one, *(each for each in beside if each.path.is_file())]
    return _read_all(files, name, "", scratch, terms, begun, 0)


def _walked(folder: Path) -> Iterator[Found]:
    for one in sorted(folder.rglob("*")):
        if one.is_file() and not one.is_symlink():
            yield Found(os.fsencode(one.relative_to(folder).as_posix()).decode("utf-8", "replace"), one)


def _read_all(
    files: Sequence[Found], name: str, kind: str, scratch: Path, terms: Terms, begun: Begun, depth: int
) -> list[ReturnedFile]:
    """`kind` is "" where the one file is the return itself, under `name`; otherwise names stand below `name`."""
    if len(files) > MAX_FILES:
        return [unread(value_digest(sorted(one.name for one in files)), name, "many", terms, most=str(MAX_FILES))]
    known = {one.name: one for one in files}
    made: list[ReturnedFile] = []
    photos: list[Photo] = []
    for one in sorted(files, key=lambda each: each.name):
        shown = f"{name}/{clean_text(one.name)}" if kind else name
        if _is_left(one.name) or _is_beside(one.name, known):
            continue
        if PurePosixPath(one.name).suffix.casefold() in PHOTOS:
            photos.append(_read_photo(one, shown, begun))
        else:
            made += _read_one(one, shown, known, kind, scratch, terms, begun, depth)
    made = [_with_photos(one, name, photos) for one in made]
    return [*made, *_photos_alone(photos, name, made)]


def _is_left(name: str) -> bool:
    """Whether programs and systems left this file, people did not."""
    steps = PurePosixPath(name).parts
    return steps[-1].startswith(_LEFT) or bool({one.casefold() for one in steps} & set(_JUNK))


def _is_beside(name: str, known: Mapping[str, Found]) -> bool:
    return any(name.endswith(tail) and name.removesuffix(tail) in known for tail in geopackage_door.BESIDE)


def _read_one(
    one: Found,
    shown: str,
    known: Mapping[str, Found],
    kind: str,
    scratch: Path,
    terms: Terms,
    begun: Begun,
    depth: int,
) -> list[ReturnedFile]:
    suffix = PurePosixPath(one.name).suffix.casefold()
    beside = {tail: known[one.name + tail].path for tail in geopackage_door.BESIDE if one.name + tail in known}
    if kind and suffix in _QUIET and suffix not in _DOORS:
        return []
    digest = _digest(one.path, beside)
    try:
        begun(shown)
        if suffix in _ARCHIVES:
            return _read_archive(one, shown, scratch, terms, begun, depth)
        return [_through_door(suffix, one, beside, shown, digest, scratch, terms)]
    except Unread as problem:
        if kind and _is_company(PurePosixPath(one.name), problem.reason):
            return []
        return [unread(digest, shown, problem.reason, terms, **problem.facts)]


def _is_company(path: PurePosixPath, reason: str) -> bool:
    """Whether a file that is no return may lie among returns without a word: boundary.gpkg, notes, the form for ODK."""
    if reason == "no_table" and is_ours(path.name):
        return True
    return reason == "no_layer" or (path.suffix.casefold() in (".txt", ".json") and reason in ("no_table", "encoding"))


def _through_door(
    suffix: str, one: Found, beside: Mapping[str, Path], shown: str, digest: str, scratch: Path, terms: Terms
) -> ReturnedFile:
    match _DOORS.get(suffix, ""):
        case "workbook":
            return workbook_door.read_workbook(one.path, shown, digest, terms)
        case "csv":
            return csv_door.read_csv(one.path, shown, digest, terms)
        case "geojson":
            return geojson_door.read_geojson(one.path, shown, digest, terms)
        case "geopackage":
            return geopackage_door.read_geopackage(one.path, beside, shown, digest, scratch, terms)
    raise Unread(_REASONS.get(suffix, "kind"))


def _read_archive(one: Found, shown: str, scratch: Path, terms: Terms, begun: Begun, depth: int) -> list[ReturnedFile]:
    if depth >= MAX_DEPTH:
        raise Unread("nested")
    if _is_locked(one.path):
        raise Unread("password")
    folder = scratch / f"zip{depth}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        files = [Found(each.name, each.path) for each in unpack(one.path, folder).members]
        return _read_all(files, shown, "zip", scratch, terms, begun, depth + 1)
    except Refusal as refusal:
        raise Unread("archive", detail=refusal.sentence) from refusal
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_locked(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as zipped:
            return any(one.flag_bits & 1 for one in zipped.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # said by the walker, in its words


def _digest(path: Path, beside: Mapping[str, Path]) -> str:
    """SHA-256 of a file; with what lies in its write-ahead log behind it, where there is one."""
    digest = hashlib.sha256()
    for place in [path, *(beside[one] for one in ("-wal",) if one in beside)]:
        with place.open("rb") as source:
            while block := source.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def unread(digest: str, name: str, reason: str, terms: Terms, **facts: str) -> ReturnedFile:
    """A file that was not read, with the sentence why."""
    said = {**facts, "reason": terms.words.say(f"collect.reason.{reason}", **facts)}
    return ReturnedFile(digest, name, "", "", "", "", remarks=(Remark(Doubt.FILE_NOT_READ, name, facts=said),))


def _read_photo(one: Found, shown: str, begun: Begun) -> Photo:
    try:
        begun(shown)
    except Unread:
        return unread_photo(one.path, clean_text(one.name), shown)
    return read_photo(one.path, clean_text(one.name), shown)


def _with_photos(one: ReturnedFile, name: str, photos: Sequence[Photo]) -> ReturnedFile:
    """The photos beside a file, named from its own folder as its rows name them."""
    if one.photos or not one.door:
        return one
    above = PurePosixPath(one.name.removeprefix(f"{name}/")).parent.as_posix()
    lead = "" if above == "." else f"{above}/"
    mine = [replace(each, name=each.name.removeprefix(lead)) for each in photos if each.name.startswith(lead)]
    return replace(one, photos=tuple(mine))


def _photos_alone(photos: Sequence[Photo], name: str, beside: Sequence[ReturnedFile]) -> list[ReturnedFile]:
    """Photos that no checklist lies beside, as a return of their own: they may be named by another."""
    taken = {photo.file for one in beside for photo in one.photos}
    alone = tuple(one for one in photos if one.file not in taken)
    if not alone:
        return []
    digest = value_digest(sorted(one.digest for one in alone)) if len(alone) > 1 else alone[0].digest
    return [ReturnedFile(digest, name, "photos", "", "", "", photos=alone)]
