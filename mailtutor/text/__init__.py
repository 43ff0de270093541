"""The words for people, in both languages.

`en/` and `zh/` hold the same files with the same keys, so that a reviewer can read two files side by side; a test
compares the keys. Keys follow the thing they describe: `smtp.command.RCPT.what`, `smtp.reply.550.no_such_user.what`,
`screen.home.title`. catalogue.py finds a text by its key.
"""
