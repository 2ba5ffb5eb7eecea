"""A library with a backend that an adapter replaces."""


class Real:
    def get(self, key):
        return "real"

    def put(self, key, value):
        raise AssertionError("it has come to the real store")


backend = Real()
