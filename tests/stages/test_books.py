"""Books of several files and what lies beside them, through whole runs: what leads to a page leads to its file."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import openpyxl
import pypdf
import pytest

from pipeline.book_parts import BOOK, read_book
from tests.stages.runs import table, tree, tuban

SETTINGS = """
[render]
book_by = "town"
overview_pdf = true

[export]
zip_mb = 1
"""


@pytest.fixture(scope="module")
def by_town(finished_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished campaign with its books by town; nobody writes into it."""
    folder = Path(shutil.copytree(finished_master, tmp_path_factory.mktemp("town") / "world"))
    write_settings(folder, SETTINGS)
    result = tuban("run", folder / "campaign.toml", "--workers", "2")
    assert result.exit_code == 0, result.stderr
    return folder


def write_settings(folder: Path, settings: str) -> None:
    path = folder / "campaign.toml"
    path.write_text(path.read_text(encoding="utf-8") + settings, encoding="utf-8")


def test_links_of_the_checklist_lead_to_the_sheet_of_their_patch(by_town: Path) -> None:
    found = 0
    for folder in sorted((by_town / "out" / "counties").iterdir()):
        sheet = openpyxl.load_workbook(folder / f"{folder.name}_checklist.xlsx").worksheets[0]
        for row in sheet.iter_rows():
            uid = next((str(one.value) for one in row if str(one.value).startswith("2025Q3-")), "")
            for cell in row if uid else ():
                if cell.hyperlink:
                    file, _, page = str(cell.hyperlink.target).partition("#page=")
                    page = page or str(cell.hyperlink.location).removeprefix("page=")
                    reader = pypdf.PdfReader(folder / file)
                    assert uid in reader.pages[int(page) - 1].extract_text()
                    assert reader.page_labels[int(page) - 1] == str(cell.value)
                    found += 1
    assert found == sum(one["asked"] for one in table(by_town / "campaign.toml", "pieces"))


def test_the_folder_lists_all_its_files_and_its_sums_hold(by_town: Path) -> None:
    assert tuban("verify", by_town / "out").exit_code == 0
    for folder in sorted((by_town / "out" / "counties").iterdir()):
        book = read_book(by_town / "out" / ".state" / "work" / "render" / folder.name / BOOK)
        sums = (folder / "SHA256SUMS").read_text(encoding="ascii")
        for name in (*(one.file for one in book.parts), *book.beside):
            assert f"  {name}\n" in sums
            assert (folder / name).is_file()
        start = "".join(one.extract_text() for one in pypdf.PdfReader(folder / "00_START_HERE.pdf").pages)
        assert f"{folder.name}_overview.pdf" in start
        assert (book.parts[1].file in start) == (len(book.parts) > 1)


def test_one_worker_gives_the_same_bytes_as_two(by_town: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(by_town, tmp_path / "other", ignore=shutil.ignore_patterns("out")))
    assert tuban("run", other / "campaign.toml", "--workers", "1").exit_code == 0
    assert tree(other / "out" / "counties") == tree(by_town / "out" / "counties")


def test_what_a_book_had_more_of_is_gone_when_it_is_whole_again(
    by_town: Path, finished_master: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(by_town, tmp_path / "other"))
    shutil.copyfile(finished_master / "campaign.toml", other / "campaign.toml")
    assert tuban("run", other / "campaign.toml").exit_code == 0
    assert tree(other / "out" / "counties") == tree(finished_master / "out" / "counties")
    assert not list((other / "out" / ".state" / "work" / "render").rglob("*town*"))


def test_images_are_handed_out_mailed_and_no_photos_when_they_come_back(finished: Path) -> None:
    campaign = finished / "campaign.toml"
    code = sorted(one.name for one in (finished / "out" / "counties").iterdir())[0]
    write_settings(finished, '[render]\nsheet_images = "jpeg"\n[export]\nzip_mb = 1\n')
    assert tuban("run", campaign, "--only", code).exit_code == 0
    folder = finished / "out" / "counties" / code
    images = {f"sheet_images/{one.name}" for one in (folder / "sheet_images").iterdir()}
    assert images
    assert images < {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines()}
    packed = {name for one in (finished / "out" / "packages").iterdir() for name in zipfile.ZipFile(one).namelist()}
    assert {f"{code}_2025Q3/{one}" for one in images} < packed
    assert tuban("verify", finished / "out" / "packages").exit_code == 0
    shutil.copytree(folder, finished / "archive" / "returns" / code)
    assert tuban("collect", campaign).exit_code == 0
    told = (finished / "out" / ".state" / "issues" / "collect.jsonl").read_text(encoding="utf-8")
    assert "sheet_images" not in told
    campaign.write_text(campaign.read_text(encoding="utf-8").replace('sheet_images = "jpeg"', ""), encoding="utf-8")
    assert tuban("run", campaign, "--only", code).exit_code == 0
    assert not list(finished.joinpath("out", ".state", "work", "render", code).rglob("*.jpg"))
    assert not list(folder.rglob("*.jpg"))


def test_a_deadline_stands_on_the_book_of_its_county_and_another_draws_no_other_book(finished: Path) -> None:
    listed = finished / "expected.csv"
    header, *rows = listed.read_text(encoding="utf-8-sig").splitlines()
    code = sorted(one.name for one in (finished / "out" / "counties").iterdir())[0]
    kept = [row for row in rows if not row.startswith(code)]
    before = tree(finished / "out" / "counties")
    listed.write_text("\n".join((header, *kept, f"{code},,,,,,,2031-02-03\n")), encoding="utf-8")
    assert tuban("run", finished / "campaign.toml").exit_code == 0
    after = tree(finished / "out" / "counties")
    books = {name.split("/")[0] for name in after if name.endswith(".pdf") and after[name] != before.get(name)}
    assert books == {code}
    pages = pypdf.PdfReader(finished / "out" / "counties" / code / f"{code}_sheets.pdf").pages
    assert all("2031-02-03" in page.extract_text() for page in pages)
