"""Makes random asyncio programs. The same seed gives the same program.

A program is a list of functions, each a head and a block; a block is a list of statements, and a
statement (`Node`) a list of lines and of parts with a head and a block of their own. So any statement
can be left out, which is how a program that shows a difference is made small (see __main__.py).
"""
import random

FUNCTIONS = 6
GENERATORS = 2
PLAIN_GENERATORS = 2
MANAGERS = 2


class Node:
    """A statement: lines, then parts (head and block), then lines."""

    def __init__(self, before=(), parts=(), after=()):
        self.before = [before] if isinstance(before, str) else list(before)
        self.parts = [list(part) for part in parts]
        self.after = [after] if isinstance(after, str) else list(after)

    def render(self, indent, out):
        space = "    " * indent
        out += [space + line for line in self.before]
        for head, block in self.parts:
            out.append(space + head)
            render_block(block, indent + 1, out)
        out += [space + line for line in self.after]


def render_block(block, indent, out):
    if not block:
        out.append("    " * indent + "pass")
    for node in block:
        node.render(indent, out)


class Program:
    """The functions of a program, from the innermost to main."""

    def __init__(self, seed):
        self.seed = seed
        maker = Maker(seed)
        self.functions = maker.make()
        self.is_eager = maker.random.random() < 0.15

    def text(self, is_short=False):
        """The source; when short, without the functions whose block is empty."""
        out = ["from stage import *", ""]
        for head, block, tail in self.functions:
            if is_short and not block:
                continue
            out += head
            indent = (len(head[-1]) - len(head[-1].lstrip())) // 4
            render_block(block, indent + head[-1].endswith(":"), out)
            out += tail + [""]
        out.append(f"run({self.seed!r}, f0, {self.is_eager})")
        return "\n".join(out) + "\n"

    def blocks(self):
        """Every block of the program."""
        def inner(block):
            yield block
            for node in block:
                for _, part in node.parts:
                    yield from inner(part)
        for _, block, _ in self.functions:
            yield from inner(block)


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0
        self.kinds = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("do_")]
        # Each program prefers some kinds of statements, so that these meet more often.
        self.weights = [self.random.choice([0.2, 1, 1, 4]) for _ in self.kinds]
        for place, kind in enumerate(self.kinds):
            if kind.__name__ in ("do_spawn", "do_sleep", "do_cancel", "do_try", "do_gather", "do_group", "do_timeout"):
                self.weights[place] = self.random.choice([1, 2, 4])

    def make(self):
        functions = []
        for place in range(3):
            head = [f"def callback_{place}(o, name, *rest):", "    say(name, 'is called', *rest)"]
            functions.append((head, [self.callback_statement() for _ in range(self.random.randint(1, 3))], []))
        for place in reversed(range(PLAIN_GENERATORS)):
            head = [f"def s{place}(o, name):", "    say(name, 'begins')", "    try:"]
            functions.append((head, [self.plain_statement(place, 3) for _ in range(self.random.randint(1, 4))],
                              self.ending("        ") + ["    return 's'"]))
        for place in reversed(range(GENERATORS)):
            self.level = FUNCTIONS - 2
            self.in_generator = True
            body = self.block(3, 3)
            for _ in range(self.random.randint(1, 3)):
                body.insert(self.random.randint(0, len(body)), Node(f"say(name, 'got', (yield {self.random.randint(0, 9)}))"))
            functions.append(([f"async def g{place}(o, name):", "    say(name, 'begins')", "    try:"],
                              body, self.ending("        ")))
        self.in_generator = False
        for place in reversed(range(MANAGERS)):
            self.level = FUNCTIONS - 2
            head = ["@contextlib.asynccontextmanager", f"async def m{place}(o, name):"]
            body = self.block(2, 2)
            inner = [Node("yield name")]
            body.append(Node(parts=[("try:", inner), ("finally:", self.block(2, 2))]))
            functions.append((head, body, []))
        for level in reversed(range(FUNCTIONS)):
            self.level = level
            size = 3 + (FUNCTIONS - level) if level else 20
            result = "" if self.random.random() < 0.3 else f"    return {level * 10 + self.random.randint(0, 9)}"
            head = [f"async def f{level}(o, name):", "    say(name, 'begins')", "    try:"]
            body = [self.kept(node, level) for node in self.block(size, 3)]
            functions.append((head, body, self.ending("        ") + [result]))
        return functions

    def ending(self, space):
        return ["    except BaseException as error:", space + "say(name, 'fails', error, trail(error))", space + "raise"]

    def kept(self, node, level):
        """The statement, mostly so that its errors do not end the function."""
        if level and self.random.random() < 0.5:
            return node
        caught = "Exception" if level or self.random.random() < 0.3 else "BaseException"
        return Node(parts=[("try:", [node]), (f"except {caught} as error:", [Node("say(name, 'goes on after', error)")])])

    # --- pieces -------------------------------------------------------------------------------

    def block(self, size, depth):
        return [self.statement(depth) for _ in range(self.random.randint(1, size))]

    def statement(self, depth):
        while True:
            [kind] = self.random.choices(self.kinds, self.weights)
            node = kind(depth)
            if node is not None:
                return node

    def number(self):
        self.count += 1
        return self.count

    def name(self):
        return f"f'{{name}}>{self.number()}'"

    def delay(self):
        return self.random.choice(["0", "0", "0"] + [f"{self.random.randint(1, 24)}/64" for _ in range(5)])

    def limit(self):
        return self.random.choice(["None", "0", "-1/64"] + [f"{self.random.randint(1, 24)}/64" for _ in range(7)])

    def coroutine(self):
        """A call of an inner coroutine function."""
        if self.level + 1 >= FUNCTIONS or self.random.random() < 0.1:
            return self.random.choice([f"asyncio.sleep({self.delay()}, {self.number()})", "o.event.wait()", "o.lock.acquire()",
                                       "o.queue.get()", f"o.queue.put({self.number()})", "o.pair.wait()", "o.semaphore.acquire()"])
        return f"f{self.random.randint(self.level + 1, FUNCTIONS - 1)}(o, {self.name()})"

    def any_task(self):
        return f"pick({self.random.randint(0, 40)})"

    def younger(self):
        return f"younger({self.random.randint(0, 40)})"

    def youngers(self):
        return f"youngers({', '.join(str(self.random.randint(0, 40)) for _ in range(self.random.randint(1, 4)))})"

    def message(self):
        return self.random.choice(["", "", f"'m{self.number()}'"])

    def error(self):
        kind = self.random.choice(["Trouble", "Worry", "ValueError", "KeyError", "asyncio.TimeoutError", "asyncio.CancelledError", "Trouble",
                                   "StopAsyncIteration", "SystemError"])
        return f"{kind}({self.number()})"

    def awaitable(self):
        """What can be awaited: a coroutine, a task, a future, a wait for several."""
        choice = self.random.random()
        if choice < 0.45:
            return self.coroutine()
        if choice < 0.6:
            return f"spawn({self.coroutine()}, {self.name()})"
        if choice < 0.7:
            return f"asyncio.shield({self.coroutine()})"
        if choice < 0.8:
            return f"asyncio.gather({self.coroutine()}, {self.coroutine()}, return_exceptions={self.random.random() < 0.5})"
        if choice < 0.85:
            return f"asyncio.wait_for({self.coroutine()}, {self.limit()})"
        if choice < 0.9:
            return self.random.choice(["o.future", "o.other"])
        if choice < 0.95:
            return f"asyncio.ensure_future({self.coroutine()})"
        return f"asyncio.sleep({self.delay()}, {self.number()})"

    def guarded(self, expression, word):
        """Says what an expression gives, or its error: Exceptions only, or all, or none."""
        line = f"say(name, {word!r}, {expression})"
        choice = self.random.random()
        if choice < 0.4:
            return Node(line)
        caught = "Exception" if choice < 0.8 else "asyncio.CancelledError" if choice < 0.9 else "BaseException"
        return Node(parts=[("try:", [Node(line)]), (f"except {caught} as error:", [Node(f"say(name, {word + ' failed'!r}, error)")])])

    def sync_action(self):
        """Something done without a wait, for callbacks too."""
        task = self.any_task()
        return self.random.choice([
            f"say(name, 'cancels', (t := {task}) and t.cancel({self.message()}))",
            f"say(name, 'looks', state({task}))",
            f"say(name, 'uncancels', (t := {task}) and t.uncancel())",
            "o.event.set()", "o.event.clear()",
            f"o.future.set_result({self.number()})", f"o.other.set_exception({self.error()})",
            f"say(name, 'cancels future', o.{self.random.choice(['future', 'other'])}.cancel({self.message()}))",
            "o.semaphore.release()", "o.bounded.release()", "o.lock.release()",
            f"o.{self.random.choice(['queue', 'wide', 'stack', 'heap'])}.put_nowait({self.number()})",
            f"say(name, 'takes', o.{self.random.choice(['queue', 'wide', 'stack', 'heap'])}.get_nowait())",
            f"o.{self.random.choice(['queue', 'wide', 'stack', 'heap'])}.task_done()",
            "say(name, o.queue.qsize(), o.queue.full(), o.stack.empty(), o.lock.locked(), o.event.is_set(), o.semaphore.locked())",
            "say(name, o.pair.n_waiting, o.triple.broken, o.condition.locked(), o.future.done(), variable.get())",
            f"variable.set({self.number()})",
            f"raise {self.error()}",
            f"o.handles.append({self.later()})",
            "[handle.cancel() for handle in o.handles[-2:]]",
            "say(name, [handle.cancelled() for handle in o.handles[-2:]])",
            "o.timeouts and o.timeouts[-1].reschedule(asyncio.get_running_loop().time())",
            f"o.groups and o.groups[-1].create_task(asyncio.sleep({self.delay()}), name={self.name()})",
            f"say(name, enter_again({self.random.choice(['run', 'runner', 'loop'])!r}, asyncio.sleep(0)))",
            f"o.context.run(variable.set, {self.number()})",
            "say(name, o.context.get(variable), contextvars.copy_context()[variable] if variable in contextvars.copy_context() else 'unset')",
            f"(t := {task}) and say(name, t.remove_done_callback(print), t.get_context().get(variable))",
            f"(t := {task}) and t.add_done_callback(lambda t: callback_{self.random.randint(0, 2)}(o, {self.name()}, t))",
        ])

    def plain_statement(self, place, depth, may_yield=True):
        """A statement of a plain generator. One that yields when it is closed may die when CPython's memory says."""
        choice = self.random.random()

        def inner(may_yield):
            return [self.plain_statement(place, depth - 1, may_yield) for _ in range(self.random.randint(1, 2))]

        if choice < 0.35 and may_yield:
            return Node(f"say(name, 'got', (yield {self.number()}))")
        if choice < 0.5 and place == 0 and may_yield:
            return Node(f"say(name, 'delegated', (yield from s1(o, {self.name()})))")
        if choice < 0.75 and depth > 0:
            parts = [("try:", inner(may_yield))]
            kind = self.random.random()
            if kind < 0.7:
                caught = self.random.choice(["Exception", "BaseException", "GeneratorExit", "(Trouble, ValueError)"])
                body = [Node("say(name, 'caught', error, trail(error))")] + inner(may_yield and "Exit" not in caught and "Base" not in caught)
                if self.random.random() < 0.4:
                    body.append(Node(self.random.choice(["raise", f"raise {self.error()} from error", f"raise {self.error()}"])))
                parts.append((f"except {caught} as error:", body))
            if kind > 0.5:
                parts.append(("finally:", [Node(f"say(name, 'finally {self.number()}')")] + inner(False)))
            return Node(parts=parts)
        while True:
            action = self.sync_action()
            if "callback_" not in action:
                return Node(action)

    def later(self):
        call = f"callback_{self.random.randint(0, 2)}, o, {self.name()}"
        return self.random.choice([
            f"asyncio.get_running_loop().call_soon({call})",
            f"asyncio.get_running_loop().call_soon({call}, context=o.context)",
            f"asyncio.get_running_loop().call_later({self.delay()}, {call})",
            f"asyncio.get_running_loop().call_at(moment({self.random.randint(1, 60)}/64), {call})",
        ])

    def callback_statement(self):
        while True:
            action = self.sync_action()
            # A callback that schedules callbacks would never end.
            if "callback_" not in action:
                return Node(action)

    # --- statements ---------------------------------------------------------------------------

    def do_sleep(self, depth):
        return Node([f"await asyncio.sleep({self.delay()})", f"say(name, 'slept {self.number()}')"])

    def do_sync(self, depth):
        line = self.sync_action()
        if self.random.random() < 0.5:
            return Node(parts=[("try:", [Node(line)]), ("except Exception as error:", [Node("say(name, 'refused', error)")])])
        return Node(line)

    def do_call(self, depth):
        return self.guarded(f"await {self.coroutine()}", "called")

    def do_spawn(self, depth):
        if self.level + 1 >= FUNCTIONS:
            return None
        context = self.random.choice(["", "", "", ", contextvars.Context()", ", o.context", ", is_eager=True"])
        return Node(f"spawn({self.coroutine()}, {self.name()}{context})")

    def do_cancel(self, depth):
        return Node(f"say(name, 'cancels', (t := {self.any_task()}) and t.cancel({self.message()}))")

    def do_cancel_self(self, depth):
        if self.random.random() < 0.6:
            return None
        return Node(f"say(name, 'cancels itself', asyncio.current_task().cancel({self.message()}))")

    def do_uncancel(self, depth):
        return Node("say(name, 'uncancels', asyncio.current_task().uncancel(), asyncio.current_task().cancelling())")

    def do_await(self, depth):
        return self.guarded(f"(t := {self.younger()}) and await t", "waited")

    def do_await_any(self, depth):
        return self.guarded(f"await {self.awaitable()}", "awaited")

    def do_shield(self, depth):
        return self.guarded(f"(t := {self.younger()}) and await asyncio.shield(t)", "shielded")

    def do_gather(self, depth):
        parts = [self.awaitable() for _ in range(self.random.randint(0, 3))] + [f"*{self.youngers()}"]
        return self.guarded(f"await asyncio.gather({', '.join(parts)}, return_exceptions={self.random.random() < 0.5})", "gathered")

    def do_wait(self, depth):
        condition = self.random.choice(["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"])
        tasks = self.random.choice([self.youngers(), f"[spawn({self.coroutine()}, {self.name()}), spawn({self.coroutine()}, {self.name()})]"])
        return Node([f"done, rest = await asyncio.wait({tasks} or [spawn({self.coroutine()}, {self.name()})], "
                     f"timeout={self.limit()}, return_when=asyncio.{condition})",
                     "say(name, 'waited for', names(done), names(rest))"])

    def do_wait_for(self, depth):
        return self.guarded(f"await asyncio.wait_for({self.awaitable()}, {self.limit()})", "waited in time")

    def do_completed(self, depth):
        tasks = f"pending({self.youngers()})"
        if self.random.random() < 0.5:
            tasks = f"pending([spawn({self.coroutine()}, {self.name()}), spawn({self.coroutine()}, {self.name()})])"
        head = f"in asyncio.as_completed({tasks}, timeout={self.limit()}):"
        if self.random.random() < 0.5:
            loop = Node(parts=[(f"async for t {head}", [Node("say(name, 'completed', t)")] + self.small(depth))])
        else:
            loop = Node(parts=[(f"for t {head}", [self.guarded("await t", "completed")])])
        return self.around(loop)

    def do_group(self, depth):
        if depth <= 0 or self.level + 1 >= FUNCTIONS:
            return None
        body = []
        for _ in range(self.random.randint(0, 3)):
            line = f"stage_task = tg.create_task({self.coroutine()}, name={self.name()})"
            body.append(Node(line))
            body += self.small(depth)
        if self.random.random() < 0.3:
            body.insert(0, Node("o.groups.append(tg)"))
        if self.random.random() < 0.3 and depth > 1:
            inner = [Node(f"inner.create_task({self.coroutine()}, name={self.name()})")] + self.small(depth)
            body.append(self.around(Node(parts=[("async with asyncio.TaskGroup() as inner:", inner)])))
        group = Node(parts=[("async with asyncio.TaskGroup() as tg:", body)], after="say(name, 'left the group')")
        return self.around(group)

    def do_timeout(self, depth):
        if depth <= 0:
            return None
        name = f"cm{self.number()}"
        opened = self.random.choice([f"asyncio.timeout({self.limit()})", f"asyncio.timeout({self.random.randint(1, 24)}/64)",
                                     f"asyncio.timeout_at(asyncio.get_running_loop().time() + {self.delay()})"])
        body = self.block(2, depth - 1)
        if self.random.random() < 0.4:
            moment = self.random.choice(["None", f"asyncio.get_running_loop().time() + {self.delay()}", "asyncio.get_running_loop().time() - 1"])
            body.insert(self.random.randint(0, len(body)), Node(f"{name}.reschedule({moment})"))
        if self.random.random() < 0.3:
            body.insert(0, Node(f"o.timeouts.append({name})"))
        node = Node(parts=[(f"async with {opened} as {name}:", body)], after=f"say(name, 'in time', {name}.expired(), {name}.when() is None)")
        return self.around(node)

    def do_try(self, depth):
        if depth <= 0:
            return None
        parts = [("try:", self.block(3, depth - 1))]
        choice = self.random.random()
        if choice < 0.6:
            caught = self.random.choice(["asyncio.CancelledError", "Exception", "BaseException", "(Trouble, TimeoutError)"])
            body = [Node(self.random.choice(["say(name, 'caught', error)", "say(name, 'caught', error, trail(error))"]))] + self.small(depth)
            if self.random.random() < 0.3:
                body.append(Node(self.random.choice(["raise", f"raise {self.error()} from error", f"raise {self.error()}", "raise error from None"])))
            parts.append((f"except {caught} as error:", body))
        if choice > 0.4:
            parts.append(("finally:", [Node(f"say(name, 'finally {self.number()}')")] + self.small(depth)))
        return Node(parts=parts)

    def do_raise(self, depth):
        if self.random.random() < 0.5:
            return None
        return Node(f"raise {self.error()}")

    def do_loop(self, depth):
        if depth <= 0:
            return None
        return Node(parts=[(f"for turn in range({self.random.randint(2, 3)}):", self.small(depth))])

    def do_with(self, depth):
        if depth <= 0:
            return None
        what = self.random.choice(["o.lock", "o.lock", "o.condition", "o.paired", "o.semaphore", "o.bounded", "o.pair",
                                   f"Manager({self.name()}, {self.delay()}, {self.delay()}, {self.random.random() < 0.3})",
                                   f"m{self.random.randint(0, MANAGERS - 1)}(o, {self.name()})"])
        if what.startswith("m") and self.in_outer():
            return None
        body = [Node(f"say(name, 'inside', {what.split('(')[0]!r})")] + self.block(2, depth - 1)
        return self.around(Node(parts=[(f"async with {what}:", body)]))

    def do_generator(self, depth):
        if depth <= 0 or self.in_outer():
            return None
        call = f"g{self.random.randint(0, GENERATORS - 1)}(o, {self.name()})"
        choice = self.random.random()
        body = [Node("say(name, 'item', item)")] + self.small(depth)
        if choice < 0.3:
            return self.around(Node(parts=[(f"async for item in {call}:", body + [Node("break")])]))
        if choice < 0.5:
            return self.around(Node(parts=[(f"async for item in {call}:", body)]))
        if choice < 0.7:
            return self.around(Node(parts=[(f"async with contextlib.aclosing({call}) as items:",
                                            [Node(parts=[("async for item in items:", body)])])]))
        if choice < 0.8:
            return self.guarded(self.random.choice([
                f"[item async for item in {call}]", f"{{item: await asyncio.sleep(0, item) async for item in {call}}}",
                f"[item async for item in (part async for part in {call} if await asyncio.sleep({self.delay()}, part))]",
                f"[await t for t in {self.youngers()}]", f"sorted({{item async for item in {call}}})"]), "listed")
        lines = ["say(name, await anext(items, 'none'))"]
        lines += self.random.sample(["say(name, await items.asend(7))", f"say(name, await items.athrow({self.error()}))", "await items.aclose()"], 2)
        return self.around(Node(parts=[(f"async with contextlib.aclosing({call}) as items:", [Node(line) for line in lines])]))

    def do_shared_generator(self, depth):
        """An async generator that several tasks drive."""
        if self.in_outer():
            return None
        call = f"g{self.random.randint(0, GENERATORS - 1)}(o, {self.name()})"
        condition = self.random.choice(["o.generators or ", "o.generators or ", ""])
        lines = [f"{condition}o.generators.append({call})", "items = o.generators[-1]"]
        expression = self.random.choice(["await anext(items)", "await anext(items, 'none')", "await items.asend(5)", f"await items.athrow({self.error()})",
                                         "await items.aclose()", "[item async for item in items]", "items.ag_running"])
        return Node(lines, parts=[("try:", [Node(f"say(name, 'shared', {expression})")]),
                                  ("except BaseException as error:", [Node("say(name, 'shared failed', error)")] + self.small(depth))])

    def do_plain_generator(self, depth):
        call = f"s{self.random.randint(0, PLAIN_GENERATORS - 1)}(o, {self.name()})"
        choice = self.random.random()
        if choice < 0.3:
            return self.guarded(f"list({call})", "listed")
        if choice < 0.5:
            return self.around(Node(parts=[(f"for item in {call}:", [Node("say(name, 'item', item)")] + self.small(depth))]))
        steps = ["next(items, 'none')", "items.send(3)", f"items.throw({self.error()})", "items.close()", "list(items)"]
        lines = [self.guarded(self.random.choice(steps), "stepped") for _ in range(self.random.randint(2, 3))]
        return self.around(Node(parts=[(f"with contextlib.closing({call}) as items:", [Node("say(name, next(items, 'none'))")] + lines)]))

    def do_awaitable(self, depth):
        awaited = self.random.choice(["o.future", "o.other", f"asyncio.ensure_future({self.coroutine()})"])
        return self.guarded(f"await Awaitable(name, {self.random.randint(0, 2)}, {awaited})", "own awaitable")

    def do_stack(self, depth):
        if depth <= 0 or self.in_outer():
            return None
        lines = []
        for _ in range(self.random.randint(1, 3)):
            lines.append(self.random.choice([
                f"stack.push_async_callback(asyncio.sleep, {self.delay()})",
                f"await stack.enter_async_context(m{self.random.randint(0, MANAGERS - 1)}(o, {self.name()}))",
                f"await stack.enter_async_context(Manager({self.name()}, 0, {self.delay()}, {self.random.random() < 0.3}))",
                f"stack.callback(callback_{self.random.randint(0, 2)}, o, {self.name()})",
                f"stack.push_async_callback(f{FUNCTIONS - 1}, o, {self.name()})",
            ]))
        body = [Node(lines)] + self.block(2, depth - 1)
        return self.around(Node(parts=[("async with contextlib.AsyncExitStack() as stack:", body)]))

    def do_print(self, depth):
        if depth <= 0:
            return None
        return Node(parts=[("try:", self.block(2, depth - 1)),
                           ("except BaseException as error:", [Node("say(name, 'printed', printed(error), trail(error))")])])

    def do_lock(self, depth):
        what = self.random.choice(["lock", "condition", "semaphore", "bounded"])
        return Node(f"say(name, 'acquired {what}', await o.{what}.acquire())",
                    parts=[("try:", self.small(depth)), ("finally:", [Node(f"o.{what}.release()"), Node(f"say(name, 'released {what}')")])])

    def do_event(self, depth):
        return Node(self.random.choice(["say(name, 'event', await o.event.wait())", "o.event.set()", "o.event.clear()"]))

    def do_condition(self, depth):
        what = self.random.choice(["condition", "condition", "paired"])
        body = self.random.choice([
            f"say(name, 'notified', await o.{what}.wait())",
            f"say(name, 'fulfilled', await o.{what}.wait_for(lambda: o.event.is_set()))",
            f"o.{what}.notify()", f"o.{what}.notify(2)", f"o.{what}.notify_all()",
        ])
        return self.around(Node(parts=[(f"async with o.{what}:", self.small(depth) + [Node(body)])]))

    def do_barrier(self, depth):
        what = self.random.choice(["pair", "pair", "triple"])
        expression = self.random.choice([f"await o.{what}.wait()"] * 4 + [f"await o.{what}.reset()", f"await o.{what}.abort()"])
        return self.guarded(expression, "barrier")

    def do_queue(self, depth):
        what = self.random.choice(["queue", "queue", "wide", "stack", "heap"])
        expression = self.random.choice([f"await o.{what}.get()", f"await o.{what}.get()", f"await o.{what}.put({self.number() % 7})",
                                         f"await o.{what}.put({self.number() % 7})", f"o.{what}.task_done()", f"await o.{what}.join()"])
        if self.random.random() < 0.08:
            expression = f"o.{what}.shutdown({self.random.choice(['', 'immediate=True'])})"
        return self.guarded(expression, what)

    def do_future(self, depth):
        what = self.random.choice(["future", "other"])
        return self.guarded(self.random.choice([f"await o.{what}", f"o.{what}.set_result({self.number()})", f"o.{what}.set_exception({self.error()})",
                                                f"o.{what}.result()", f"o.{what}.exception()", f"await asyncio.shield(o.{what})"]), what)

    def do_variable(self, depth):
        if depth <= 0:
            return None
        return Node(f"token = variable.set({self.number()})",
                    parts=[("try:", self.small(depth)), ("finally:", [Node("say(name, variable.get())"), Node("variable.reset(token)"), Node("say(name, variable.get())")])])

    def do_result(self, depth):
        task = self.any_task()
        return self.guarded(f"(t := {task}) and (t, t.{self.random.choice(['result', 'exception'])}())", "asked")

    def small(self, depth):
        return self.block(1, min(depth - 1, 1)) if self.random.random() < 0.7 else []

    def in_outer(self):
        """Whether the function is one that generators and managers may call."""
        return self.level >= FUNCTIONS - 2

    def around(self, node):
        """The statement, or it inside a try that says its errors."""
        choice = self.random.random()
        if choice < 0.5:
            return node
        if choice < 0.7:
            return Node(parts=[("try:", [node]), ("except* Exception as error:", [Node("say(name, 'caught all', error)")])])
        caught = self.random.choice(["Exception", "asyncio.CancelledError", "BaseException"])
        return Node(parts=[("try:", [node]), (f"except {caught} as error:", [Node("say(name, 'caught', error)")])])
