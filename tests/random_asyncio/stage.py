"""What every random program stands on: its tasks, its voice, its objects. Runs on CPython and on asy.

A program says each step with `say`; the lines are printed at its end. Under CPython the loop gets a
clock like that of `asy --virtual-time`, and the few places where CPython goes through a set of tasks
(whose order is that of addresses) get an ordered one.
"""
import asyncio
import contextlib
import contextvars
import gc
import re
import sys

gc.disable()
STEPS = 1500


class Stuck(BaseException):
    """Nothing can happen any more."""


class Trouble(Exception):
    """An error of a program."""


class Worry(Exception):
    """Another one."""


if sys.implementation.name == "cpython":
    import asyncio.taskgroups

    class OrderedSet:
        def __init__(self):
            self.items = {}

        def add(self, item):
            self.items[item] = None

        def discard(self, item):
            self.items.pop(item, None)

        def remove(self, item):
            del self.items[item]

        def __iter__(self):
            return iter(self.items)

        def __len__(self):
            return len(self.items)

    asyncio.taskgroups.set = OrderedSet

    class VirtualLoop(asyncio.SelectorEventLoop):
        def __init__(self):
            super().__init__()
            self.moment = 0.0
            self.look = self._selector.select
            self._selector.select = self.select

        def time(self):
            return self.moment

        def select(self, timeout=None):
            events = self.look(0)
            if events:
                return events
            if timeout is None:
                stage.close("deadlock")
                raise Stuck
            if timeout > 0:
                self.moment = self._scheduled[0]._when
            return events

    def run_loop(coroutine):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(coroutine)
else:
    def run_loop(coroutine):
        asyncio.run(coroutine)


class Stage:
    def __init__(self):
        self.lines = []
        self.tasks = []
        self.main = None
        self.start = None
        self.is_closed = False

    def say(self, name, *what):
        if self.is_closed:
            return
        loop = asyncio.get_running_loop()
        if self.start is None:
            self.start = loop.time()
        self.lines.append(f"{(loop.time() - self.start) * 64:g} {name}: {' '.join(map(show, what))}")
        if len(self.lines) > STEPS:
            self.close("too long")

    def close(self, why):
        if not self.is_closed:
            self.lines.append(why)
            self.is_closed = True


def show(value, depth=0):
    if isinstance(value, str):
        return re.sub(" at 0x[0-9a-f]+", "", value)
    if isinstance(value, BaseException):
        text = f"{type(value).__name__}({', '.join(show(item) for item in value.args)})"
        # Not the context: an exception that passes awaits gets a new one in CPython (docs/differences.md).
        if value.__cause__ is not None and depth < 3:
            text += " from " + show(value.__cause__, depth + 1)
        return text
    if isinstance(value, asyncio.Task):
        return value.get_name()
    if isinstance(value, asyncio.Future):
        return "future"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show(item, depth) for item in value) + "]"
    return show(repr(value))


def say(name, *what):
    stage.say(name, *what)


def moment(after):
    """A moment, seconds after the start of the program."""
    return stage.start + after


def spawn(coroutine, name, context=None):
    number = len(stage.tasks)
    if number > 60:
        coroutine.close()
        raise Trouble("too many tasks")
    task = asyncio.create_task(coroutine, name=f"{name}.{number}", context=context)
    stage.tasks.append(task)
    return task


def pick(number):
    """Some task, made by spawn, or None."""
    return stage.tasks[number % len(stage.tasks)] if stage.tasks else None


def younger(number):
    """A task made after the current one, so that no two wait for each other."""
    current = asyncio.current_task()
    if current in stage.tasks:
        tasks = stage.tasks[stage.tasks.index(current) + 1:]
    else:
        tasks = stage.tasks if current is stage.main else []
    return tasks[number % len(tasks)] if tasks else None


def youngers(*numbers):
    return list(dict.fromkeys(task for task in map(younger, numbers) if task is not None))


def pending(tasks):
    """Those not done, and one that is: CPython takes several that are done in the order of a set."""
    done = [task for task in tasks if task.done()]
    return [task for task in tasks if not task.done()] + done[:1]


def names(tasks):
    return sorted(show(task) for task in tasks)


def state(task):
    if task is None:
        return "no task"
    return f"{show(task)} done={task.done()} cancelled={task.cancelled()} cancelling={task.cancelling()}"


class Manager:
    """An async context manager with waits at both ends."""

    def __init__(self, name, before, after, swallows):
        self.name, self.before, self.after, self.swallows = name, before, after, swallows

    async def __aenter__(self):
        say(self.name, "enters")
        await asyncio.sleep(self.before)
        say(self.name, "entered")
        return self

    async def __aexit__(self, kind, error, trace):
        say(self.name, "exits", error)
        await asyncio.sleep(self.after)
        say(self.name, "exited")
        return self.swallows and isinstance(error, Exception)


class Objects:
    """What the tasks of a program share."""

    def __init__(self, loop):
        self.lock = asyncio.Lock()
        self.event = asyncio.Event()
        self.condition = asyncio.Condition()
        self.paired = asyncio.Condition(self.lock)
        self.semaphore = asyncio.Semaphore(2)
        self.bounded = asyncio.BoundedSemaphore(1)
        self.pair = asyncio.Barrier(2)
        self.triple = asyncio.Barrier(3)
        self.queue = asyncio.Queue(1)
        self.wide = asyncio.Queue()
        self.stack = asyncio.LifoQueue(2)
        self.heap = asyncio.PriorityQueue(2)
        self.future = loop.create_future()
        self.other = loop.create_future()
        self.handles = []


variable = contextvars.ContextVar("variable", default=0)


async def play(main):
    loop = asyncio.get_running_loop()

    def report(loop, details):
        if details["message"].startswith("Exception in callback"):
            say("loop", "callback failed", details["exception"])

    loop.set_exception_handler(report)
    objects = Objects(loop)
    stage.main = asyncio.current_task()
    watch = [loop.call_later(second, asyncio.current_task().cancel, "watch") for second in range(1, 10)]
    try:
        say("main", "returned", await main(objects, "main"))
    except BaseException as error:
        say("main", "raised", error)
    for handle in watch:
        handle.cancel()
    for turn in range(6):
        left = sorted(asyncio.all_tasks() - {asyncio.current_task()}, key=age)
        if not left:
            break
        say("end", "left", [show(task) for task in left])
        for task in left:
            task.cancel(f"end {turn}")
        try:
            await asyncio.wait(left, timeout=1)
        except BaseException as error:
            say("end", "interrupted", error)
    await asyncio.sleep(0.5)
    for task in stage.tasks:
        if task.done() and not task.cancelled():
            say("end", task, task.exception() or task.result())
        else:
            say("end", state(task))
    for name in ("lock", "event", "condition", "semaphore", "bounded", "pair", "triple", "queue", "wide", "stack", "heap"):
        say("end", repr(getattr(objects, name)))
    stage.close("end")


def age(task):
    """An order of tasks by their names that does not depend on addresses."""
    name = task.get_name()
    return (name.startswith("Task-"), int(re.search("[0-9]+$", name).group()), name)


def run(title, main):
    """Runs a program and prints what it has said."""
    global stage
    stage = Stage()
    try:
        run_loop(play(main))
    except BaseException as error:
        if type(error).__name__ in ("DeadlockError", "Stuck"):
            stage.close("deadlock")
        else:
            stage.close("ended by " + show(error))
    lines = stage.lines
    print(f"== {title}")
    for line in lines:
        print(line)
    stage.is_closed = True
    sys.stdout.flush()
