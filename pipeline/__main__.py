"""`python -m pipeline` is `tuban`."""

from pipeline.cli import main

main()
