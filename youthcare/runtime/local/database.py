"""PostgreSQL of the local stack: one server, one database, four service roles that cannot see each other.

Two more roles read views alone, for dashboards; one reads the log of looks, and one ends what is past its term there.

1. `fsync` is off only when the caller says that the data may be lost; a killed server loses nothing either way,
   a power cut would.
2. Everyone logs in over TCP on loopback by scram-sha-256 with a random password; there is no socket file.
3. Roles and schemas come from deploy/postgres, the very files that docker-compose.yml mounts.
4. In the secured form it takes nobody without TLS (deploy/postgres/secured_hba.conf), and every address that it gives
   insists on TLS and on this server's certificate.
"""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import struct
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path

from youthcare.runtime.local.certificates import DATABASE_NAME
from youthcare.runtime.local.postgres_install import PostgresInstall, choose_user
from youthcare.runtime.local.program import Launch, Program, run_tool
from youthcare.runtime.local.securing import Security
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.settings import shipped

ADMIN = "admin"
READERS = ("dashboard_reader", "oversight_reader", "auditor", "log_keeper")
ROLES = (ADMIN, *SERVICES, *READERS)
DATABASE = "trajectwacht"
_SUPERUSER = "postgres"
_PROTOCOL_VERSION = struct.pack("!i", 3 << 16)
_ASK_FOR_TLS = struct.pack("!ii", 8, 80877103)
_SETUP_SECONDS_MAX = 60.0
_READY_SECONDS_MAX = 60.0
_NOT_DURABLE = ("-c", "fsync=off", "-c", "full_page_writes=off")
_CREATE_DATABASE = (
    f"SELECT 'CREATE DATABASE {DATABASE}' "  # noqa: S608  (a constant)
    f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec\n"
)


class StopMode(Enum):
    """How the server is told to stop; the value is the signal that PostgreSQL gives that meaning."""

    FAST = signal.SIGINT
    IMMEDIATE = signal.SIGQUIT


class Database:
    """A PostgreSQL server on loopback, with its data in `home`."""

    def __init__(
        self,
        *,
        install: PostgresInstall,
        home: Path,
        logs: Path,
        port: int,
        passwords: Mapping[str, str],
        durable: bool,
        tied: bool,
        security: Security | None = None,
    ) -> None:
        self._security = security
        self._install = install
        self._home = home
        self._port = port
        self._passwords = dict(passwords)
        self._durable = durable
        self._prepared = False
        self._data = home / f"data-{install.major}"
        self._base = Launch(
            name="database",
            command=(str(install.folder / "postgres"), *self._arguments()),
            log=logs / "database.log",
            folder=home,
            environment={"LC_ALL": "C", "PATH": os.defpath},
            tied=tied,
            user=choose_user(),
            stop_signal=signal.SIGINT,
            # SIGKILL would leave the server's own children to notice for themselves.
            death_signal=signal.SIGQUIT,
            grace_seconds=30.0,
        )
        self.program = Program(self._base)
        forms = ("" if durable else ", without fsync") + (", secured" if security else "")
        self.description = f"PostgreSQL {install.major}{forms}"

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._port}"

    def dsn(self, role: str) -> str:
        """The address with name and password of `admin`, a service or a reader; never to be logged."""
        user = _SUPERUSER if role == ADMIN else role
        dsn = f"postgresql://{user}:{self._passwords[role]}@{self.address}/{DATABASE}"
        return self._security.guarded(dsn) if self._security else dsn

    def launch(self) -> None:
        """Start without waiting; makes the data folder the first time."""
        self._create_once()
        self.program.launch()

    def wait_until_ready(self) -> None:
        """Wait until the server takes connections; the first time also make database, roles and schemas."""
        trust = self._security.trust if self._security else None
        self.program.wait_until(lambda: accepts_sessions(self.address, trust), seconds=_READY_SECONDS_MAX)
        if not self._prepared:
            self._prepare()
            self._prepared = True

    def start(self) -> None:
        """Start and wait, on the same address and data as before."""
        self.launch()
        self.wait_until_ready()

    def stop(self, mode: str = "fast") -> None:
        """Stop: `fast` ends sessions and writes everything out; `immediate` drops all, the start recovers."""
        self.program.stop(StopMode[mode.upper()].value)

    def kill(self) -> None:
        """End the server as a power cut of this one process would."""
        self.program.kill()

    def restart(self, mode: str = "fast") -> None:
        """Stop in this mode, then start and wait."""
        self.stop(mode)
        self.start()

    def _arguments(self) -> tuple[str, ...]:
        own = {
            "config_file": str(self._home / "postgresql.conf"),
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            **self._guards(),
        }
        settings = tuple(part for name, value in own.items() for part in ("-c", f"{name}={value}"))
        return ("-D", str(self._data), *settings, *(() if self._durable else _NOT_DURABLE))

    def _guards(self) -> dict[str, str]:
        if self._security is None:
            return {}
        return {
            "ssl": "on",
            "ssl_min_protocol_version": "TLSv1.2",
            "ssl_cert_file": str(self._home / "server.pem"),
            "ssl_key_file": str(self._home / "server.key"),
            "hba_file": str(self._home / "secured_hba.conf"),
        }

    def _install_guards(self, security: Security) -> None:
        self._install_file("secured_hba.conf", shipped("postgres/secured_hba.conf").read_bytes())
        # Copies for the user who runs the server: the folder of certificates is closed to it.
        self._install_file("server.pem", security.certificates.certificate(DATABASE_NAME).read_bytes())
        self._install_file("server.key", security.certificates.key(DATABASE_NAME).read_bytes())

    def _create_once(self) -> None:
        self._install_file("postgresql.conf", shipped("postgres/postgresql.conf").read_bytes())
        if self._security is not None:
            self._install_guards(self._security)
        if self._data.exists():
            return
        # Made beside its place and moved there when complete: a torn initdb leaves nothing that looks whole.
        partial = self._data.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        password_file = self._install_file("password", self._passwords[ADMIN].encode())
        settings = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", f"--pwfile={password_file}")
        sync = () if self._durable else ("--no-sync",)
        command = (str(self._install.folder / "initdb"), "-D", str(partial), "-U", _SUPERUSER, *settings, *sync)
        try:
            run_tool(replace(self._base, name="initdb", command=command), seconds=_SETUP_SECONDS_MAX)
        finally:
            password_file.unlink()
        partial.rename(self._data)

    def _install_file(self, name: str, content: bytes) -> Path:
        path = self._home / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
        if self._base.user is not None:
            os.chown(path, self._base.user, self._base.user)
        return path

    def _prepare(self) -> None:
        create = self._install_file("database.sql", _CREATE_DATABASE.encode())
        self._run_script(create, "postgres")
        for script in (shipped("postgres/roles.sql"), shipped("postgres/access_log.sql")):
            self._run_script(script, DATABASE)

    def _run_script(self, script: Path, database: str) -> None:
        host, port = self.address.split(":")
        passwords = {f"{role.upper()}_PASSWORD": self._passwords[role] for role in (*SERVICES, *READERS)}
        environment = {
            **self._base.environment,
            **passwords,
            **self._trust(),
            "PGPASSWORD": self._passwords[ADMIN],
        }
        command = (str(self._install.folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1")
        where = ("-h", host, "-p", port, "-U", _SUPERUSER, "-d", database, "-f", str(script))
        # Run as ourselves: the script may stand where `nobody` cannot come.
        launch = replace(self._base, name="psql", command=(*command, *where), environment=environment, user=None)
        run_tool(launch, seconds=_SETUP_SECONDS_MAX)

    def _trust(self) -> dict[str, str]:
        if self._security is None:
            return {}
        return {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self._security.certificates.authority)}


def accepts_sessions(address: str, trust: ssl.SSLContext | None = None) -> bool:
    """Whether a PostgreSQL of that address would let somebody log in now, asked as pg_isready does.

    `trust` asks over TLS, and believes only what it vouches for.
    """
    host, port = address.split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1.0) as connection:
            if trust is None:
                return _asks_for_password(connection)
            connection.sendall(_ASK_FOR_TLS)
            if connection.recv(1) != b"S":
                return False
            with trust.wrap_socket(connection, server_hostname=host) as line:
                told = _asks_for_password(line)
                # Said goodbye to, so that closing is no line in the server's log here either.
                with contextlib.suppress(OSError):
                    line.unwrap()
                return told
    except OSError:
        return False


def _asks_for_password(line: socket.socket) -> bool:
    content = _PROTOCOL_VERSION + b"user\0" + _SUPERUSER.encode() + b"\0\0"
    line.sendall(struct.pack("!i", len(content) + 4) + content)
    # Read whole, so that closing is an orderly end and no line in the server's log.
    # "R" asks for the password; "E" is a server that is starting, stopping or full.
    return line.recv(1024)[:1] == b"R"


def prepare_home(home: Path) -> None:
    """Make the folder of the data and give it to the user who runs the server."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    user = choose_user()
    if user is not None:
        os.chown(home, user, user)
