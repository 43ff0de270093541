"""Programs nobody here wrote, against our servers, relay and agents: `make interop` installs and runs all of it.

`make test` leaves this folder out: it needs Debian's packages, and some programs that only root may start. A program
that is missing fails its tests; nothing is skipped. What a program cannot do stands in the docstring of its file.
"""
