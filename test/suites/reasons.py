"""Why a test that passes on the real store does not pass through an adapter."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["KINDS", "REASONS", "Reason"]

KINDS = {
    "stub": "The test replaces a private part of the library, which the adapter replaces too.",
    "difference": "The adapter does something else than the store.",
}

_ANY = re.compile("")
# What stands for a server is fakeredis, with some commands added and some corrected.
_REDIS = ("redis-py",)


@dataclass(frozen=True)
class Reason:
    """A reason: its *kind* is a key of `KINDS`, and *why* a sentence for the documentation.

    It is for the tests, of suites whose names begin with one of *suites*, whose id matches *tests* and whose
    failure matches *text*, both by `re.search`.
    """

    kind: str
    why: str
    suites: tuple[str, ...]
    tests: re.Pattern[str] = _ANY
    text: re.Pattern[str] = _ANY


# The first that matches a test is its reason.
REASONS = {
    "server always there": Reason(
        "difference",
        "A server of a test is there, whatever its address: a test makes it fail by a fault.",
        ("cachelib", "redis-py"),
        tests=re.compile(
            "test_unreachable_server_raises_when_enabled|test_network_connection_failure|::TestPubSubRedisDown::"
        ),
    ),
    "no queries": Reason(
        "difference",
        "A cache in a table is kept in memory: it asks no database in a test, which counts its queries.",
        ("Django",),
        tests=re.compile(r"\.DBCache\w*\.test_(cull_queries|\w+_num_queries|has_key_query_columns_quoted)$"),
    ),
    "own streams": Reason(
        "stub",
        "The test has a socket or streams of its own for what a connection opens; the adapter's are there.",
        _REDIS,
        tests=re.compile("::test_(connection_disconect_race|external_auth_provider_error)"),
    ),
    "processes": Reason(
        "difference",
        "A forked child's copy of a connection is its own in a test: it goes on when the parent closes that.",
        _REDIS,
        tests=re.compile("::TestMultiprocessing::test_close_connection_in_parent"),
    ),
    "back end looked into": Reason(
        "stub",
        "The test looks into the back end of its own, or at its class, in whose place is the adapter's.",
        ("dogpile.cache",),
        text=re.compile("ScopedBackend"),
    ),
    "no such command": Reason(
        "difference",
        "The server of a test, fakeredis, does not have the command or its option, and says so.",
        _REDIS,
        text=re.compile(
            "does not have it|doesn't exist in Redis commands|unknown subcommand|in the server of a test|"
            "must specify at least one filter"
        ),
    ),
    "any password": Reason(
        "difference",
        "Any password will do until the program sets one, so that it can log in as it does elsewhere.",
        _REDIS,
        tests=re.compile("::test_auth$"),
    ),
    "release": Reason(
        "difference",
        "The server of a test says that it is Redis 8, for which the test is skipped.",
        _REDIS,
        tests=re.compile("::test_lolwut"),
    ),
}
