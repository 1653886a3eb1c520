"""What tests of asyncio need around a loop: takes the place of `test.test_asyncio.utils`.

That module imports half of the library for its servers; the tests run here need none of them. Tests that
go by a loop with a clock of their own are skipped.
"""

import asyncio
import inspect
import re
import unittest
from unittest import mock


class TestCase(unittest.TestCase):
    """A test that makes loops and closes them."""

    def set_event_loop(self, loop, *, cleanup=True):
        assert loop is not None
        asyncio.set_event_loop(None)
        if cleanup:
            self.addCleanup(self.close_loop, loop)

    @staticmethod
    def close_loop(loop):
        if not loop.is_closed():
            loop.close()

    def new_test_loop(self, gen=None):
        if gen is not None:
            self.skipTest("needs a loop with a clock of its own")
        loop = asyncio.new_event_loop()
        self.set_event_loop(loop)
        return loop

    def setUp(self):
        self._thread_cleanup = None

    def tearDown(self):
        asyncio.set_event_loop(None)
        self.doCleanups()


def run_briefly(loop):
    """Runs what is ready."""
    async def once():
        return None

    coroutine = once()
    task = loop.create_task(coroutine)
    task._log_destroy_pending = False
    try:
        loop.run_until_complete(task)
    finally:
        coroutine.close()


def run_once(loop):
    """Runs one turn of the loop."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def run_until(loop, pred, timeout=None):
    for _ in range(1000):
        if pred():
            return
        loop.run_until_complete(asyncio.sleep(0.001))
    raise TimeoutError()


def MockCallback(**kwargs):
    """A function that only says whether it was called."""
    return mock.Mock(spec=["__call__"], **kwargs)


class MockPattern(str):
    """Equal to each text in which the pattern is found."""

    def __eq__(self, other):
        return bool(re.search(str(self), other, re.S))

    __hash__ = str.__hash__


class MockInstanceOf:
    """Equal to each instance of a class."""

    def __init__(self, cls):
        self._class = cls

    def __eq__(self, other):
        return isinstance(other, self._class)


def get_function_source(function):
    """The file and the line of a function."""
    code = inspect.unwrap(function).__code__
    return code.co_filename, code.co_firstlineno


def mock_nonblocking_socket(*args, **kwargs):
    raise unittest.SkipTest("needs sockets")


async def await_without_task(coro):
    """Awaits something while no task runs."""
    raised = []

    def run():
        try:
            for _ in coro.__await__():
                continue
        except BaseException as error:
            raised.append(error)

    asyncio.get_running_loop().call_soon(run)
    await asyncio.sleep(0)
    if raised:
        raise raised[0]
