"""docker-compose.yml and the image: valid, shut tight, and the same system as the local stack."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from youthcare.runtime.local.jars import fetch_jars, read_kafka_version
from youthcare.runtime.local.monitoring import Prometheus
from youthcare.runtime.local.services import SERVICE_PROCESSES, SERVICES, TOPICS_COMMAND, Part
from youthcare.runtime.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
LOCAL = ROOT / "youthcare" / "runtime" / "local"
# What only the local stack needs: the image has Kafka in it and its own way of logging, and compose speaks in the open
# inside its own network (docs/operations.md says how the secured form is set up elsewhere).
LOCAL_ONLY = {
    "local/kafka/pom.xml",
    "local/kafka/log4j2.properties",
    "local/kafka/secured.properties",
    "postgres/secured_hba.conf",
}
# What only compose needs: the local stack writes its targets itself, because its ports are chosen at the start, and
# runs neither Alertmanager nor Grafana.
YIELDING_COMMANDS = {
    "verify": ("trajectwacht", "verify", "--nightly", "03:30"),
    "forget": ("trajectwacht", "forget", "run", "--every", "3600", "--watch-at", "02:30"),
    "retention": ("trajectwacht", "retention", "run", "--nightly", "01:30"),
}
HEADS_COMMAND = (
    *("trajectwacht", "access-log", "heads"),
    *("--file", "/heads/heads.jsonl", "--nightly", "00:30"),
)
COMPOSE_ONLY = {
    "alertmanager/alertmanager.yml",
    "grafana/dashboards/everyone",
    "grafana/dashboards/oversight",
    "grafana/provisioning/everyone",
    "grafana/provisioning/oversight",
    "prometheus/targets/alertmanager.json",
    "prometheus/targets/compose.json",
}


def _find_tool(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert found, f"{name} is not installed"
    return found


def _run(*command: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def _list_variables() -> list[str]:
    return re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)


def _fill_environment(folder: Path) -> Path:
    path = folder / "filled.env"
    lines = [f"{name}={'./LICENSE' if name.endswith('_FILE') else name.lower()}" for name in _list_variables()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The compose file as Docker Compose itself understands it."""
    filled = _fill_environment(tmp_path_factory.mktemp("compose"))
    answer = _run(_find_tool("docker-compose"), "--env-file", str(filled), "config", "--format", "json")
    assert answer.returncode == 0, answer.stderr
    understood: dict[str, Any] = json.loads(answer.stdout)
    return understood


def test_compose_stops_at_each_setting_that_is_not_filled_in() -> None:
    """The example holds no secret, and every name in it is asked for."""
    answer = _run(_find_tool("docker-compose"), "--env-file", ".env.example", "config", "-q")

    assert answer.returncode != 0
    asked = set(re.findall(r"set ([A-Z_]+) in \.env", answer.stderr))
    assert asked == set(_list_variables())


def test_the_same_process_gives_way_in_both(compose: dict[str, Any]) -> None:
    """Where processors are scarce figures wait and alerts do not."""
    ours = {each.name for each in SERVICE_PROCESSES if each.yields}
    theirs = {name for name, service in compose["services"].items() if service.get("cpu_shares", 1024) < 1024}

    assert theirs == {*ours, *YIELDING_COMMANDS} == {"indicators-worker", "verify", "forget", "retention"}


def test_compose_starts_the_commands_of_the_local_stack(compose: dict[str, Any]) -> None:
    """Eight processes, the one that makes the topics and the nightly checks: the same commands, and nothing else."""
    ours = {
        name: tuple(service["command"])
        for name, service in compose["services"].items()
        if service["image"].startswith("trajectwacht:")
    }

    of_services = {process.name: process.command for process in SERVICE_PROCESSES}
    beside = {"topics": TOPICS_COMMAND, "access-log": HEADS_COMMAND} | YIELDING_COMMANDS
    assert ours == of_services | beside


def test_compose_mounts_the_files_that_the_local_stack_reads(compose: dict[str, Any]) -> None:
    """One file of each kind serves both; what only one of them needs is named in this test."""
    mounted = {
        str(Path(volume["source"]).relative_to(DEPLOY))
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if volume["type"] == "bind"
    }
    read = {
        name
        for module in LOCAL.glob("*.py")
        for name in re.findall(r'shipped\("([^"]+)"\)', module.read_text(encoding="utf-8"))
    }

    assert mounted - COMPOSE_ONLY == read - LOCAL_ONLY
    assert mounted >= COMPOSE_ONLY
    assert read >= LOCAL_ONLY
    assert all((DEPLOY / name).exists() for name in mounted | read)


def test_compose_and_the_local_stack_run_the_same_kafka(compose: dict[str, Any]) -> None:
    """One version, in the image's tag and in the pom."""
    assert compose["services"]["kafka"]["image"] == (
        f"apache/kafka:{read_kafka_version(DEPLOY / 'local/kafka/pom.xml')}"
    )


def test_kafka_formats_its_folder_with_the_settings_of_compose(compose: dict[str, Any], tmp_path: Path) -> None:
    """The image's own entry program lays compose's variables over our file, and Kafka accepts the outcome."""
    jars = fetch_jars(maven=_find_tool("mvn"), log=tmp_path / "log", environment=os.environ, say=lambda _: None)
    for name in ("default", "mounted", "final"):
        (tmp_path / name).mkdir()
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (tmp_path / "default" / name).touch()
    shutil.copy(DEPLOY / "local/kafka/server.properties", tmp_path / "mounted")
    own = compose["services"]["kafka"]["environment"] | {"KAFKA_LOG_DIRS": str(tmp_path / "data")}
    folders = [f"--{name}-configs-dir={tmp_path / name}" for name in ("default", "mounted", "final")]
    # The shipped form logs to standard output; without it the program would warn and say nothing.
    logging = f"-Dlog4j2.configurationFile={DEPLOY / 'local/kafka/log4j2.properties'}"
    program = "kafka.docker.KafkaDockerWrapper"

    answer = _run(_find_tool("java"), "-cp", f"{jars}/*", logging, program, "setup", *folders, environment=own)

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (tmp_path / "data" / "meta.properties").exists()
    written = (tmp_path / "final" / "server.properties").read_text(encoding="utf-8")
    assert f"listeners={own['KAFKA_LISTENERS']}" in written


def test_prometheus_is_started_alike(compose: dict[str, Any], tmp_path: Path) -> None:
    """The same options; only places and addresses differ."""
    local = Prometheus(binary="prometheus", home=tmp_path, logs=tmp_path, port=1, tied=True).program.how.command[1:]
    different = ("--config.file", "--storage.tsdb.path", "--web.listen-address")

    def split(options: Any) -> tuple[set[str], set[str]]:
        names = {option.split("=")[0] for option in options}
        return names, {option for option in options if option.split("=")[0] not in different}

    assert split(compose["services"]["prometheus"]["command"]) == split(local)


def test_prometheus_accepts_its_configuration_and_knows_the_eight_processes(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    """promtool finds nothing wrong, and each target is a process of compose on the port it is told to use."""
    (tmp_path / "targets").mkdir()
    shutil.copy(DEPLOY / "prometheus/prometheus.yml", tmp_path)
    shutil.copytree(DEPLOY / "prometheus/rules", tmp_path / "rules")
    shutil.copy(DEPLOY / "prometheus/targets/compose.json", tmp_path / "targets" / "services.json")

    answer = _run(_find_tool("promtool"), "check", "config", str(tmp_path / "prometheus.yml"))

    assert answer.returncode == 0, answer.stdout + answer.stderr
    groups = json.loads((DEPLOY / "prometheus/targets/compose.json").read_text(encoding="utf-8"))
    assert {group["labels"]["process"]: group["targets"] for group in groups} == {
        process.name: [f"{process.name}:{_find_port(compose, process.name)}"] for process in SERVICE_PROCESSES
    } | {name: [f"{name}:9100"] for name in ("access-log", *YIELDING_COMMANDS)}


def _find_port(compose: dict[str, Any], name: str) -> str:
    environment: dict[str, str] = compose["services"][name]["environment"]
    return environment["METRICS_PORT" if name.endswith(Part.WORKER) else "HTTP_PORT"]


def test_every_process_is_given_settings_that_it_accepts(compose: dict[str, Any]) -> None:
    """What compose gives is read by the settings without refusal, and nothing is given that no setting reads."""
    for process in SERVICE_PROCESSES:
        environment = compose["services"][process.name]["environment"]
        settings = Settings.from_env(environment)

        assert {name.lower() for name in environment} <= set(Settings.model_fields)
        assert settings.broker().bootstrap_servers == "kafka:9092"
        if process.part is Part.WORKER:
            assert settings.worker(process.service).metrics_host == "0.0.0.0"  # type: ignore[arg-type]  # noqa: S104
        else:
            assert settings.http().host == "0.0.0.0"  # noqa: S104
            assert settings.token().jwks_file == "/run/secrets/jwks"


def test_a_service_is_given_its_own_secrets_alone(compose: dict[str, Any]) -> None:
    """No service has the database password of another, nor the auditor's; keys go to who needs them only."""
    for process in SERVICE_PROCESSES:
        service = compose["services"][process.name]
        given = json.dumps(service["environment"])
        assert [other for other in SERVICES if f"{other}_password" in given] == [process.service]
        sources = {secret["source"] for secret in service.get("secrets", [])}
        assert ("identity-keys" in sources) == (process.service == "indication")
        assert ("jwks" in sources) == (process.part is Part.API)
        assert ("access-log-keys" in sources) == (process.part is Part.API)
        assert "auditor_password" not in given
        assert "log_keeper_password" not in given


def test_containers_are_shut_tight(compose: dict[str, Any]) -> None:
    """Nobody is root, nothing may gain rights, ports are on loopback, and only Kafka's image writes in its root."""
    for name, service in compose["services"].items():
        assert service["user"] not in ("", "0", "root"), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("read_only", False) is (name != "kafka"), name
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", [])), name
        tag = service["image"].rpartition(":")[2]
        assert tag not in ("", "latest"), name


def test_the_dockerfile_is_clean_and_does_not_run_as_root() -> None:
    """hadolint finds nothing, base images are pinned, and the last user is not root."""
    answer = _run(_find_tool("hadolint"), "deploy/Dockerfile")

    assert answer.returncode == 0, answer.stdout
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert all(re.search(r":\d+\.\d+\.\d+", line) for line in re.findall(r"^FROM .+$", text, re.MULTILINE))
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1] == "10001:10001"
