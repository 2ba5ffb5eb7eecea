"""The ways in which a program hands a library's own function to a thread, a pool, a task or a loop."""

import asyncio
import concurrent.futures
import functools
import inspect
import threading

from cachetest import MockBackend, global_stats

from ..support import in_module

backend = MockBackend("c")
# What a library does by itself, out of the way of the program.
LIBRARY = in_module(
    "some_library",
    """
import asyncio

async def get(key="k"):
    await asyncio.sleep(0)
    return backend.get(key)

async def get_by_a_task(key="k"):
    return await asyncio.ensure_future(get(key))

def get_now(key="k"):
    return backend.get(key)

class Client:
    def get(self, key="k"):
        return backend.get(key)
""",
    "site-packages",
)
LIBRARY["backend"] = backend
get, get_now, Client = LIBRARY["get"], LIBRARY["get_now"], LIBRARY["Client"]


class Keyed(Client):
    get_k = functools.partialmethod(Client.get, "k")


async def by_a_task():
    await asyncio.create_task(get())  # this line


async def by_a_task_of_the_loop():
    await asyncio.get_running_loop().create_task(get())  # this line


async def by_a_task_of_its_own():
    await asyncio.create_task(LIBRARY["get_by_a_task"]())  # this line


async def by_a_future():
    await asyncio.ensure_future(get())  # this line


async def by_gather():
    await asyncio.gather(get())  # this line


async def by_wait_for():
    await asyncio.wait_for(get(), 5)  # this line


async def by_shield():
    await asyncio.shield(get())  # this line


async def by_as_completed():
    for each in asyncio.as_completed([get()]):  # this line
        await each


async def awaited_elsewhere():
    task = asyncio.create_task(get())  # this line
    await asyncio.sleep(0)
    await task


async def by_a_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(get())  # this line


async def by_an_eager_task():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    await asyncio.create_task(get())  # this line


async def by_to_thread():
    await asyncio.to_thread(backend.get, "k")  # this line


async def by_an_executor_of_the_loop():
    await asyncio.get_running_loop().run_in_executor(None, get_now)  # this line


async def by_a_callback():
    asyncio.get_running_loop().call_soon(backend.get, "k")  # this line
    await asyncio.sleep(0)


async def by_a_later_callback():
    asyncio.get_running_loop().call_later(0, get_now)  # this line
    while not global_stats.c.operations:
        await asyncio.sleep(0)


async def by_a_callback_of_a_thread():
    loop = asyncio.get_running_loop()

    def work():
        asyncio.run_coroutine_threadsafe(get(), loop).result()  # this line

    await loop.run_in_executor(None, work)


async def by_a_callback_of_a_library():
    asyncio.get_running_loop().call_soon(functools.partial(get_now, key="k"))  # this line
    await asyncio.sleep(0)


def by_a_loop():
    asyncio.run(get())  # this line


def by_a_loop_until():
    loop = asyncio.new_event_loop()
    loop.run_until_complete(get())  # this line
    loop.close()


def by_a_thread():
    thread = threading.Thread(target=backend.get, args=("k",))
    thread.start()  # this line
    thread.join()


def by_a_timer():
    timer = threading.Timer(0, get_now)
    timer.start()  # this line
    timer.join()


def by_a_pool():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(backend.get, "k").result()  # this line


def by_a_map():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        list(pool.map(get_now, ["k"]))  # this line


def by_a_partial():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(functools.partial(backend.get, "k")).result()  # this line


def by_a_partial_method():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(Keyed().get_k).result()  # this line


def by_a_callback_of_a_future():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        event = threading.Event()
        future = pool.submit(event.wait)
        future.add_done_callback(backend.get)  # this line
        event.set()


def by_a_thread_in_a_pool():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, get()).result()  # this line


WAYS = [each for name, each in list(globals().items()) if name.startswith(("by_", "awaited_"))]
NEEDS = {"by_a_group": (3, 11), "by_an_eager_task": (3, 12)}


def line_of(function):
    """Return the line of *function* that says it is the one."""
    lines, first = inspect.getsourcelines(function)
    return first + next(n for n, line in enumerate(lines) if "# this line" in line)
