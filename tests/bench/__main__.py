"""Every benchmark, one after the other: `python -m tests.bench [startup|latency|memory|smtp|reading]`."""

from __future__ import annotations

import sys

from tests.bench import latency, memory, reading, smtp, startup

BENCHES = {
    "startup": startup.run,
    "latency": latency.run,
    "memory": memory.run,
    "smtp": smtp.run,
    "reading": reading.run,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()
