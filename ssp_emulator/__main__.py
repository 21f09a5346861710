"""`python -m ssp_emulator` is `ssp-emulator`."""

from ssp_emulator.cli import main

main()
