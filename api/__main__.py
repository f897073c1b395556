"""`python -m api`: the command line without an installed script."""

from api.command_line import main

main()
