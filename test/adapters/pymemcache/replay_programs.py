"""Calls of a client, lines of the protocol and random programs, for a real memcached and for ours."""

from hypothesis import strategies as st

# One line is one call, of the client `c`; what one call returns may go into a later one by its name.
CALLS = """
c.get('a')
c.get('a', 'default')
c.gets('a')
c.gets('a', 1, 2)
c.set('a', 'x', noreply=False)
c.get('a')
c.get(b'a')
c.set('a', b'\\x00\\xff\\r\\n', noreply=False)
c.get('a')
c.set('empty', b'', noreply=False)
c.get('empty')
c.set('n', 5, noreply=False)
c.get('n')
c.set('quiet', 'x', noreply=True)
c.get('quiet')
c.set('quiet', 'y')
c.get('quiet')
c.set('flags', 'x', noreply=False, flags=9)
c.set('flags', 'x', noreply=False, flags=2**32 - 1)
c.set('flags', 'x', noreply=False, flags=-1)
c.set('flags', 'x', noreply=False, flags='x')
c.set('gone', 'x', expire=-1, noreply=False)
c.get('gone')
c.add('gone', 'y', expire=-1, noreply=False)
c.set('later', 'x', expire=100, noreply=False)
c.get('later')
c.set('date', 'x', expire=now + 1000, noreply=False)
c.get('date')
c.set('past', 'x', expire=now - 1000, noreply=False)
c.get('past')
c.set('month', 'x', expire=60 * 60 * 24 * 30, noreply=False)
c.get('month')
c.set('month', 'x', expire=60 * 60 * 24 * 30 + 1, noreply=False)
c.get('month')
c.set('a', 'x', expire='soon', noreply=False)
c.set('a', 'x', expire=2**64, noreply=False)
c.set('a', 'ü', noreply=False)
c.set('ü', 'x', noreply=False)
c.get('ü')
c.get('a b')
c.get('')
c.get('k' * 250)
c.get('k' * 251)
c.set('k' * 250, 'long', noreply=False)
c.get('k' * 250)
c.set('large', 'x' * 1_000_000, noreply=False)
len(c.get('large'))
c.set('large', 'x' * 1_048_576, noreply=False)
c.get('large')
c.set_many({'a': 1, 'b': 2}, noreply=False)
c.set_many({'a': 1, 'b': 2})
c.set_multi({'a': 3}, expire=10, noreply=False)
c.set_many({'fits': 1, 'large': 'x' * 1_048_576}, noreply=False)
c.get('fits')
c.set_many({}, noreply=False)
c.get_many(['a', 'b', 'c'])
c.get_many(['a', 'a'])
c.get_many([])
c.get_multi(['b'])
c.gets_many(['a', 'c'])
c.gets_many([])
c.add('a', 'other', noreply=False)
c.add('new', 'x', noreply=False)
c.add('new', 'y')
c.get('new')
c.replace('a', 'other', noreply=False)
c.replace('absent', 'x', noreply=False)
c.replace('absent', 'x')
c.append('a', '+', noreply=False)
c.append('absent', '+', noreply=False)
c.append('a', '+', expire=-1, noreply=False, flags=3)
c.get('a')
c.prepend('a', '-', noreply=False)
c.prepend('absent', '-', noreply=False)
c.prepend('a', '-')
c.get('a')
c.cas('a', 'x', 1, noreply=False)
c.cas('absent', 'x', 1)
c.cas('a', 'x', 'no number')
c.cas('a', 'x', 2**64)
c.cas('a', 'swapped', c.gets('a')[1])
c.cas('a', 'swapped', c.gets('a')[1], noreply=True)
c.cas('a', 'swapped', str(int(c.gets('a')[1])), expire=60)
c.get('a')
c.set('n', 10, noreply=False)
c.incr('n', 5)
c.incr('n', 0)
c.decr('n', 6)
c.get('n')
c.incr('n', 1, noreply=True)
c.decr('n', 100)
c.get('n')
c.incr('absent', 1)
c.decr('absent', 1)
c.incr('a', 1)
c.incr('n', -1)
c.incr('n', 'x')
c.incr('n', 2**64)
c.set('n', 2**64 - 1, noreply=False)
c.incr('n', 3)
c.get('n')
c.set('n', 2**64, noreply=False)
c.incr('n', 1)
c.incr('empty', 1)
c.touch('a', 100, noreply=False)
c.touch('a')
c.touch('absent', 100, noreply=False)
c.touch('new', -1, noreply=False)
c.get('new')
c.touch('a', 'x', noreply=False)
c.delete('a', noreply=False)
c.delete('a', noreply=False)
c.delete('a')
c.delete('k' * 251)
c.delete_many(['b', 'absent'], noreply=False)
c.delete_many(['quiet'])
c.delete_many([])
c.delete_multi(['x'])
c.__setitem__('i', 'x')
c['i']
c['absent']
c.__delitem__('i')
c['i']
c.raw_command('get later', 'END')
c.raw_command(b'gat 0 later', b'END\\r\\n')
c.raw_command('set r 0 0 1\\r\\nx')
c.raw_command('append r 0 0 1\\r\\nyz')
c.raw_command('delete r 0')
c.raw_command('nonsense')
c.raw_command('verbosity 1')
c.raw_command('quit')
c.raw_command('flush_all x')
c.flush_all(delay=1000, noreply=False)
c.get('later')
c.flush_all(delay='x')
c.flush_all(noreply=False)
c.get('later')
c.set('later', 'x', noreply=False)
c.get('later')
c.flush_all()
c.get('later')
type(c.version())
c.cache_memlimit(64)
c.cache_memlimit(1)
c.cache_memlimit('x')
c.stats('reset')
c.shutdown()
c.shutdown(graceful=True)
c.quit()
c.get('a')
c.close()
c.disconnect_all()
c.get('a')
""".strip().splitlines()


# Lines to the server, each by itself; what is no command line belongs to the one before it.
LINES = [
    *(b"get|get a|gets a|get a n a|get  a|get a ".split(b"|")),
    *(b"gat|gat 0|gat x a|gat 0 a|gats 0 a n|gat -1 a|get a".split(b"|")),
    *(b"set|set a|set a 0 0|set a 0 0 x|set a x 0 1|set a 0 x 1|set a 0 0 -1|set a -1 0 1".split(b"|")),
    b"set n 7 0 2\r\n10",
    b"set a 0 0 1\r\nx",
    b"set a 4294967299 0 1\r\nx",
    b"set a 0 99999999999999999999 1\r\nx",
    b"set a 0 9999999999 1\r\nx",
    b"set a 0 0 1\r\nxyz",
    b"set a 0 0 3\r\nx\r\nget a\r\n",
    b"set a 0 0 1 noreply\r\nxyz",
    b"set a 0 0 1 noreply more\r\nx",
    b"set a 0 0 1 else\r\nx",
    b"set a x 0 1 noreply\r\nx",
    b"set " + b"k" * 251 + b" 0 0 1\r\nx",
    b"set a 0 0 1048516\r\n" + b"x" * 1_048_516,
    b"set a 0 0 1048517\r\n" + b"x" * 1_048_517,
    b"set a 1 0 1048513\r\n" + b"x" * 1_048_513,
    b"get a",
    b"set a 0 0 1\r\nx",
    b"add a 0 0 1048517\r\n" + b"x" * 1_048_517,
    b"append a 0 0 1048500\r\n" + b"x" * 1_048_500,
    b"get a",
    b"add a 0 0 1\r\ny",
    b"add a 0 0 1 noreply\r\ny",
    b"replace zz 0 0 1\r\ny",
    b"append a 5 0 1\r\ny",
    b"prepend a 5 0 1\r\nz",
    b"gets a",
    *(b"cas a 0 0 1|cas a 0 0 1 x|cas a 0 0 1 -1|cas a 0 0 1 99999999999999999999".split(b"|")),
    b"cas zz 0 0 1 1\r\ny",
    b"cas a 0 0 1 1\r\ny",
    b"cas a 0 0 1 1 noreply\r\ny",
    *(
        b"incr|incr n|incr n 1|incr a 1|incr zz 1|incr n x|incr zz x|incr n -1|incr n +2|incr n 1 2".split(
            b"|"
        )
    ),
    *(b"get n|decr n 5|get n|decr n 100|get n|incr n 18446744073709551615|incr n 12345|get n".split(b"|")),
    *(b"incr n 1 noreply|incr a 1 noreply|incr n 1 2 3|incr n 18446744073709551616|get n".split(b"|")),
    *(
        b"set n 0 0 %d\r\n%b\r\nincr n 2\r\nget n" % (len(value), value)
        for value in (
            b"",
            b" ",
            b" 1",
            b"1 ",
            b"1 2",
            b"1a",
            b"+1",
            b"-1",
            b"001",
            b"1\t",
            b"9" * 19,
            b"9" * 20,
        )
    ),
    b"set n 0 0 20\r\n18446744073709551615\r\nincr n 2\r\nget n",
    *(
        b"touch|touch a|touch a 0|touch zz 0|touch a x|touch a 1 2|touch a 1 2 3|touch a x noreply".split(
            b"|"
        )
    ),
    *(b"touch a -1|get a|delete|delete zz|delete n 0|delete n 1|delete n b c|delete n 1 2 3".split(b"|")),
    *(b"delete noreply|delete n 0 noreply|delete n noreply".split(b"|")),
    b"delete " + b"k" * 251 + b" noreply",
    b"set a 0 0 1\r\nx\r\nflush_all -1\r\nget a",
    b"set a 0 0 1\r\nx\r\nflush_all 1000\r\nget a",
    *(
        b"flush_all|flush_all 0|flush_all noreply|flush_all 0 noreply|flush_all 0 0|flush_all 1 2 3".split(
            b"|"
        )
    ),
    *(
        b"flush_all noreply 0|verbosity|verbosity 0|verbosity x|verbosity 1 noreply|verbosity 1 2 3".split(
            b"|"
        )
    ),
    *(b"cache_memlimit|cache_memlimit 64|cache_memlimit 1|cache_memlimit x".split(b"|")),
    *(b"stats reset|stats nonsense|shutdown|nonsense|GET a| get a||get\ta".split(b"|")),
    b"get " + b"k" * 251,
    b"get a " + b"k" * 251,
    b"x" * 1500,
    b"set \x80 0 0 1\r\nx\r\nget \x80",
]


KEYS = st.sampled_from([b"a", b"b"])


# None that is but white space: memcached would count with what lies behind it in memory.
VALUES = st.sampled_from([b"", b"x", b"1", b"18446744073709551615", b"\r\n.\r\n"])


@st.composite
def store_lines(draw):
    """Draw a line that stores, with what is stored."""
    value = draw(VALUES)
    words = [
        draw(st.sampled_from([b"set", b"add", b"replace", b"append", b"prepend"])),
        draw(KEYS),
        draw(st.sampled_from([b"0", b"1", b"2147483648"])),
        draw(st.sampled_from([b"0", b"0", b"0", b"-1", b"1000", b"3000000"])),
        b"%d" % len(value),
        *draw(st.sampled_from([[], [], [b"noreply"]])),
    ]
    return b" ".join(words) + b"\r\n" + value


# A flush with a delay is left out: it brings back what a flush in the same second has taken.
PROGRAMS = st.lists(
    st.one_of(
        store_lines(),
        st.tuples(
            st.sampled_from([b"incr", b"decr", b"touch", b"delete"]),
            KEYS,
            st.sampled_from([b"0", b"1", b"99", b"-1", b"x", b"noreply"]),
        ).map(b" ".join),
        # The number stands for that of the latest write.
        st.tuples(st.just(b"cas"), KEYS, st.sampled_from([b"0 0 1 0\r\n7", b"0 0 1 LATEST\r\n7"])).map(
            b" ".join
        ),
        st.sampled_from([b"get a b", b"gets a b a", b"gat 0 a b", b"gats -1 a", b"flush_all"]),
    ),
    min_size=1,
    max_size=20,
)
