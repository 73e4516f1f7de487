"""`python -m understudy.cli`: the command line without its installed script."""

from understudy.cli.entry import main

main()
