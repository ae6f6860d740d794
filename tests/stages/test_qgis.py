"""What is handed out, opened in the QGIS of the machine; and what is filled in there, collected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.in_qgis import check_projects, in_qgis, need_qgis
from tests.stages.runs import table, tuban

pytestmark = pytest.mark.slow


def test_every_project_opens_from_a_moved_folder_without_a_word(finished: Path, tmp_path: Path) -> None:
    """County projects and the campaign's: all layers valid, all expressions evaluate, nothing in the log."""
    need_qgis()
    moved = tmp_path / "外 业 包" / "省 厅 #1"
    shutil.copytree(finished / "out", moved)
    shutil.rmtree(finished)
    projects = sorted(moved.rglob("*.qgz"))
    assert len(projects) > 2
    assert f"{len(projects)} project(s), 0 problem(s)" in check_projects(*projects)


def test_what_is_filled_in_in_qgis_comes_back(finished: Path) -> None:
    """Through the form, as officers do: a kind of another verdict is refused; name and day fill themselves in."""
    folder = sorted((finished / "out" / "counties").iterdir())[0]
    returned = finished / "archive" / "returns" / folder.name
    shutil.copytree(folder, returned)
    told = dict(in_qgis(_FILL_IN, returned / f"{folder.name}_project.qgz"))
    assert told["kind of another verdict"].startswith("False")
    assert "核查结论" in told["kind of another verdict"]
    assert told["kind of this verdict"].strip() == "True"
    assert told["committed"] == "True"
    assert tuban("collect", finished / "campaign.toml").exit_code == 0
    (finding,) = [one for one in table(finished / "campaign.toml", "findings") if one["state"] == "answered"]
    assert finding["patch_uid"] == told["uid"]
    assert (finding["verdict"], finding["verdict_sub"]) == ("illegal", "illegal.unreported")
    assert told["checker"]
    assert len(told["checked_on"]) == len("2025-10-20")


_FILL_IN = """
layer = opened(sys.argv[1])["patches.gpkg"]
layer.startEditing()
feature = next(layer.getFeatures('"asked" and "seq" = 1'))
form = QgsAttributeForm(layer, feature)
form.setMode(QgsAttributeEditorContext.SingleEditMode)
def allowed(kind):
    form.changeAttribute("verdict_sub", kind)
    at, firm = layer.fields().indexOf("verdict_sub"), QgsFieldConstraints.ConstraintStrengthHard
    good, problems = QgsVectorLayerUtils.validateAttribute(layer, form.currentFormFeature(), at, firm)
    return " ".join([str(good), *problems, layer.fields().at(at).constraints().constraintDescription() * (not good)])
form.changeAttribute("verdict", "illegal")
tell("kind of another verdict", allowed("legal.prior"))
tell("kind of this verdict", allowed("illegal.unreported") + " ")
form.save()
tell("committed", layer.commitChanges(False))
kept = layer.getFeature(feature.id())
tell("uid", kept["patch_uid"])
tell("checker", kept["checker"])
tell("checked_on", kept["checked_on"].toString("yyyy-MM-dd"))
"""
