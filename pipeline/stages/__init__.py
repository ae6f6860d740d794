"""The stages in order: one explicit tuple. Command line verbs and make targets come from it."""

from __future__ import annotations

from pipeline.engine.stage import Stage
from pipeline.stages import clip, collect, export, ingest, render, report

STAGES: tuple[Stage, ...] = (ingest.STAGE, clip.STAGE, render.STAGE, export.STAGE, collect.STAGE, report.STAGE)
