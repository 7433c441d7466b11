"""Whatever happens to the processes, the broker and the database: nothing is lost, double or wrong (engine.md §4).

Rules. A run is its seed. A seed that ever failed stands in `kept_seeds.txt` and is run for ever. The engine is
production's, and every broken one of `broken.py` is caught.
"""

import pytest

from tests.simulation.broken import BROKEN
from tests.simulation.run import Failed, kept_seeds, simulate
from tests.simulation.stage import STAGE, Process, SimulatedLoop, Stage, gate

BASE = 20_261_122
BLOCKS, SEEDS_PER_BLOCK = 10, 20
CAUGHT_WITHIN = 100


@pytest.mark.parametrize("block", range(BLOCKS))
def test_whatever_happens_nothing_is_lost_double_or_wrong(block: int) -> None:
    """After every step the tables are what was read, and in the end all is what replay says."""
    for seed in range(BASE + block * SEEDS_PER_BLOCK, BASE + (block + 1) * SEEDS_PER_BLOCK):
        simulate(seed)


@pytest.mark.parametrize("seed", kept_seeds())
def test_what_once_failed_holds(seed: int) -> None:
    """The seeds that found something, also in runs of ten thousand."""
    simulate(seed)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_engine_is_caught(broken: str) -> None:
    """Each in one place, and within some dozens of seeds: the simulation can fail."""
    for seed in range(CAUGHT_WITHIN):
        try:
            simulate(seed, BROKEN[broken])
        except Failed:
            return
    pytest.fail(f"not noticed in {CAUGHT_WITHIN} seeds: {broken}")


def test_what_ends_by_itself_goes_no_further() -> None:
    """Its other work stands where it stood, as after `os._exit`; once it is ended, nothing holds that up."""
    stage, process, passed = Stage(), Process("one"), list[str]()

    async def work() -> None:
        try:
            for number in range(1000):
                await gate(f"gate {number}")
                passed.append(f"gate {number}")
        finally:
            await gate("tidying up")
            passed.append("tidied up")

    async def story() -> None:
        actor = await stage.start(process, "work", work())
        await stage.go_on(actor)
        process.is_dead = True
        await stage.go_on(actor)
        assert (passed, actor.place) == (["gate 0", "gate 1"], "gate 2")
        await stage.kill(process)

    mark, loop = STAGE.set(stage), SimulatedLoop()
    loop.run_until_complete(story())
    loop.close()
    STAGE.reset(mark)
    assert passed == ["gate 0", "gate 1", "tidied up"]


def test_a_seed_tells_the_same_twice() -> None:
    """The same steps, as often: a failure can be told again."""
    assert simulate(BASE) == simulate(BASE)


def test_what_fails_is_told_with_its_seed_and_its_steps() -> None:
    """Whoever reads it can run it again and see what led there."""
    failed = Failed(7, "something is lost", ["told: a", "killed: b"])

    assert "seed 7: something is lost" in str(failed)
    assert "   2 killed: b" in str(failed)
