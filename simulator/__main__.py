"""`python -m simulator`: see `--help`."""

from simulator.process import main

main()
