"""A county's folder as zips to be mailed, in parts of a stated size; the same files give the same bytes."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.publish import private
from pipeline.verify import SUMS, part_sums

STAMP = (2000, 1, 1, 0, 0, 0)
MB = 1_000_000  # mail servers count so
ENTRY_BYTES = 400  # names, headers and the directory's share of one file, more than it takes
END_BYTES = 200
# What deflates is deflated; images, and what is a zip or holds compressed streams already, is stored.
DEFLATED = (".gpkg", ".txt", ".shp", ".shx", ".dbf", ".prj", ".cpg", "")
_CHUNK = 1 << 20


def write_parts(folder: Path, target: Path, name: str, root: str, zip_mb: int) -> tuple[Path, ...]:
    """Write the files of `folder`, its SHA256SUMS among them, into `target` as `<name>_1.zip`, `<name>_2.zip` …

    Inside each part lies the folder `root`. Several parts each carry the sums of the whole folder and their own
    (`SHA256SUMS_2of3.txt`); unpacked over one another they are the folder again. Parts of an earlier state go.

    Args:
        zip_mb: A part is at most so many millions of bytes; a single larger file has a part of its own.
    """
    sums = (folder / SUMS).read_bytes()
    files = sorted(one for one in folder.rglob("*") if one.is_file() and one != folder / SUMS)
    parts = _packed(files, zip_mb * MB - END_BYTES - 2 * ENTRY_BYTES - 2 * len(sums))
    made = tuple(target / f"{name}_{at}.zip" for at in range(1, len(parts) + 1))
    for at, (path, part) in enumerate(zip(made, parts, strict=True), 1):
        own = part_sums(at, len(parts)) if len(parts) > 1 else ""
        _write(path, root, {one.relative_to(folder).as_posix(): one for one in part}, sums, own)
    for stale in sorted(set(parts_of(target, name)) - set(made)):
        stale.unlink()
    return made


def ascii_name(code: str) -> str:
    """A county code as part of a file name that any system takes."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", code)


def folder_name(code: str, campaign: str) -> str:
    """What the folder is called when it is sent: QField writes over a folder of the same name."""
    return f"{ascii_name(code)}_{campaign}"


def remove_parts(target: Path, name: str) -> None:
    """Take back what was packed of a county."""
    for one in parts_of(target, name):
        one.unlink(missing_ok=True)


def parts_of(target: Path, name: str) -> list[Path]:
    """The parts of a county that lie in `target`."""
    wanted = re.compile(rf"{re.escape(name)}_[0-9]+\.zip")
    return sorted(one for one in target.glob("*.zip") if wanted.fullmatch(one.name))


def _packed(files: Sequence[Path], most: int) -> list[list[Path]]:
    """Files in parts, each into the first that has room; sizes before packing, so that no part is larger."""
    parts: list[list[Path]] = []
    room: list[int] = []
    for one in files:
        size = one.stat().st_size + ENTRY_BYTES
        at = next((at for at, left in enumerate(room) if size <= left), len(parts))
        if at == len(parts):
            parts.append([])
            room.append(most)
        parts[at].append(one)
        room[at] -= size
    return parts


def _write(path: Path, root: str, files: Mapping[str, Path], sums: bytes, own: str) -> None:
    with private(path) as place, zipfile.ZipFile(place, "w", allowZip64=True) as packed:
        digests = {name: _add(packed, f"{root}/{name}", one) for name, one in files.items()}
        _add_bytes(packed, f"{root}/{SUMS}", sums)
        if own:
            digests[SUMS] = hashlib.sha256(sums).hexdigest()
            told = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
            _add_bytes(packed, f"{root}/{own}", told.encode("ascii"))


def _add(packed: zipfile.ZipFile, name: str, path: Path) -> str:
    """Put a file in under a name, piece by piece; its digest."""
    member = _member(name, path.suffix.lower() in DEFLATED)
    member.file_size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as source, packed.open(member, "w") as into:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            into.write(chunk)
    return digest.hexdigest()


def _add_bytes(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    packed.writestr(_member(name, True), content)


def _member(name: str, deflated: bool) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, STAMP)
    member.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    member.external_attr, member.create_system = 0o644 << 16, 3
    return member
