"""Classes that a program may have made itself, and objects of them."""


class Prices:
    """It tells a miss by an exception."""

    def __init__(self):
        self.kept = {}

    def lookup(self, name):
        return self.kept[name]

    def store(self, name, price):
        self.kept[name] = price

    def drop(self, name):
        self.kept.pop(name, None)

    def lookup_or_make(self, name, make):
        try:
            return self.lookup(name)
        except KeyError:
            self.store(name, price := make())
            return price

    def empty(self):
        self.kept.clear()


class AsyncPrices(Prices):
    """The same by coroutines."""

    async def fetch(self, name, default=None):
        return self.kept.get(name, default)

    async def save(self, name, price):
        self.kept[name] = price

    async def forget(self, name):
        self.kept.pop(name, None)


class Sized:
    """It keeps one entry, and returns None for a miss."""

    def __init__(self):
        self.kept = {}

    def get(self, key):
        return self.kept.get(key)

    def put(self, key, value):
        self.kept.clear()
        self.kept[key] = value


prices, rates = Prices(), Prices()
async_prices, async_rates = AsyncPrices(), AsyncPrices()
