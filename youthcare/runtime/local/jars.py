"""Where Apache Kafka's jars come from: `KAFKA_HOME`, or Maven into a per-user cache.

1. The cache is made once per version and shared by all stacks of a user.
2. A download is made beside its place and moved there when complete, so a torn one is never used.
"""

import contextlib
import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from youthcare.runtime.local.process import LocalStackError
from youthcare.runtime.local.program import Launch, run_tool
from youthcare.runtime.settings import shipped

_COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_NAMESPACE = {"m": "http://maven.apache.org/POM/4.0.0"}
_DOWNLOAD_SECONDS_MAX = 600.0


def list_home_jars(kafka_home: Path) -> Path:
    """The folder with jars of an unpacked Kafka; LocalStackError when it has none."""
    libraries = kafka_home / "libs"
    if not any(libraries.glob("kafka-clients-*.jar")):
        raise LocalStackError(f"KAFKA_HOME is {kafka_home}, which has no libs/kafka-clients-*.jar")
    return libraries


def read_kafka_version(pom: Path) -> str:
    """The version of Kafka that the pom names."""
    # The pom is shipped with this code, so it cannot be hostile XML.
    tree = ElementTree.parse(pom)  # noqa: S314
    version = tree.findtext("m:dependencies/m:dependency[m:artifactId='kafka_2.13']/m:version", None, _NAMESPACE)
    assert version, "the pom names kafka_2.13"
    return version


def find_cache(environment: Mapping[str, str]) -> Path:
    """The per-user cache: `TRAJECTWACHT_CACHE`, else the user's cache folder."""
    default = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trajectwacht"
    return Path(environment.get("TRAJECTWACHT_CACHE") or default)


def fetch_jars(*, maven: str, log: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """The folder with Kafka's jars, fetched by Maven when the cache lacks them."""
    pom = shipped("local/kafka/pom.xml")
    version = read_kafka_version(pom)
    place = find_cache(environment) / f"kafka-{version}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with lock_file(place.with_name(f"{place.name}.lock")):
        # The marker holds the pom, so another binding of the same Kafka is fetched too.
        marker = place / "complete"
        if not marker.exists() or marker.read_bytes() != pom.read_bytes():
            say(f"fetching Apache Kafka {version} by Maven, once")
            _download(pom, place, maven=maven, log=log, environment=environment)
    return place / "jars"


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, so that two runs never make the same thing."""
    with path.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _download(pom: Path, place: Path, *, maven: str, log: Path, environment: Mapping[str, str]) -> None:
    partial = place.with_name(f"{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    goal = (_COPY_GOAL, "-DincludeScope=runtime", f"-DoutputDirectory={partial / 'jars'}")
    launch = Launch(
        name="maven",
        command=(maven, "-B", "-f", str(pom), *goal),
        log=log,
        folder=partial,
        environment=environment,
    )
    run_tool(launch, seconds=_DOWNLOAD_SECONDS_MAX)
    (partial / "complete").write_bytes(pom.read_bytes())
    shutil.rmtree(place, ignore_errors=True)
    partial.rename(place)
