"""The means of the fault suite do what they say: a network that is cut or silent, processes that are kept running."""

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disks import log_that_cannot_grow
from tests.faults.keeping import Keeper
from tests.faults.proxy import Network, Proxy, Way
from tests.indication import until
from youthcare.runtime.local.process import choose_free_port
from youthcare.runtime.local.program import Launch, Program


@pytest.fixture
def echoing() -> Iterator[int]:
    """The port of a server that says again what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo(there: socket.socket) -> None:
            with there, contextlib.suppress(ConnectionError):
                while heard := there.recv(100):
                    there.sendall(heard)

        def accept() -> None:
            try:
                while True:
                    threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def client(proxy: Proxy) -> socket.socket:
    """A connection through a proxy, with little patience."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3)


def answered(connection: socket.socket, word: bytes) -> bytes:
    """What comes back."""
    connection.sendall(word)
    return connection.recv(100)


def test_a_cut_resets_what_is_connected_and_whoever_connects(echoing: int) -> None:
    """Nothing is swallowed: both ends hear of it at once; afterwards the way is open."""
    with Network() as network:
        proxy = network.lead(choose_free_port(), echoing)
        with client(proxy) as before:
            assert answered(before, b"one") == b"one"
            network.turn(proxy, Way.CUT)
            with pytest.raises(ConnectionError):
                answered(before, b"two")
        with pytest.raises(ConnectionError), client(proxy) as during:
            answered(during, b"three")
        network.turn(proxy, Way.OPEN)
        with client(proxy) as after:
            assert answered(after, b"four") == b"four"
        assert proxy.met == 2


def test_a_silence_swallows_and_tells_nobody(echoing: int) -> None:
    """Half-open: what is sent seems to arrive, and nothing ever comes back; at the end the connection is reset."""
    with Network() as network:
        proxy = network.lead(choose_free_port(), echoing)
        with client(proxy) as connection:
            assert answered(connection, b"one") == b"one"
            network.turn(proxy, Way.SILENT)
            with pytest.raises(TimeoutError):
                answered(connection, b"two")
            network.turn(proxy, Way.OPEN)
            with pytest.raises(ConnectionError):
                answered(connection, b"three")
        assert (proxy.met, proxy.swallowed) == (1, 3)


def test_what_ends_is_started_again_and_its_end_is_counted(tmp_path: Path) -> None:
    """Whatever its exit code, as compose does."""
    log = tmp_path / "sleeper.log"
    command = (sys.executable, "-c", "import time; time.sleep(60)")
    program = Program(Launch(name="sleeper", command=command, log=log, folder=tmp_path))
    keeper = Keeper({"sleeper": program})
    program.launch()
    keeper.start()
    try:
        first = program.identity
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: program.is_running() and program.identity != first, "it runs again", 20)
        assert keeper.endings == {("sleeper", -9): 1}
    finally:
        keeper.finish()
        program.kill()


def test_a_log_that_cannot_grow_is_the_kernels_doing(tmp_path: Path) -> None:
    """Only for as long as the block runs, and only for the process that was named."""
    log = tmp_path / "full.log"
    log.write_text("a line\n")

    with log.open("a") as out:
        with log_that_cannot_grow(os.getpid(), log), pytest.raises(OSError, match="too large"):
            os.write(out.fileno(), b"another\n")
        os.write(out.fileno(), b"another\n")

    assert log.read_text() == "a line\nanother\n"
