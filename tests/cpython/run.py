"""Runs one test file of CPython and says on stdout what became of each of its test methods.

    asy tests/cpython/run.py LIST MODULE [DONE]...

LIST is `tests/cpython.toml`; the methods it names for the module are left out, and so are those named
behind it, which an earlier run has done. Each line that tells something begins with `@`:

    @total NUMBER            how many methods there are
    @start METHOD            the method runs
    @passed METHOD, @failed METHOD, @error METHOD, @skipped METHOD: REASON, @left METHOD: REASON
    @broken REASON           the file could not be imported
    @outside WORD WHAT       what is set up or torn down for a class or the module went wrong
    @end
"""

import sys
import traceback
import types
import unittest


def say(word, text=""):
    # A test may have left a line without its end.
    sys.__stdout__.write(f"\n@{word} {text}\n")
    sys.__stdout__.flush()


def left_out(path, module):
    """What the list says about a module: reasons by method."""
    reasons = {}
    section = ""
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if line.startswith("["):
                section = line.strip("[]").strip('"')
            elif line and not line.startswith("#") and section == module:
                name, _, reason = line.partition(" = ")
                reasons[name.strip('"')] = reason.strip('"')
    return reasons


def stand_in():
    """Puts what tests need of CPython's inside in its place."""
    import asyncio
    import importlib
    from test.support import import_helper

    def import_fresh_module(name, fresh=(), blocked=(), *, deprecated=False, usefrozen=False):
        # There is one implementation of each module, not one in C and one that can do without it.
        return importlib.import_module(name)

    import_helper.import_fresh_module = import_fresh_module
    import subprocess

    def start_program(*args, **kwargs):
        raise unittest.SkipTest("starts a program")

    subprocess.Popen.__init__ = start_program
    import dis

    def look_at_instructions(*args, **kwargs):
        raise unittest.SkipTest("looks at the instructions of CPython")

    dis.dis = dis.get_instructions = dis.Bytecode.__init__ = dis.code_info = look_at_instructions
    import asyncio_test_utils
    sys.modules["test.test_asyncio.utils"] = asyncio_test_utils
    package = types.ModuleType("test.test_asyncio")
    package.__path__ = [folder + "/test_asyncio" for folder in sys.modules["test"].__path__]
    package.utils = asyncio_test_utils
    sys.modules["test.test_asyncio"] = package
    sys.modules["test"].test_asyncio = package
    # What other files take from the tests of the import system, which need CPython's inside throughout.
    sys.modules["test.test_import"] = types.ModuleType("test.test_import")
    sys.modules["test.test_import"].no_rerun = lambda reason: lambda test: test
    # There is one implementation of each class and function, not one in Python and one in C.
    import _thread
    import queue
    import threading
    threading._PyRLock = threading._CRLock = threading._NativeRLock
    threading._RLock = threading._PyRLock
    queue._PySimpleQueue = queue.SimpleQueue
    _thread._local = threading.local
    sys.modules["_threading_local"] = types.ModuleType("_threading_local")
    sys.modules["_threading_local"].local = threading.local
    import asyncio.futures
    import asyncio.tasks
    import asyncio.events
    asyncio.events._event_loop_policy = None
    asyncio.futures._PyFuture = asyncio.futures._CFuture = asyncio.Future
    asyncio.tasks._PyTask = asyncio.tasks._CTask = asyncio.Task
    for module, names in (
        (asyncio.tasks, "_register_task _unregister_task _enter_task _leave_task _swap_current_task current_task"),
        (asyncio.events, "_get_running_loop get_running_loop get_event_loop"),
    ):
        for name in names.split():
            for prefix in "_py_", "_c_":
                setattr(module, prefix + name, getattr(module, name))
                setattr(module, prefix + name.lstrip("_"), getattr(module, name))


def methods(tests):
    """The single tests of a suite."""
    try:
        inner = iter(tests)
    except TypeError:
        yield tests
        return
    for test in inner:
        yield from methods(test)


class Telling(unittest.TestResult):
    """A result that tells of each method once, when it is over."""

    def __init__(self, prefix):
        super().__init__()
        self.prefix = prefix
        self.worst = {}

    def name(self, test):
        return test.id().removeprefix(self.prefix).replace("\n", " ")

    def startTest(self, test):
        super().startTest(test)
        say("start", self.name(test))
        self.worst = {}

    def note(self, word, test, text=""):
        self.worst[word] = text
        if not hasattr(test, "_testMethodName") and not hasattr(test, "test_case"):
            # Something that was set up for a class or a module.
            say("outside", f"{word} {self.name(test)}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note("failed", test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.note("error", test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            is_failure = issubclass(err[0], test.failureException)
            self.note("failed" if is_failure else "error", test, (self.failures if is_failure else self.errors)[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note("skipped", test, reason)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note("failed", test, "unexpected success")

    def stopTest(self, test):
        super().stopTest(test)
        for word in "error", "failed":
            if word in self.worst:
                print(self.worst[word])
                say(word, self.name(test))
                return
        if "skipped" in self.worst:
            say("skipped", f"{self.name(test)}: {self.worst['skipped']}".replace("\n", " "))
        else:
            say("passed", self.name(test))


def main():
    path, module, *done = sys.argv[1:]
    # What a method says may have lone surrogates in it.
    sys.stdout.reconfigure(errors="backslashreplace")
    reasons = left_out(path, module)
    full = "test." + module
    try:
        stand_in()
        __import__(full)
        tests = list(methods(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[full])))
    except unittest.SkipTest as error:
        say("total", "0")
        say("broken", f"skipped: {error}")
        say("end")
        return
    except BaseException as error:
        traceback.print_exc()
        say("broken", traceback.format_exception_only(error)[-1].strip())
        say("end")
        return
    say("total", str(len(tests)))
    result = Telling(full + ".")
    suite = unittest.TestSuite()
    for test in tests:
        name = result.name(test)
        if name in done:
            continue
        if name in reasons:
            say("left", f"{name}: {reasons[name]}")
        elif "*" in reasons:
            say("left", f"{name}: {reasons['*']}")
        else:
            suite.addTest(test)
    suite.run(result)
    say("end")


if __name__ == "__main__":
    main()
