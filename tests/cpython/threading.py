"""Stands in for `threading`, which asy does not have: a test that starts a thread is skipped.

What works with one thread (locks, events, local data) works.
"""

import functools
import unittest

_main_ident = 1
TIMEOUT_MAX = 9223372036.0
ThreadError = RuntimeError


def _skip():
    raise unittest.SkipTest("needs threads")


def get_ident():
    return _main_ident


get_native_id = get_ident


class Lock:
    def __init__(self):
        self._count = 0

    def acquire(self, blocking=True, timeout=-1):
        if self._count:
            if not blocking or timeout >= 0:
                return False
            _skip()
        self._count += 1
        return True

    def release(self):
        if not self._count:
            raise RuntimeError("release unlocked lock")
        self._count -= 1

    def locked(self):
        return self._count > 0

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *details):
        self.release()


class RLock(Lock):
    def acquire(self, blocking=True, timeout=-1):
        self._count += 1
        return True


class Condition:
    def __init__(self, lock=None):
        self._lock = lock or RLock()
        self.acquire, self.release = self._lock.acquire, self._lock.release

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *details):
        return self._lock.__exit__(*details)

    def wait(self, timeout=None):
        _skip()

    def wait_for(self, predicate, timeout=None):
        return predicate() or _skip()

    def notify(self, n=1):
        pass

    def notify_all(self):
        pass


class Event:
    def __init__(self):
        self._is_set = False

    def is_set(self):
        return self._is_set

    def set(self):
        self._is_set = True

    def clear(self):
        self._is_set = False

    def wait(self, timeout=None):
        if not self._is_set and timeout is None:
            _skip()
        return self._is_set


class Semaphore:
    def __init__(self, value=1):
        self._value = value

    def acquire(self, blocking=True, timeout=None):
        if not self._value:
            if not blocking or timeout is not None:
                return False
            _skip()
        self._value -= 1
        return True

    def release(self, n=1):
        self._value += n

    __enter__ = acquire

    def __exit__(self, *details):
        self.release()


BoundedSemaphore = Semaphore


class Barrier:
    def __init__(self, parties, action=None, timeout=None):
        self.parties = parties

    def wait(self, timeout=None):
        if self.parties > 1:
            _skip()
        return 0


class BrokenBarrierError(RuntimeError):
    pass


class local:
    pass


class Thread:
    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
        self._target, self._args, self._kwargs = target, args, kwargs or {}
        self.name, self.daemon, self.ident = name or "Thread-1", bool(daemon), None

    def run(self):
        if self._target is not None:
            self._target(*self._args, **self._kwargs)

    def start(self):
        _skip()

    def join(self, timeout=None):
        raise RuntimeError("cannot join thread before it is started")

    def is_alive(self):
        return self.ident is not None


class Timer(Thread):
    def __init__(self, interval, function, args=None, kwargs=None):
        super().__init__(target=function, args=args or (), kwargs=kwargs)


_main = Thread(name="MainThread")
_main.ident = _main_ident
_dangling = set()


def main_thread():
    return _main


current_thread = main_thread


def enumerate():
    return [_main]


def active_count():
    return 1


def excepthook(args):
    raise args.exc_value


__excepthook__ = excepthook


def stack_size(size=0):
    return 0


def settrace(function):
    _skip()


setprofile = settrace_all_threads = setprofile_all_threads = settrace


def gettrace():
    return None


getprofile = gettrace


def _register_atexit(function, *args, **kwargs):
    import atexit
    atexit.register(functools.partial(function, *args, **kwargs))
