"""The lab: real hosts on real sockets, on this machine only.

One asyncio loop in a thread of its own (lab.py starts and stops it). plan.py says which hosts and users there are,
listener.py opens their ports, stream.py is one TCP connection, tap.py writes what crosses it into the trace, gate.py
holds it back when the student wants to step, driver.py runs a protocol engine over it, services/ answer what the
engines ask, relay.py hands queued mail on, agents/ are alice's and bob's programs.
"""
