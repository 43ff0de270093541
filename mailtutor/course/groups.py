"""The parts of the course, in the order the home shows them; "own" is for lessons of a teacher's own."""

GROUPS = ("system", "smtp", "access", "messages", "security", "break-it", "final", "own")
