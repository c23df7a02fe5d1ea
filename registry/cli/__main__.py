"""`python -m registry.cli` is `tongquan`."""

from registry.cli.app import main

if __name__ == "__main__":
    main()
