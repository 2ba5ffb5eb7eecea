"""All families of assertions in one."""

from __future__ import annotations

from .atomic import AtomicAssertions
from .cache_states import StateOfTest
from .counts import CountAssertions
from .entries import EntryAssertions
from .equal import EqualAssertions
from .expiry import ExpiryAssertions
from .flight import FlightAssertions
from .fresh import FreshAssertions
from .key_stable import KeyStableAssertions
from .keys import KeyAssertions
from .operations import OperationAssertions
from .snapshots import SnapshotAssertions
from .survives import SurvivesAssertions
from .transparent import TransparentAssertions
from .use import UseAssertions

__all__ = ["Assertions"]


class Assertions(
    CountAssertions,
    EntryAssertions,
    EqualAssertions,
    ExpiryAssertions,
    UseAssertions,
    FreshAssertions,
    OperationAssertions,
    SnapshotAssertions,
    KeyAssertions,
    KeyStableAssertions,
    FlightAssertions,
    AtomicAssertions,
    SurvivesAssertions,
    TransparentAssertions,
    StateOfTest,
):
    """The assertions that a test case has."""
