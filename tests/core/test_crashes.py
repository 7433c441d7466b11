"""What a crash leaves behind: its kind and its place, and nothing of what was in hand."""

import subprocess
import sys

from pydantic import BaseModel, ValidationError

from youthcare.runtime.crashes import sentence_of
from youthcare.runtime.settings import SettingMissing

BSN = "999990019"
DYING = """
import os, sys, threading, warnings
from youthcare import cli
from youthcare.runtime.logs import configure_logging

class Holding:
    def __del__(self):
        raise ValueError("999990019")

def in_a_thread():
    raise ValueError("999990019")

@cli.app.command()
def die():
    configure_logging("test")
    warnings.warn("999990019")
    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    held = Holding()
    del held
    with open("/proc/self/limits") as limits:
        print(next(line for line in limits if line.startswith("Max core")))
    in_a_thread()

sys.argv = ["trajectwacht", "die"]
cli.main()
"""


class Person(BaseModel):
    """Something that a library reads."""

    bsn: int


def raised(text: str) -> Exception:
    """What a library raises when it reads this."""
    try:
        Person.model_validate({"bsn": text})
    except ValidationError as error:
        return error
    raise AssertionError("it is refused")


def test_a_dying_command_tells_kinds_and_places_and_no_value() -> None:
    """A thread, a destructor, a warning and the command itself, each with a number in hand; no core is written."""
    done = subprocess.run([sys.executable, "-c", DYING], capture_output=True, text=True, check=False)

    assert BSN not in done.stdout + done.stderr
    assert done.returncode == 1
    assert done.stderr.startswith("ValueError at ")
    assert [word in done.stdout for word in ("thread_ended", "exception_ignored", "library_reported")] == [True] * 3
    assert next(line for line in done.stdout.splitlines() if "Max core" in line).split()[4:6] == ["0", "0"]


def test_the_text_is_told_of_our_own_exceptions_and_of_files_alone() -> None:
    """What a library says of a value holds that value; what we say is written for who reads it."""
    refused = raised(f"{BSN}x")

    assert BSN in str(refused)
    assert BSN not in sentence_of(refused)
    assert sentence_of(SettingMissing("KAFKA_BOOTSTRAP_SERVERS")).startswith("set KAFKA_BOOTSTRAP_SERVERS (")
    assert sentence_of(FileNotFoundError(2, "No such file", "keys.json")).startswith("[Errno 2] No such file")
