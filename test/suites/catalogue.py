"""The suites: whose tests, which of them, how they are run, and through which adapters."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SUITES", "Suite"]


@dataclass(frozen=True)
class Suite:
    """Some of the tests that the source distribution of *project* has.

    *command* is what Python is called with, in the folder of the sdist. There, and in the values of
    *variables*, ``{redis}`` and ``{memcached}`` stand for the ports of the servers. In the files of *ports*,
    patterns of paths, a number that stands for a server's usual port is replaced by its port, and the usual
    path of its socket by that of ``redis socket``.
    """

    name: str
    project: str
    adapters: tuple[str, ...]
    command: tuple[str, ...]
    quick: bool = False
    servers: tuple[str, ...] = ()
    ports: tuple[tuple[str, str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    # Somebody has to listen at the ports, though the tests speak to the adapter.
    asks_ports: bool = False
    # Each has a process of its own: what the parameters of its tests begin with. ``{part}`` stands for it.
    parts: tuple[str, ...] = ("",)


def _pytest(*arguments: str) -> tuple[str, ...]:
    # The options of the suite's own are for its authors: coverage, output, some of the tests.
    options = (
        "-q",
        "--tb=short",
        "-o",
        "addopts=",
        "-p",
        "no:warnings",
        "-p",
        "no:randomly",
        "--continue-on-collection-errors",
    )
    options += ("-o", "asyncio_default_fixture_loop_scope=function")
    return ("-m", "pytest", "-p", "suite_plugin", *options, *arguments)


_REDIS = ("--redis-url", "redis://127.0.0.1:{redis}/0")
# What needs a cluster, a sentinel, certificates, modules of the server, or another service beside it.
_NOT_REDIS = (
    *("cluster", "cluster_transaction", "cluster_maint_notifications_handling", "sentinel", "ssl", "bloom"),
    *("sentinel_managed_connection", "json", "search", "timeseries", "vsets", "credentials", "cwe_404"),
)
_NOT_REDIS_FOLDERS = ("scenario", "multidb", "http", "auth", "observability")
# What needs a sentinel, a server of Valkey, or Mako.
_NOT_DOGPILE = ("*_sentinel_backend", "valkey_backend", "mako_cache")
_DJANGO_REDIS = (
    *("sqlite", "sqlite_gzip", "sqlite_herd", "sqlite_json", "sqlite_lz4", "sqlite_msgpack"),
    *("sqlite_sharding", "sqlite_usock", "sqlite_zlib", "sqlite_zstd"),
)


def _django(name: str, *tests: str) -> Suite:
    settings = ("--settings=suite_django_settings", "--parallel=1", "-v0")
    return Suite(
        name,
        "Django",
        ("django",),
        ("tests/runtests.py", *settings, *(f"cache.{test}" for test in tests)),
        quick=True,
        servers=("redis-server", "memcached"),
        variables=(("CACHETEST_SUITE_REDIS_SERVER", "{redis}"), ("CACHETEST_SUITE_MEMCACHED", "{memcached}")),
    )


_ALL = [
    Suite(
        "redis-py, commands and pipelines",
        "redis",
        ("redis",),
        _pytest(
            *_REDIS,
            *("tests/test_commands.py", "tests/test_pipeline.py"),
            *("tests/test_asyncio/test_commands.py", "tests/test_asyncio/test_pipeline.py"),
        ),
        quick=True,
        servers=("redis-server",),
    ),
    Suite(
        "redis-py, all else",
        "redis",
        ("redis",),
        _pytest(
            *_REDIS,
            *(f"--ignore-glob=*/test_{name}.py" for name in (*_NOT_REDIS, "commands", "pipeline")),
            *(f"--ignore-glob=*/test_{name}" for name in _NOT_REDIS_FOLDERS),
            "--ignore-glob=*/maint_notifications",
            "tests",
        ),
        servers=("redis-server",),
    ),
    Suite(
        "pymemcache",
        "pymemcache",
        ("pymemcache",),
        _pytest("-m", "integration", "--port", "{memcached}", "pymemcache/test"),
        quick=True,
        servers=("memcached",),
    ),
    _django(
        "Django, Redis, memcached and LocMem",
        *("tests.RedisCacheTests", "tests.PyMemcacheCacheTests", "tests.LocMemCacheTests"),
    ),
    _django("Django, all of its cache tests", "tests", "tests_async"),
    Suite("cachetools", "cachetools", ("cachetools",), _pytest("tests")),
    Suite(
        "dogpile.cache",
        "dogpile.cache",
        # Some of the tests use a back end without a region.
        ("dogpile", "redis", "pymemcache"),
        _pytest(*(f"--ignore-glob=*/test_{name}.py" for name in _NOT_DOGPILE), "tests/cache"),
        servers=("redis-server", "memcached"),
        variables=(("DOGPILE_REDIS_PORT", "{redis}"), ("DOGPILE_MEMCACHED_PORT", "{memcached}")),
    ),
    Suite(
        "dogpile.cache, its back ends",
        "dogpile.cache",
        ("redis", "pymemcache"),
        _pytest(*(f"--ignore-glob=*/test_{name}.py" for name in _NOT_DOGPILE), "tests/cache"),
        servers=("redis-server", "memcached"),
        variables=(("DOGPILE_REDIS_PORT", "{redis}"), ("DOGPILE_MEMCACHED_PORT", "{memcached}")),
    ),
    Suite(
        "django-redis",
        "django-redis",
        ("django",),
        _pytest("tests"),
        servers=("redis-server",),
        ports=(("tests/**/*.py", "6379", "redis"), ("tests/**/*.py", "/tmp/redis.sock", "redis socket")),
        variables=(("DJANGO_SETTINGS_MODULE", "settings.{part}"), ("PYTHONPATH", "tests")),
        parts=_DJANGO_REDIS,
    ),
    Suite(
        "cachelib",
        "cachelib",
        ("redis",),
        _pytest("tests/test_redis_cache.py"),
        servers=("redis-server",),
        ports=(("tests/*.py", "6360", "redis"),),
        variables=(("CI", "true"),),
    ),
    Suite(
        "Flask-Caching",
        "Flask-Caching",
        ("redis",),
        _pytest("tests"),
        servers=("redis-server",),
        ports=(("tests/*.py", "6360", "redis"),),
        variables=(("CI", "true"),),
        asks_ports=True,
    ),
    Suite(
        "aiocache",
        "aiocache",
        ("redis",),
        _pytest("-m", "not memcached", "tests/acceptance", "tests/ut"),
        servers=("redis-server",),
        ports=(("tests/**/*.py", "6379", "redis"), ("aiocache/**/*.py", "6379", "redis")),
    ),
]
SUITES = {suite.name: suite for suite in _ALL}
