"""The command line: the only print, the only exit. stdout carries data, stderr carries talk."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline import __version__
from pipeline.errors import Refusal, of_machine

if TYPE_CHECKING:
    from pipeline.campaign import Campaign
    from pipeline.conduct import Conducted

Talk = Callable[..., None]  # words, and a colour where there are colours
OK, BUG, PARTLY, INTERRUPTED = 0, 1, 3, 130
# Named here and not taken from STAGES, so that `tuban --help` loads nothing; a test holds the two together.
STAGE_VERBS = {
    "ingest": "Sort every record of every delivery: accepted, quarantined with its reason, or duplicate.",
    "clip": "Cut patches at county borders, with an account of every square metre.",
    "render": "Draw the book of map sheets of each county.",
    "export": "Make each county's folder: sheets, checklist, GeoPackages, project, sums.",
    "collect": "Read completed checklists from archive/returns; one finding for every piece, nothing lost.",
    "report": "Write the books, the status of each county and the morning page.",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tuban")
def cli() -> None:
    """From satellite change polygons to county map books, checklists and balanced accounts.

    Begin with `tuban demo DIR`, then `tuban run DIR/campaign.toml`.
    """


def _run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--only", multiple=True, metavar="CODE", help="Only counties whose code begins so; repeatable."),
        click.option("--workers", type=click.IntRange(1), help="Local processes (default: as many as processors)."),
        click.option("--again", is_flag=True, help="Do everything anew, fresh or not."),
        click.option("--dry-run", "dry", is_flag=True, help="Say what would be done and why, and do nothing."),
        click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="How stderr talks."),
        click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    ):
        command = option(command)
    return command


@cli.command()
@_run_options
def run(**wish: Any) -> None:
    """Run all stages in order; what is fresh is skipped."""
    _conduct(list(STAGE_VERBS), **wish)


def _stage_command(name: str, sentence: str) -> None:
    def command(**wish: Any) -> None:
        _conduct([name], **wish)

    cli.command(name, help=sentence)(_run_options(command))


for _name, _sentence in STAGE_VERBS.items():
    _stage_command(_name, _sentence)


@cli.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--size", type=click.Choice(["tiny", "small", "province"]), default="small", show_default=True)
@click.option("--seed", type=int, default=20251008, show_default=True)
def demo(folder: Path, size: str, seed: int) -> None:
    """Write a synthetic province: deliveries, boundaries, imagery, announcements and a campaign.toml."""

    def write() -> int:
        from pipeline.demo.province import make_demo

        summary = make_demo(folder, size, seed, _talker("text"))
        _say(
            f"{folder}: {summary.received} records, {len(summary.counties)} counties, {len(summary.troubles)} troubles"
        )
        _say(f"next: tuban run {folder / 'campaign.toml'}")
        return OK

    _guarded(write)


@cli.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day that decides who is overdue (expected.csv).")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option("--summary", is_flag=True, help="A dozen lines, fit for mail.")
def status(config: Path, as_of: datetime | None, as_json: bool, summary: bool) -> None:
    """Show each county: announced, came, pieces, answers, verdicts, sheets, state; and issues by code."""

    def show() -> int:
        from pipeline.config import read_campaign
        from pipeline.intake.expected import read_expected
        from pipeline.status import status_lines, status_value, summary_lines

        campaign = read_campaign(config)
        expected = campaign.inputs.expected
        announced = read_expected(expected) if expected else {}
        value = status_value(campaign.files, announced, as_of.date() if as_of else None)
        lines = summary_lines(value) if summary else status_lines(value)
        click.echo(json.dumps(value, ensure_ascii=False, indent=1) if as_json else "\n".join(lines))
        return OK

    _guarded(show)


@cli.command()
@click.option("--only", multiple=True, metavar="CODE", help="Only counties whose code begins so; repeatable.")
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def proof(config: Path, only: tuple[str, ...]) -> None:
    """Draw a few telling sheets into out/proof.pdf: smallest, largest, across a border, fullest overview …"""

    def draw() -> int:
        from pipeline.config import read_campaign
        from pipeline.proof import make_proof

        made = make_proof(read_campaign(config), only)
        for at, page in enumerate(made.pages):
            click.echo(f"{at + 1}  {page.county_code}  {page.patch or '-'}  {', '.join(page.reasons)}")
            for fault in page.faults:
                _say(f"page {at + 1} would withhold its book: {fault}", "red")
        _say(f"look at {_from_here(made.path)}")
        return PARTLY if any(page.faults for page in made.pages) else OK

    _guarded(draw)


@cli.command()
@click.option("--only", multiple=True, metavar="CODE", help="Only counties whose code begins so; repeatable.")
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def plan(config: Path, only: tuple[str, ...]) -> None:
    """Tell what a run would do: stages, counties, pages, missing imagery, room on the disk."""

    def tell() -> int:
        from pipeline.conduct import Wish
        from pipeline.config import read_campaign
        from pipeline.forecast import plan_lines
        from pipeline.stages import STAGES

        for line in plan_lines(read_campaign(config), STAGES, Wish(only)):
            click.echo(line)
        return OK

    _guarded(tell)


@cli.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def settings(config: Path) -> None:
    """Show the effective configuration, with defaults and units."""

    def show() -> int:
        from pipeline.config import effective, read_campaign

        click.echo(effective(read_campaign(config)))
        return OK

    _guarded(show)


@cli.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def verify(path: Path) -> None:
    """Check a county folder, a zip of one, or a whole output tree against its sums."""

    def check() -> int:
        from pipeline.verify import not_checked, verify_path

        found = verify_path(path)
        for one in (*found.problems, *found.opened):
            click.echo(one)
        for one in not_checked(path) if path.is_file() else ():
            _say(one)
        _say(f"{found.files} files checked, {len(found.problems)} problems")
        return PARTLY if found.problems else OK

    _guarded(check)


@cli.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("id", metavar="ID")
def explain(config: Path, **said: str) -> None:
    """Trace a patch, a piece (UID/CODE), a patch number or an output file back to what was delivered."""

    def trace() -> int:
        from pipeline.config import read_campaign
        from pipeline.explain import explain as lineage

        campaign = read_campaign(config)
        for line in lineage(campaign.files, said["id"], campaign.facts.language, campaign.inputs.county_dates):
            click.echo(line)
        return OK

    _guarded(trace)


def _conduct(
    names: list[str], config: Path, only: tuple[str, ...], workers: int | None, again: bool, dry: bool, log_format: str
) -> None:
    def go() -> int:
        from pipeline.conduct import Wish, conduct, foresee
        from pipeline.config import read_campaign
        from pipeline.engine.workers import default_workers
        from pipeline.stages import STAGES

        campaign = read_campaign(config)
        wish = Wish(only, workers or default_workers(), again)
        stages = [one for one in STAGES if one.name in names]
        if dry:
            for line in foresee(campaign, stages, wish):
                click.echo(line)
            return OK
        _log_to_stderr(talk)
        done = conduct(campaign, stages, wish, talk)
        _show_failures(done, talk)
        if names == ["ingest"]:
            _show_receipts(campaign)
        if "report" in names:
            _say_where(campaign, talk)
        return _exit_code(done)

    talk = _talker(log_format)
    _guarded(go, talk)


def _exit_code(done: Conducted) -> int:
    """3 where counties failed, files were set aside whole, the quarantine passed its budget or books do not balance."""
    return PARTLY if done.failed or done.doubts else OK


def _show_failures(done: Conducted, talk: Talk) -> None:
    from pipeline.failures import failure_lines

    for words in failure_lines(done.failed):
        talk(words, "red")
    for words in done.doubts:
        talk(words, "yellow")


def _show_receipts(campaign: Campaign) -> None:
    """What each sender may be told, on stdout; the same lies in reports/deliveries."""
    for path in sorted(campaign.files.receipts.glob("*.txt")):
        click.echo(path.read_text(encoding="utf-8"))


def _say_where(campaign: Campaign, talk: Talk) -> None:
    talk(f"look at {_from_here(campaign.files.reports / 'index.html')}")
    folder = campaign.out / "counties"
    if folder.is_dir():
        talk(f"county folders: {_from_here(folder)}")


def _from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _talker(log_format: str) -> Talk:
    return _say_json if log_format == "json" else _say


def _log_to_stderr(talk: Talk) -> None:
    """What long work says of its progress goes the way of all talk."""
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            talk(record.getMessage())

    logger = logging.getLogger("tuban")
    logger.handlers = [Handler()]
    logger.setLevel(logging.INFO)


def _say(words: str, colour: str | None = None) -> None:
    click.secho(words, err=True, fg=colour if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else None)


def _say_json(words: str, _: str | None = None) -> None:
    click.echo(json.dumps({"say": words}, ensure_ascii=False), err=True)


def _guarded(work: Callable[[], int], talk: Talk = _say) -> None:
    """Run a command's work; what it raises becomes words and the exit code of the contract."""
    try:
        code = work()
    except KeyboardInterrupt:
        talk("interrupted; run again to go on where it stopped", "red")
        code = INTERRUPTED
    except BrokenPipeError:
        raise  # whoever read our data has had enough; click ends quietly
    except Exception as problem:
        refusal = problem if isinstance(problem, Refusal) else of_machine(problem)
        code = _refused(refusal, talk) if refusal else _bug(problem, talk)
    sys.exit(code)


def _refused(refusal: Refusal, talk: Talk) -> int:
    for line in refusal.lines():
        talk(line, "red")
    return refusal.code


def _bug(bug: Exception, talk: Talk) -> int:
    import traceback

    outcome = getattr(bug, "outcome", None)
    talk(outcome.trace if outcome else "".join(traceback.format_exception(bug)))
    talk("this is a bug of tuban: please send the lines above with the campaign.toml", "red")
    return BUG


def main() -> None:
    """The console script."""
    cli()
