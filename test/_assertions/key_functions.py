"""Functions that look keys up which are others in another process, and some that don't."""

import datetime
import os
import signal
import sys
import time
import uuid

from cachetest import MockBackend

prices = MockBackend("prices")


def steady():
    prices.get("price:lamp")
    prices.get(("lamp", frozenset("abcdef"), 1.5))


def hashed():
    prices.get(f"price:{hash(('a', 1))}:en")


def object_text():
    prices.get(f"price:{object()}:en")


def id_of():
    prices.get(f"price:{id(object())}:en")


def hex_id():
    prices.get(f"price:{id(object()):x}")


def set_text():
    prices.get(f"price:{ {'lamp', 'chair', 'table', 'bed'} }:en")


def joined_set():
    prices.get("price:" + ",".join({"lamp", "chair", "table", "bed"}))


def path():
    prices.get(f"price:{os.path.abspath('prices.txt')}:en")


def own_path():
    prices.get("price:en")
    prices.get(f"price:{os.path.join(os.path.dirname(__file__), 'prices.txt')}:en")


def zone():
    prices.get(f"price:{time.strftime('%Z')}:en")


def local_time():
    then = datetime.datetime.fromtimestamp(1_700_000_000).isoformat()
    prices.get(f"price:{then}:en")


def process():
    prices.get(f"price:{os.getpid()}")


def now():
    prices.get(f"price:{time.time_ns()}")


def random_id():
    prices.get(f"price:{uuid.uuid4()}")


def digest():
    from .key_programs import hashed

    prices.get(hashed(sorted({"a", "b", "c"}), {"a", "b", "c"}))


async def awaited():
    prices.get("price:lamp")


def other_cache():
    MockBackend("users").get("ada")


def nothing():
    pass


def broken():
    raise LookupError("no such price")


def dead():
    sys.stderr.write("about to be killed\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def left():
    os._exit(3)


def forever():
    while True:
        time.sleep(60)


def reads_a_file():
    with open("setup.cfg", encoding="utf-8") as file:
        prices.get(file.readline())


def as_many_as_seeds():
    for _ in range(int(os.environ["PYTHONHASHSEED"])):
        prices.get("lamp")


class Pages:
    @staticmethod
    def page():
        prices.get("page")

    def method(self):
        prices.get("page")


def all_at_once():
    parts = (hash(("a", 1)), object(), {"lamp", "chair", "table", "bed"}, os.path.abspath("prices.txt"))
    prices.get(":".join(["price", *map(str, parts), time.strftime("%Z"), "en"]))


def of_two_types():
    prices.get(7 if os.environ["PYTHONHASHSEED"] == "1" else "7")
