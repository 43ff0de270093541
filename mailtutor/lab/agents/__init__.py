"""alice's and bob's programs: the user agents. Each is a client engine on a real connection.

sender.py submits mail; pop3.py and imap.py read it. They act as their user would and give back what they saw.
devices.py has two of bob's machines do so that remember: a laptop (pop3.py) and a phone (offline.py, whose cache is in
cache.py); memory.py keeps what they know on the disk.
"""
