"""The libraries' own tests, run on the real store and through the adapters: ``python -m test.suites``.

`catalogue` has the suites, `inside` is what runs in the process of a suite, `running` starts that process,
`table` keeps what passes on the real store and fails through an adapter, and `page` writes it as
``docs/fidelity.rst``.
"""
