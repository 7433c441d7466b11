"""`trajectwacht`: every command of the product, one group per service and per chore.

A group lives in a file of its own and imports what it runs when it runs, so that the command answers quickly.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from youthcare import (
    cli_access_log,
    cli_alerts,
    cli_demo,
    cli_forget,
    cli_indication,
    cli_indicators,
    cli_inspection,
    cli_local,
    cli_rebuild,
    cli_reference,
    cli_replay,
    cli_reports,
    cli_retention,
    cli_schemas,
    cli_simulate,
    cli_trajectory,
    cli_verify,
)
from youthcare.runtime.crashes import keep_memory_from_disk, sentence_of, tell_by_place

app = typer.Typer(help="Trajectwacht: care trajectories of youths, live.", no_args_is_help=True)
app.add_typer(cli_indication.app, name="indication")
app.add_typer(cli_indication.keys_app, name="keys")
app.add_typer(cli_forget.app, name="forget")
app.add_typer(cli_retention.app, name="retention")
app.add_typer(cli_trajectory.app, name="trajectory")
app.add_typer(cli_indicators.app, name="indicators")
app.add_typer(cli_alerts.app, name="alerts")
app.add_typer(cli_access_log.app, name="access-log")
app.add_typer(cli_local.app, name="local")
app.add_typer(cli_reference.app, name="reference")
app.add_typer(cli_schemas.app, name="schemas")
app.command(name="replay")(cli_replay.replay)
app.command(name="simulate")(cli_simulate.simulate_year)
app.command(name="demo")(cli_demo.demo)
app.command(name="verify")(cli_verify.verify)
app.command(name="inspection")(cli_inspection.inspection)
app.command(name="rebuild")(cli_rebuild.rebuild)
app.command(name="publish")(cli_reports.publish)
app.command(name="report")(cli_reports.report)


topics_app = typer.Typer(help="The topics of the system.", invoke_without_command=True)
app.add_typer(topics_app, name="topics")


@topics_app.callback()
def topics(context: typer.Context) -> None:
    """Create the topics that are not there yet."""
    from youthcare.runtime.settings import Settings
    from youthcare.runtime.topic_creation import create_topics

    if context.invoked_subcommand is None:
        settings = Settings.from_env(os.environ)
        create_topics(settings.broker(), replication=settings.topic_replication)


@topics_app.command()
def users(
    file: Annotated[Path, typer.Argument(help="JSON: user to password; for the owner's eyes alone.")],
) -> None:
    """Give users of the broker their passwords, which stand in a file and in no argument."""
    import json

    from youthcare.runtime.access_granting import set_passwords
    from youthcare.runtime.settings import Settings

    if file.stat().st_mode & 0o077:
        raise typer.BadParameter(f"{file} can be read by others: chmod 600")
    passwords = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(passwords, dict) or not all(isinstance(each, str) and each for each in passwords.values()):
        raise typer.BadParameter("not a JSON object of user to password")
    set_passwords(Settings.from_env(os.environ).broker(), passwords)
    print(f"{len(passwords)} users have their passwords")


@topics_app.command()
def access(
    sender: Annotated[
        list[str] | None, typer.Option(help="A user that may write `intake`; those of before keep it.")
    ] = None,
    former: Annotated[list[str] | None, typer.Option(help="A sender that may no longer.")] = None,
) -> None:
    """Bring the rules of the broker in line: who may read and write which topic, and nobody else."""
    from youthcare.runtime.access_granting import grant_access
    from youthcare.runtime.settings import Settings

    try:
        done = grant_access(Settings.from_env(os.environ).broker(), sender or (), former or ())
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    for line in done.given:
        print(f"given: {line}")
    for line in done.taken:
        print(f"taken: {line}")
    print(f"{len(done.given)} rules given, {len(done.taken)} taken")


@topics_app.command()
def accept(
    service: Annotated[str, typer.Argument(help="indication, trajectory, indicators or alerts; its workers stopped.")],
) -> None:
    """After a topic was lost and made anew: let a service read it from its start."""
    from youthcare.runtime.acceptance import accept_topic
    from youthcare.runtime.settings import Settings

    if service not in ("indication", "trajectory", "indicators", "alerts"):
        raise typer.BadParameter("there is no such service")
    print(f"{accept_topic(Settings.from_env(os.environ), service)} positions forgotten")


def main() -> None:
    """Entry point of the installed command; of a crash nothing is told but its kind and place."""
    keep_memory_from_disk()
    tell_by_place()
    try:
        app()
    except Exception as error:
        print(sentence_of(error), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
