"""`python -m mailtutor` is the same as the command `mailtutor`."""

from mailtutor.cli import entry

if __name__ == "__main__":
    entry()
