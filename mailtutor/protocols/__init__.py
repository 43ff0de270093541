"""The protocols, without sockets.

Ideas. A *table* holds everything there is to know about a protocol: its states, its commands with their grammar, the
moves between states, its replies with their wording. A *server* and a *client* engine eat bytes and give events and
bytes; they hold no socket, clock or thread, so the same bytes in give the same bytes out. An *observer* reads a
conversation somebody else had and gives lines with their meaning.

Every protocol folder has the same files: grammar, events, table, server, client, observer.
spec.py says what a row of a table is, lines.py turns bytes into lines, engine.py is the contract of an engine,
catalogue.py finds a protocol by its name. A protocol never imports another one.
"""
