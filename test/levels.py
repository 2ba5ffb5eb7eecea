"""The table of levels that the rooms of the package lie in."""

# From the lowest to the highest: each level has some rooms, and each room its files in the same order. A file
# may import those of lower levels, and those before it in its own room, so rooms of one level import nothing
# of each other. A library's adapter that is loaded by its name is not imported by a statement.
_OF_OPERATIONS = ["key_counts", "counts", "operations", "snapshot_files", "unused_snapshots", "snapshots"]
_OF_ANSWERS = ["entries", "equal", "expiry", "use", "driving", "apart", "fresh", "places", "survives"]
_OF_ANSWERS += ["with_state", "cache_states", "transparent", "flown_apart", "flown", "flight"]
_OF_ANSWERS += ["atomic_check", "atomic"]
_OF_KEYS = ["inputs", "runs", "texts", "django", "child", "processes", "task", "stable"]
_OF_KEYS = [*(f"key_{each}" for each in _OF_KEYS), "keys"]
_CASES = ["counting_cases", "state_cases", "patching_cases", "clock_cases", "fault_cases", "many_cases"]
_CASES += ["process_cases"]
_ACTING = ["clock", "call", "gate", "acted_on", "storage", "injection", "carrying", "states"]
_AT_ONCE = [
    "waiting_frames",
    "quiet",
    "quiet_processes",
    "load_calls",
    "flight",
    "callers",
    "flight_of_threads",
    "driven",
]
_AT_ONCE += ["process_callers", "flight_of_processes"]
_AT_ONCE += ["quiet_loop", "flight_of_tasks", "orders", "turns", "turns_of_tasks"]
LEVELS = [
    {"": ["errors", "faults"]},
    {
        "_recording": [
            *(
                "locks",
                "patience",
                "thread_frames",
                "packages",
                "makers",
                "operation",
                "call_sites",
            ),
            *(
                "foreign_adapters",
                "sameness",
                "lifetimes",
                "answer_parts",
                "answers",
                "held_answers",
                "bounds",
            ),
            *("origins", "numbering", "snapshot", "stats", "log", "uncounted"),
        ]
    },
    {"_behaving": [*_ACTING, *_AT_ONCE]},
    {
        "_telling": [
            *("lookalikes", "shortening", "formatting", "key_parts", "key_patterns", "hashes", "processes"),
            "explained_keys",
            *("explanation", "likeness", "comparison", "timeline", "nearest", "lifetimes", "outcome"),
            *("origins", "history", "facts", "listing", "failures", "expiring", "freshness"),
            *("order", "functions", "volatile", "snapshots"),
            *("transparency", "verified", "uncounted_lines", "left_running", "unstruck", "survival"),
            *("key_changes", "key_atoms", "key_looks", "key_moves", "key_paths", "flights", "orders"),
        ]
    },
    {
        "_caches": [
            *(
                "threads",
                "open_order",
                "running",
                "uncounted_notes",
                "counting",
                "timed_entries",
                "injecting",
            ),
            *("asserting_base", "asserting", "asserting_runs", "asserting_all"),
            *("by_hand", "acting", "settling", "verifying", "stateful", "cache", "blocks"),
            *("backend_names", "in_state", "acting_all", "uncounted_cache", "inherited", "caches"),
            *("scope", "attribution", "backend", "global_stats", "task_hooks", "import_finders"),
            *("work_hooks", "thread_hooks", "hook_loading"),
        ]
    },
    {"adapters": ["guarding", "base", "targets", "registry"]},
    {
        "_sharing": [
            "naming",
            *(
                "joined",
                "processes",
                "ledger",
                "imports",
                "links",
                "client",
                "refusal",
                "remote_parts",
                "remote_acting",
                "remote",
            ),
            *("stand_in", "libraries", "jobs", "commands", "described", "as_child"),
            *("child", "requests", "connections", "server", "children", "telling_children"),
            *("telling_forks", "process_hooks"),
            *("forks", "join"),
            "site.sitecustomize",
        ]
    },
    {
        "_patching": [
            *("undo", "validation", "options", "near_options", "switches", "shared_installs"),
            "in_children",
            *("imports", "late_patches", "session_result", "pytest_items", "adapters_by_cache"),
            *("session", "key_functions", "left_open"),
            *("set_up_hooks", "additions", "patch_caches"),
            *("class_scope", "guard_allow", "import_hook", "watched_functions", "guard"),
        ]
    },
    {
        "adapters": [
            *("clocked", "calls", "task_calls", "calls_into", "outer_call", "own_servers", "class_swap"),
            "watching",
            *("front", "struck_below", "planned", "packets", "tries", "relay", "relayed"),
        ]
    },
    {
        "adapters": ["memo_entries", "memo_followers", "memo_telling", "memo_readings", "functools"],
        "adapters.cachetools": [
            *("timer", "likeness", "terms", "telling", "scoped", "storage", "counting", "front"),
            *("adapter", "__init__"),
        ],
        "adapters.dogpile": [
            *("entries", "far_entries", "backend", "face", "region", "faults", "adapter", "relayed"),
            "__init__",
        ],
        "adapters.inductor": [
            *("modules", "disabled", "switches", "activity", "key_parts", "found", "damage"),
            *("hook", "directories", "local", "refusals", "candidates", "guarded", "guarded_before"),
            *("files", "named_parts", "local_profile", "precompiled", "autotune_file", "memoizers"),
            *("mega", "cache_classes"),
            *("observers", "hooks", "backend", "unused", "adapter", "relayed", "__init__", "watched"),
        ],
        "adapters.jax": [
            *("modules", "switches", "store", "key_parts", "hooks", "unused", "adapter", "__init__"),
        ],
        "adapters.methods": ["spec", "entries", "calling", "counting", "adapter", "__init__"],
        "adapters.pymemcache": [
            *("addresses", "entries", "store", "servers", "cachedump", "administration", "protocol", "quick"),
            *("storage", "struck", "relay", "connection", "hash_memory", "stand_ins", "adapter", "relayed"),
            "__init__",
        ],
        "adapters.redis": [
            *("addresses", "keys", "effects", "commands", "own", "key_specs", "command_table", "slow_log"),
            *("permissions", "moved"),
            *("geo", "long_double", "positions", "clients", "settings", "observing", "answers", "corrected"),
            *("users", "lua_msgpack", "lua_libraries", "tracking", "waits", "peer", "entries", "store"),
            "resp",
            *("server", "flushes", "scripts", "serving"),
            *("quick", "transaction", "link", "pipe", "late", "storage", "refusals"),
            *(
                "struck_link",
                "refusing",
                "reader",
                "transport",
                "stream",
                "routes",
                "unreachable",
                "relay",
                "relayed",
            ),
            "connection",
            *("adapter", "__init__", "watched_commands", "watched"),
        ],
    },
    {
        "adapters.django": [
            *(
                "moved",
                "rules",
                "stores",
                "storage",
                "unwatched",
                "call",
                "far_stores",
                "stand_ins",
                "kinds",
                "places",
            ),
            "calling",
            *("servers_below", "objects", "quick", "running_calls", "swap", "on_servers", "entries"),
            *("guarding", "faults", "adapter", "relayed", "__init__"),
            "watched",
        ]
    },
    # The lazy face of its package: the type checker sees all of them there.
    {"adapters": ["__init__"]},
    {"_assertions": ["of_process", "base", *_OF_OPERATIONS, *_OF_ANSWERS, *_OF_KEYS, "families", "own"]},
    {"": ["case", "async_case", "mock_cache"]},
    {"contract": ["subject", "base", *_CASES, "suite", "table", "__init__"]},
    {
        "_reports": [
            *("data", "text", "plain", "record", "taking", "recorder", "layout", "plain_text"),
            *("markdown", "html", "files", "reading", "pairs", "why", "command", "in_states"),
            *("unittest_results", "runner"),
            *("as_main", "program", "sources", "found", "find"),
        ]
    },
    {
        "_pytest": [
            *("given", "items", "assertions", "compared", "summary", "running", "lasting", "states"),
            *("scopes", "collected", "reporting", "asked"),
        ]
    },
    {"": ["pytest_plugin", "__main__"]},
    {"": ["__init__"]},
]
