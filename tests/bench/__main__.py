"""Every benchmark, one after the other: `python -m tests.bench`, or those that are named behind it."""

from __future__ import annotations

import sys

from tests.bench import capturing, latency, lines, memory, message, reading, smtp, startup, winding

BENCHES = {
    "startup": startup.run,
    "latency": latency.run,
    "memory": memory.run,
    "message": message.run,
    "smtp": smtp.run,
    "reading": reading.run,
    "lines": lines.run,
    "captures": capturing.run,
    "winding": winding.run,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()
