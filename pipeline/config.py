"""campaign.toml to values: every mistake named at once, each with what to type instead.

Relative paths are taken from the folder of the file. Only this room knows pydantic.
"""

from __future__ import annotations

import difflib
import glob
import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.campaign import AROUND, Campaign, ImageryFile, Inputs, MaskRules
from pipeline.errors import INPUT, USAGE, Refusal, Refusals
from pipeline.io.scene_lists import LISTS, Listed, listed_scenes
from pipeline.records import CampaignFacts, Office
from pipeline.shelf import read_toml, shelf
from pipeline.stages import STAGES
from pipeline.texts import languages


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ImageryFiles(_Table):
    """One entry of `[inputs] before` or `after` as a table."""

    path: str
    date: Annotated[str, BeforeValidator(str)] = ""  # quoted or not
    sensor: str = ""
    bands: tuple[int, ...] = ()


def _no_background(value: int) -> int:
    if value == 0:
        raise ValueError("0 is the background of a mask and no class")
    return value


_Class = Annotated[int, Field(ge=-(2**31), lt=2**32), AfterValidator(_no_background)]


class _Mask(_Table):
    """`[inputs.mask]`."""

    classes: dict[_Class, str] = Field(min_length=1)
    minimum_m2: float = Field(0.0, ge=0, allow_inf_nan=False)
    connected: Literal[4, 8] = 4


class _Inputs(_Table):
    patches: list[str] = Field(min_length=1)
    counties: list[str] = Field(min_length=1)
    towns: list[str] = []
    roads: list[str] = []
    places: list[str] = []
    before: list[ImageryFiles] = []
    after: list[ImageryFiles] = []
    scenes: list[str] = []
    expected: str = ""
    patches_crs: str = ""
    counties_crs: str = ""
    counties_date: date | None = None
    counties_other: list[str] = []
    counties_other_date: date | None = None
    counties_other_fields: dict[str, str] = {}
    patches_encoding: str = ""
    levels: str | list[int] | list[str] | None = None
    patch_fields: dict[str, str] = {}
    county_fields: dict[str, str] = {}
    area_unit: str = ""
    mask: _Mask | None = None


class _Campaign(_Table):
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    title: str = Field(min_length=1)
    profile: str = "cn"
    language: str = ""
    area_unit: Literal["", "mu", "ha", "ac"] = ""
    form: str = ""
    map_date: date | None = None
    lead_note: bool | None = None


class _Profile(_Table):
    language: str
    area_unit: Literal["mu", "ha", "ac"]
    form: str
    levels: str | list[int] | list[str]
    patch_types: str
    lead_note: bool


class _Folder(_Table):
    folder: str


TOP = ("campaign", "office", "inputs", "archive", "output")


def read_campaign(path: Path) -> Campaign:
    """The campaign of a file.

    Raises:
        Refusals: every mistake found; exit code 2, or 4 where nothing but input files is missing.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100  (whatever folder the command is given in, the same jobs)
    tree = read_toml(path)
    found: list[Refusal] = []
    found += _unknown(tree, [*TOP, *(stage.name for stage in STAGES)], path.name, "section")
    found += [_missing(path, f"[{name}]", hint) for name, hint in _NEEDED.items() if name not in tree]
    campaign = _parse(_Campaign, tree.get("campaign", {}), "campaign", found)
    profile = _profile(path, campaign, found)
    office = _parse(Office, tree.get("office", {}), "office", found)
    inputs = _parse(_Inputs, _listed(tree.get("inputs", {})), "inputs", found)
    archive = _parse(_Folder, {"folder": "archive"} | tree.get("archive", {}), "archive", found)
    output = _parse(_Folder, {"folder": "out"} | tree.get("output", {}), "output", found)
    sections = {one.name: _parse(one.section, tree.get(one.name, {}), one.name, found) for one in STAGES}
    if campaign and campaign.language and campaign.language not in languages():
        found.append(_choice("[campaign] language", campaign.language, languages()))
    folders = [path.parent / one.folder for one in (archive, output) if one]
    found += _folder_mistakes(path.parent, folders)
    resolved = _resolve(path.parent, inputs, profile, found) if inputs else None
    found += _made_here(resolved, folders) if resolved else []
    if campaign and profile and sections["render"] and sections["collect"]:
        named = vars(sections["render"]) | vars(sections["collect"])
        found += _not_shelved(path.parent, {"form": campaign.form or profile.form, **named})
    if found:
        raise Refusals(found)
    assert resolved is not None  # everything was parsed, or something is in `found`
    assert profile is not None
    return Campaign(
        file=path,
        facts=_facts(campaign, profile, office),
        form=campaign.form or profile.form,
        inputs=resolved,
        archive=path.parent / archive.folder,
        out=path.parent / output.folder,
        sections=sections,
    )


def _folder_mistakes(base: Path, folders: list[Path]) -> list[Refusal]:
    """Evidence and products apart, and neither of them the folder where the campaign lies: products may be deleted."""
    whole = [one.resolve() for one in folders]
    if any(base.resolve().is_relative_to(one) for one in whole):
        return [Refusal("[output] and [archive] need folders of their own", 'write folder = "out"', USAGE)]
    if len(whole) == 2 and (whole[0].is_relative_to(whole[1]) or whole[1].is_relative_to(whole[0])):
        return [Refusal("[output] and [archive] lie in one another", "products may be deleted, evidence never", USAGE)]
    return []


def _made_here(inputs: Inputs, folders: list[Path]) -> list[Refusal]:
    """What a run makes must not be what the next one reads."""
    around = (one for files in inputs.around.values() for one in files)
    layers = [*inputs.patches, *inputs.counties, *inputs.counties_other, *inputs.scenes, *around]
    files = [*layers, *(one.path for one in inputs.imagery)]
    made = [one for one in files if any(one.is_relative_to(folder) for folder in folders)]
    hint = "name the folder where deliveries are put"
    return [Refusal(f"[inputs] takes in what a run writes: {made[0]}", hint, USAGE)] if made else []


_NEEDED = {
    "campaign": 'write [campaign] with id = "2025Q3" and title = "…"',
    "inputs": 'write [inputs] with patches = ["deliveries/*"] and counties = "boundaries/counties.gpkg"',
}


def _missing(path: Path, what: str, hint: str) -> Refusal:
    return Refusal(f"{path.name} has no {what}", hint, USAGE)


def _facts(campaign: _Campaign, profile: _Profile, office: Office) -> CampaignFacts:
    return CampaignFacts(
        id=campaign.id,
        title=campaign.title,
        profile=campaign.profile,
        language=campaign.language or profile.language,
        map_date=campaign.map_date,
        office=office,
        area_unit=campaign.area_unit or profile.area_unit,
        crs="",  # known once the county layer is read
        lead_note=profile.lead_note if campaign.lead_note is None else campaign.lead_note,
    )


def _profile(path: Path, campaign: _Campaign | None, found: list[Refusal]) -> _Profile | None:
    name = campaign.profile if campaign else "cn"
    own = path.parent / name
    file = own if name.endswith(".toml") else shelf() / "campaigns" / f"{name}.toml"
    if not file.is_file():
        found.append(_choice("[campaign] profile", name, [one.stem for one in file.parent.glob("*.toml")]))
        return None
    parsed: _Profile | None = _parse(_Profile, read_toml(file), f"profile {name}", found)
    return parsed


def _listed(inputs: Any) -> Any:
    """Where a list is wanted and one value given, a list of one; imagery as tables."""
    if not isinstance(inputs, dict):
        return inputs
    tidy = dict(inputs)
    for key in ("patches", "counties", "counties_other", "scenes", *AROUND, "before", "after"):
        if isinstance(tidy.get(key), str | dict):
            tidy[key] = [tidy[key]] if tidy[key] or key not in (*AROUND, "counties_other", "scenes") else []
    for key in ("before", "after"):
        if isinstance(tidy.get(key), list):
            tidy[key] = [{"path": one} if isinstance(one, str) else one for one in tidy[key]]
    return tidy


def _parse(kind: Any, tree: Any, section: str, found: list[Refusal]) -> Any:
    """A value of `kind` from one table; mistakes are added to `found` and give None."""
    try:
        return TypeAdapter(kind).validate_python(tree)
    except ValidationError as problem:
        names = list(TypeAdapter(kind).json_schema().get("properties", {}))
        found += [_mistake(section, one, names) for one in problem.errors()]
        return None


def _mistake(section: str, error: Any, names: list[str]) -> Refusal:
    where = ".".join(str(step) for step in error["loc"] if step not in ("str", "list[int]", "list[str]"))
    place = f"[{section}] {where}".strip()
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return Refusal(f"{place} is not a known key", _near(where, names), USAGE)
    if error["type"] == "missing":
        return Refusal(f"{place} is missing", f'write {where} = "…" under [{section}]', USAGE)
    given = "" if error["type"].startswith("missing") else f", not {error['input']!r}"
    return Refusal(f"{place}: {error['msg'][0].lower()}{error['msg'][1:]}{given}", _HINTS.get(where, ""), USAGE)


_DATE = "a date without quotes: 2025-10-08"
_HINTS = {
    "id": "letters, digits, _ and -, at most 40",
    "map_date": _DATE,
    "counties_date": _DATE,
    "counties_other_date": _DATE,
}


def _unknown(tree: Mapping[str, Any], known: list[str], where: str, what: str) -> list[Refusal]:
    return [
        Refusal(f"{where}: [{key}] is not a known {what}", _near(key, known), USAGE) for key in tree if key not in known
    ]


def _near(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word.split(".")[-1], known, 1, 0.6)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def _choice(place: str, given: str, known: list[str]) -> Refusal:
    return Refusal(f"{place}: there is no {given!r}", f"one of: {', '.join(sorted(known))}", USAGE)


def _resolve(base: Path, inputs: _Inputs, profile: _Profile | None, found: list[Refusal]) -> Inputs:
    before = tuple(_imagery(base, "before", inputs.before, found))
    after = tuple(_imagery(base, "after", inputs.after, found))
    levels = inputs.levels if inputs.levels is not None else (profile.levels if profile else "")
    if isinstance(levels, str) and levels not in ("", "gb2260"):
        found.append(_choice("[inputs] levels", levels, ["gb2260", "[2, 5]", '["STATE", "CITY"]']))
    if not inputs.counties_other and (inputs.counties_other_date or inputs.counties_other_fields):
        hint = 'write counties_other = "…", the county layer of that date'
        found.append(Refusal("[inputs] counties_other is missing, and its date or fields are given", hint, USAGE))
    return Inputs(
        patches=tuple(_globbed(base, "patches", inputs.patches, found)),
        counties=tuple(_globbed(base, "counties", inputs.counties, found)),
        imagery=before + after,
        expected=_single(base, "expected", inputs.expected, found),
        **{key: tuple(_globbed(base, key, getattr(inputs, key), found)) for key in AROUND},
        patches_crs=inputs.patches_crs,
        counties_crs=inputs.counties_crs,
        patches_encoding=inputs.patches_encoding,
        area_unit=inputs.area_unit,
        levels=levels if isinstance(levels, str) else tuple(levels),  # type: ignore[arg-type]
        patch_fields=inputs.patch_fields,
        county_fields=inputs.county_fields,
        patch_types=profile.patch_types if profile else "",
        counties_date=inputs.counties_date.isoformat() if inputs.counties_date else "",
        counties_other=tuple(_globbed(base, "counties_other", inputs.counties_other, found)),
        counties_other_fields=inputs.counties_other_fields or inputs.county_fields,
        counties_other_date=inputs.counties_other_date.isoformat() if inputs.counties_other_date else "",
        scenes=tuple(_globbed(base, "scenes", inputs.scenes, found)),
        mask=MaskRules(**dict(inputs.mask)) if inputs.mask else None,
    )


_SHELVES = {  # key: folder of the shelf, and how the files are called that may be meant
    "form": ("forms", "verification_*"),
    "style": ("styles", "*"),
    "font": ("fonts", "*"),
    **{f"{sheet}_layout": ("layouts", "*") for sheet in ("detail", "overview", "index", "vertices")},
    "checks": ("forms", "checks*"),
    "reviews": ("forms", "reviews*"),
    "maps": ("maps", "*"),
}


def _not_shelved(base: Path, values: Mapping[str, Any]) -> Iterator[Refusal]:
    """Names that are neither on the shelf nor a file of the office's own."""
    for key, (folder, kind) in _SHELVES.items():
        for name in (values[key],) if isinstance(values[key], str) else values[key]:
            if Path(name).suffix and not (base / name).is_file():
                hint = "a name with a suffix is a file of your own, taken from the folder of the campaign file"
                yield Refusal(f"{key} = {name!r}: {base / name} does not exist", hint, USAGE)
            elif name and not Path(name).suffix and not (shelf() / folder / f"{name}.toml").is_file():
                yield _choice(key, name, [one.stem for one in (shelf() / folder).glob(f"{kind}.toml")])


_RENAME = "rename it (all at once: convmv -f gbk -t utf8 --notest *)"


def _odd(name: str) -> bool:
    return any("\ud800" <= one <= "\udfff" for one in name)


def _seen(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


_PATHS = "check the path: it is taken from the folder of the campaign file"


def _globbed(base: Path, key: str, patterns: list[str], found: list[Refusal]) -> Iterator[Path]:
    """The files of all patterns, each once, in order of their names."""
    seen: set[Path] = set()
    for pattern in patterns:
        whole = pattern if Path(pattern).is_absolute() else f"{glob.escape(str(base))}/{pattern}"
        names = sorted(glob.glob(whole, recursive=True))  # noqa: PTH207  (absolute patterns are allowed)
        found += [
            Refusal(f"[inputs] {key}: {_seen(one)} is not named in UTF-8", _RENAME, INPUT) for one in names if _odd(one)
        ]
        paths = [Path(name) for name in names if not Path(name).name.startswith((".", "~$"))]
        if not paths:
            found.append(Refusal(f"[inputs] {key}: nothing matches {pattern!r} in {base}", _PATHS, INPUT))
        yield from (path for path in paths if path not in seen)
        seen.update(paths)


def _imagery(base: Path, phase: str, entries: list[ImageryFiles], found: list[Refusal]) -> Iterator[ImageryFile]:
    """The images of a phase, each once; of a VRT or tile index that is named as such those it names."""
    seen: set[Path] = set()
    for one in entries:
        for path in _globbed(base, phase, [one.path], found):
            for listed in _listed_in(path, phase, one, found):
                if listed.path not in seen:
                    called = _called(base, listed.path)
                    yield ImageryFile(listed.path, phase, one.date, one.sensor, listed.bands, called)
                seen.add(listed.path)


def _listed_in(path: Path, phase: str, entry: ImageryFiles, found: list[Refusal]) -> list[Listed]:
    """What a pattern means by a file: an image where it ends like one or is called for by its ending, else nothing."""
    end, asked = path.suffix.lower(), Path(entry.path).suffix.lower()
    if end in LISTS and end == asked:
        try:
            return listed_scenes(path, entry.bands)
        except Refusal as refusal:
            found.append(Refusal(f"[inputs] {phase}: {refusal.sentence}", refusal.hint, INPUT))
            return []
    meant = end in (".tif", ".tiff") or (end == asked and end not in ("", *LISTS))
    return [Listed(path, entry.bands)] if meant and path.is_file() else []


def _called(base: Path, path: Path) -> str:
    """A file as products may call it: from the folder of the campaign file, or by its name and folder."""
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else "/".join(path.parts[-2:])


def _single(base: Path, key: str, name: str, found: list[Refusal]) -> Path | None:
    if not name:
        return None
    path = base / name
    if not path.is_file():
        found.append(Refusal(f"[inputs] {key}: {path} does not exist", _PATHS, INPUT))
    return path


def effective(campaign: Campaign) -> str:
    """The configuration in force as TOML: what the file says, and every default with it."""
    facts, inputs = campaign.facts, campaign.inputs
    apart = ("imagery", "patch_fields", "county_fields", "mask")
    tables: dict[str, Mapping[str, Any]] = {
        "campaign": {k: v for k, v in vars(facts).items() if k not in ("office", "crs")} | {"form": campaign.form},
        "office": vars(facts.office),
        "inputs": {k: v for k, v in vars(inputs).items() if k not in apart}
        | {phase: [one.path for one in inputs.imagery if one.phase == phase] for phase in ("before", "after")},
        "inputs.patch_fields": inputs.patch_fields,
        "inputs.county_fields": inputs.county_fields,
        **({"inputs.mask": vars(inputs.mask)} if inputs.mask else {}),
        "archive": {"folder": campaign.archive},
        "output": {"folder": campaign.out},
        **{name: vars(section) for name, section in campaign.sections.items()},
    }
    return "\n\n".join("\n".join([f"[{name}]", *_lines(values)]) for name, values in tables.items())


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | date):
        return str(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)
