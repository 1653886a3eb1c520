"""What every random program stands on: its tasks, its voice, its objects. Runs on CPython and on asy.

A program says each step with `say`; the lines are printed at its end. Under CPython the loop gets a
clock like that of `asy --virtual-time`, the few places where CPython goes through a set of tasks
(whose order is that of addresses) get an ordered one, and what asy mends of CPython on purpose
(docs/differences.md) is mended there too. A generator that is not used to its end is closed by the program:
in CPython it may live on in a cycle with a frame of asyncio's, which asy does not have.
"""
import asyncio
import contextlib
import contextvars
import gc
import re
import sys
import traceback

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

    def keep_earlier_cancellations():
        """A timeout lets a cancellation out that was on its way when the block began."""
        enter, leave = asyncio.Timeout.__aenter__, asyncio.Timeout.__aexit__
        arrived = {}

        async def __aenter__(self):
            arrived[self] = asyncio.current_task()._must_cancel
            return await enter(self)

        async def __aexit__(self, kind, error, trace):
            task = self._task
            if arrived.pop(self) and self._state.value == "expiring" and task.cancelling() - 1 == self._cancelling:
                self._cancelling = -1
            return await leave(self, kind, error, trace)

        asyncio.Timeout.__aenter__, asyncio.Timeout.__aexit__ = __aenter__, __aexit__

    keep_earlier_cancellations()

    class VirtualLoop(asyncio.SelectorEventLoop):
        def __init__(self):
            super().__init__()
            self.moment = 0.0
            self.look = self._selector.select
            self._selector.select = self.select

        def time(self):
            return self.moment

        def create_task(self, coro, *, name=None, context=None):
            """A task of a factory that was given no name keeps its own."""
            if self._task_factory is None or name is not None:
                return super().create_task(coro, name=name, context=context)
            return self._task_factory(self, coro, **({} if context is None else {"context": context}))

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

    loop_factory = VirtualLoop
else:
    loop_factory = None


def run_loop(coroutine, is_eager):
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        if is_eager:
            runner.get_loop().set_task_factory(asyncio.eager_task_factory)
        runner.run(coroutine)
        # The context of the runner is that of the first coroutine.
        runner.run(epilogue())


class Stage:
    def __init__(self):
        self.lines = []
        self.tasks = []
        self.main = None
        self.start = None
        self.first_number = 0
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
        # Numbers of tasks count from the program's first one: others before it may have left some behind.
        value = re.sub(r"Task-(\d+)", lambda number: f"Task+{int(number[1]) - stage.first_number}", value)
        return re.sub(" at 0x[0-9a-f]+", "", value)
    if isinstance(value, BaseException):
        text = f"{type(value).__name__}({', '.join(show(item) for item in value.args)})"
        if value.__cause__ is not None and depth < 3:
            text += " from " + show(value.__cause__, depth + 1)
        if value.__context__ is not value.__cause__ and depth < 3:
            text += " in " + show(value.__context__, depth + 1)
        return text
    if isinstance(value, asyncio.Task):
        return show(value.get_name())
    if isinstance(value, asyncio.Future):
        return "future"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show(item, depth) for item in value) + "]"
    return show(repr(value))


def say(name, *what):
    stage.say(name, *what)


def trail(error):
    """The lines of the program that an exception has passed, and those of the exceptions before it."""
    seen, links = set(), []
    while error is not None and id(error) not in seen and len(links) < 5:
        seen.add(id(error))
        frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
                  if "program_" in frame.filename]
        links.append(type(error).__name__ + " " + " ".join(frames))
        error = error.__cause__ or error.__context__
    return " | ".join(links)


def printed(error):
    """As it would be printed, without the frames."""
    return "".join(traceback.format_exception(error, limit=0)).strip().splitlines()


def moment(after):
    """A moment, seconds after the start of the program."""
    return stage.start + after


def spawn(coroutine, name, context=None, is_eager=False):
    number = len(stage.tasks)
    if number > 60:
        coroutine.close()
        raise Trouble("too many tasks")
    name = f"{name}.{number}"
    if asyncio.get_running_loop().get_task_factory() is not None:
        # In CPython a task that cannot start in a context where something runs stays among all tasks for good.
        context = None
    if is_eager:
        task = asyncio.Task(coroutine, loop=asyncio.get_running_loop(), name=name, context=context, eager_start=True)
    else:
        task = asyncio.create_task(coroutine, name=name, context=context)
    stage.tasks.append(task)
    return task


def enter_again(how, coroutine):
    """Runs a loop inside the running one, which is refused."""
    try:
        if how == "run":
            return asyncio.run(coroutine)
        if how == "runner":
            with asyncio.Runner() as runner:
                return runner.run(coroutine)
        return asyncio.get_running_loop().run_until_complete(coroutine)
    finally:
        if asyncio.iscoroutine(coroutine):
            coroutine.close()


class Awaitable:
    """Waits for turns of the loop, then for a future, by a generator of its own."""

    def __init__(self, name, turns, future):
        self.name, self.turns, self.future = name, turns, future

    def __await__(self):
        try:
            for turn in range(self.turns):
                yield
            return (yield from self.future)
        except BaseException as error:
            say(self.name, "awaitable fails", error)
            raise
        finally:
            say(self.name, "awaitable ends")


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
        self.groups = []
        self.timeouts = []
        self.generators = []
        self.context = contextvars.copy_context()


variable = contextvars.ContextVar("variable", default=0)


async def play(main):
    loop = asyncio.get_running_loop()

    def report(loop, details):
        if details["message"].startswith("Exception in callback"):
            say("loop", "callback failed", details["exception"], trail(details["exception"]))
        elif "exception" in details and "was never retrieved" not in details["message"]:
            say("loop", details["message"].partition(" <")[0], details["exception"])

    loop.set_exception_handler(report)
    objects = Objects(loop)
    stage.main = asyncio.current_task()
    stage.first_number = int(stage.main.get_name().removeprefix("Task-"))
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
    for generator in objects.generators:
        try:
            await generator.aclose()
        except BaseException as error:
            say("end", "closing failed", error)
    await asyncio.sleep(0.5)
    for task in stage.tasks:
        if task.done() and not task.cancelled():
            say("end", task, task.exception() or task.result())
        else:
            say("end", state(task))
    for name in ("lock", "event", "condition", "semaphore", "bounded", "pair", "triple", "queue", "wide", "stack", "heap"):
        say("end", repr(getattr(objects, name)))


async def epilogue():
    await asyncio.sleep(0)
    say("epilogue", variable.get(), [show(task) for task in sorted(asyncio.all_tasks(), key=age)])
    stage.close("end")


def age(task):
    """An order of tasks by their names that does not depend on addresses."""
    name = task.get_name()
    number = re.search("[0-9]+$", name)
    return (name.startswith("Task-"), int(number.group()) if number else 0, name)


def run(title, main, is_eager=False):
    """Runs a program and prints what it has said."""
    global stage
    stage = Stage()
    try:
        run_loop(play(main), is_eager)
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
