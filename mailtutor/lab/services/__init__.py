"""What a server knows and an engine does not: users, mailboxes, the queue. One file per protocol."""
