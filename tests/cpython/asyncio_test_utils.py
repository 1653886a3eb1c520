"""What tests of asyncio need around a loop: takes the place of `test.test_asyncio.utils`.

That module imports half of the library for its servers; the tests run here need none of them.
"""

import asyncio
import inspect
import re
import unittest
from unittest import mock


class IdleSelector:
    """Waits for nothing."""

    def select(self, timeout):
        return []

    def close(self):
        pass


class TestLoop(asyncio.BaseEventLoop):
    """A loop whose time stands still, but for what a generator says.

    Each time a timer is set, the generator is sent its moment after that turn of the loop, and what it
    yields is added to the time.
    """

    def __init__(self, gen=None):
        super().__init__()
        self._has_steps = gen is not None
        self._steps = gen() if gen is not None else iter_forever()
        next(self._steps)
        self._now = 0
        self._moments = []
        self._selector = IdleSelector()

    def time(self):
        return self._now

    def advance_time(self, advance):
        if advance:
            self._now += advance

    def call_at(self, when, callback, *args, context=None):
        self._moments.append(when)
        return super().call_at(when, callback, *args, context=context)

    def _run_once(self):
        super()._run_once()
        moments, self._moments = self._moments, []
        for moment in moments:
            self.advance_time(self._steps.send(moment))

    def _process_events(self, event_list):
        pass

    def close(self):
        super().close()
        if self._has_steps:
            try:
                self._steps.send(0)
            except StopIteration:
                return
            raise AssertionError("the generator of times has not come to its end")


def iter_forever():
    while True:
        yield


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
        loop = TestLoop(gen)
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
