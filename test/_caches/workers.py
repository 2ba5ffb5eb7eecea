"""Workers that a program makes once: each does on a thread of its own what `call` tells it, until `end`."""

import asyncio
import concurrent.futures
import functools
import queue
import sched
import threading
from multiprocessing.pool import ThreadPool

# Made when asked for: while they are there, each scope has them to hook.


def make_own_executor():
    """Return an executor of a class with a way of its own to submit."""

    class OwnExecutor(concurrent.futures.Executor):
        """A program's executor, with one thread and a way of its own to submit."""

        def __init__(self):
            self.jobs = queue.SimpleQueue()
            self.thread = threading.Thread(target=self.work, daemon=True)
            self.thread.start()

        def work(self):
            for future, call in iter(self.jobs.get, None):
                future.set_result(call())

        def submit(self, fn, /, *args, **kwargs):
            future = concurrent.futures.Future()
            self.jobs.put((future, functools.partial(fn, *args, **kwargs)))
            return future

        def shutdown(self, wait=True, **_):
            self.jobs.put(None)
            self.thread.join()

    return OwnExecutor()


def make_own_pool():
    """Return one of the standard library's, of a subclass that overrides submit()."""

    class OwnThreadPoolExecutor(concurrent.futures.ThreadPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):
            return super().submit(fn, *args, **kwargs)

    return OwnThreadPoolExecutor(1)


class Worker:
    """A thread of the program that takes its work from a queue."""

    def __init__(self, kind=queue.Queue):
        self.queue = kind()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while (job := self.queue.get()) is not None:
            future, function = job
            future.set_result(function())

    def call(self, function):
        future = concurrent.futures.Future()
        self.queue.put((future, function))
        return future.result(10)

    def end(self):
        self.queue.put(None)
        self.thread.join()


class LoopWorker:
    """A loop on a thread of its own, with a task that takes its work from an asyncio.Queue."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.queue = self.run(self.make())

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    async def make(self):
        made = asyncio.Queue()
        self.task = asyncio.ensure_future(self.work(made))
        return made

    async def work(self, jobs):
        while (job := await jobs.get()) is not None:
            future, function = job
            future.set_result(function())

    async def put(self, job):
        await self.queue.put(job)

    def call(self, function):
        future = concurrent.futures.Future()
        self.run(self.put((future, function)))
        return future.result(10)

    def end(self):
        self.run(self.put(None))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class SchedulerWorker:
    """A thread that runs what was put down in a scheduler, whenever it is told to."""

    def __init__(self):
        self.scheduler = sched.scheduler()
        self.ready = threading.Semaphore(0)
        self.ended = False
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while self.ready.acquire() and not self.ended:
            self.scheduler.run()

    def call(self, function):
        found = concurrent.futures.Future()
        self.scheduler.enter(0, 1, lambda: found.set_result(function()))
        self.ready.release()
        return found.result(10)

    def end(self):
        self.ended = True
        self.ready.release()
        self.thread.join()


class PoolWorker:
    """A pool of one thread, used in the way that a function of it and of another function is."""

    def __init__(self, way):
        self.pool = ThreadPool(1)
        self.way = way

    def call(self, function):
        return self.way(self.pool, function)

    def end(self):
        self.pool.terminate()
        self.pool.join()


def by_callback(pool, function):
    found = concurrent.futures.Future()
    pool.apply_async(int, callback=lambda _: found.set_result(function()))
    return found.result(10)


def by_error_callback(pool, function):
    found = concurrent.futures.Future()
    pool.apply_async(int, ("x",), error_callback=lambda _: found.set_result(function()))
    return found.result(10)


def by_map_callback(pool, function):
    found = concurrent.futures.Future()
    pool.map_async(int, [1], callback=lambda _: found.set_result(function()))
    return found.result(10)


def by_drawing(pool, function):
    """The arguments of an imap are made on a thread of the pool."""
    return next(pool.imap(lambda value: value, (function() for _ in range(1))))


POOL_WAYS = {
    "apply": lambda pool, function: pool.apply(function),
    "apply_async": lambda pool, function: pool.apply_async(func=function).get(10),
    "map": lambda pool, function: pool.map(lambda _: function(), [1])[0],
    "map_async": lambda pool, function: pool.map_async(lambda _: function(), [1]).get(10)[0],
    "imap": lambda pool, function: next(pool.imap(lambda _: function(), [1])),
    "imap_unordered": lambda pool, function: next(pool.imap_unordered(lambda _: function(), [1])),
    "starmap": lambda pool, function: pool.starmap(lambda a, b: function(), [(1, 2)])[0],
    "starmap_async": lambda pool, function: pool.starmap_async(lambda a: function(), [(1,)]).get(10)[0],
    "callback": by_callback,
    "error_callback": by_error_callback,
    "map_callback": by_map_callback,
    "drawing": by_drawing,
}


class ExecutorWorker:
    def __init__(self, kind):
        self.pool = kind()

    def call(self, function):
        return self.pool.submit(function).result(10)

    def end(self):
        self.pool.shutdown()


WORKERS = [
    *((f"pool_{name}", functools.partial(PoolWorker, way)) for name, way in POOL_WAYS.items()),
    (
        "executor",
        functools.partial(ExecutorWorker, functools.partial(concurrent.futures.ThreadPoolExecutor, 1)),
    ),
    ("executor_subclass", functools.partial(ExecutorWorker, make_own_pool)),
    ("own_executor", functools.partial(ExecutorWorker, make_own_executor)),
    ("queue", Worker),
    ("asyncio_queue", LoopWorker),
    ("scheduler", SchedulerWorker),
]
