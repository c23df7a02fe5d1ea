"""The demo: what `scripts/demo` runs. `world` sets up, `play` acts, `expected` says what must come out, `__main__` tells."""
