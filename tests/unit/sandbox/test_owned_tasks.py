import asyncio

from structlog.testing import capture_logs

from limi.sandbox.owned_tasks import OwnedTasks


async def test_cancelling_all_leaves_nothing_running() -> None:
    tasks = OwnedTasks()
    started = [tasks.start(asyncio.sleep(3_600), name=f"task {i}") for i in range(3)]
    await tasks.cancel_all()
    assert all(task.cancelled() for task in started)
    assert len(tasks) == 0


async def test_a_task_that_ends_is_forgotten() -> None:
    tasks = OwnedTasks()
    await tasks.start(asyncio.sleep(0), name="short")
    await asyncio.sleep(0)
    assert len(tasks) == 0


async def test_a_failing_task_is_logged_and_leaves_the_others_alone() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    tasks = OwnedTasks()
    other = tasks.start(asyncio.sleep(3_600), name="other")
    with capture_logs() as logs:
        failing = tasks.start(fail(), name="failing")
        await asyncio.wait([failing])
        await asyncio.sleep(0)
    assert [(entry["event"], entry["task"]) for entry in logs] == [("sandbox.task.failed", "failing")]
    assert not other.done()
    await tasks.cancel_all()
