"""The only SQL. What is answered as accepted is on the disk.

database.py opens a file, checks that it is ours, and runs one writer thread that groups the commits of concurrent
sessions; schema.py is the law; mailboxes.py, queue.py and progress.py are functions over a connection, to be passed to
`Database.write` and `Database.read`. Nobody outside this room writes a statement.

exchange.py takes mail in from other programs' files (sources.py) and writes it for them (targets.py); shelf_names.py
says what a mailbox is called there.

recording.py writes a trace to a file for people, elsewhere.py does it in a process of its own, and scribe.py says what
of it may leave; archive.py writes one for ourselves, to wind back further than the memory.
"""
