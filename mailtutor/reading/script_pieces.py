"""What the Python scripts of `scripts` are put together from: the fixed parts of their text.

Nothing here comes out of a trace. `{language}` texts are comments only.
"""

from __future__ import annotations

IMPORTS = {"smtp": "smtplib", "pop3": "poplib", "imap": "imaplib"}

CHECK_SCRIPT = '''
def heard(reply, recorded=None):
    """Prints a reply, and where its code is not the recorded one, that, too."""
    code, text = reply
    print("S:", code, ascii(text)[:200], "" if recorded in (None, code) else f"!= {recorded!r}")
    return reply
'''

CHECK_TEST = '''
def heard(reply, recorded=None):
    """The code of a reply is the recorded one."""
    assert recorded is None or reply[0] == recorded, reply
    return reply
'''

SMTP = '''
def smtp(server, said):
    """Says octets as they are; gives code and text of the reply."""
    server.send(said)
    return server.getreply()
'''

POP3 = '''
def pop3(server, said, lines=False):
    """Says a line as it is; gives status and text of the answer, and reads the lines that follow."""
    server.sock.sendall(said)
    answer = server.file.readline()
    if lines and answer.startswith(b"+OK"):
        while server.file.readline() not in (b".\\r\\n", b""):
            pass
    status, _, text = answer.rstrip(b"\\r\\n").partition(b" ")
    return status.decode("ascii", "replace"), text
'''

IMAP = '''
class Imap(imaplib.IMAP4):
    """imaplib, but asking nothing by itself: it would say CAPABILITY first."""

    def _get_capabilities(self):
        self.capabilities = ("IMAP4REV1",)

    def open(self, *where, **how):
        super().open(*where, **how)
        self.lines = self.sock.makefile("rb")

    def read(self, size):
        return self.lines.read(size)

    def readline(self):
        return self.lines.readline()

    def send(self, data):
        self.sock.sendall(data)

    def shutdown(self):
        self.lines.close()
        self.sock.close()


def imap(server, said, tag):
    """Says octets as they are, and reads up to their answer; gives its status and text. "+": the server waits."""
    server.send(said)
    while True:
        answer = line = server.readline()
        if not line:
            raise ConnectionError("the server has closed the connection")
        while literal := re.search(rb"\\{(\\d+)\\}\\r\\n\\Z", line):
            server.read(int(literal[1]))
            line = server.readline()
        first, _, rest = answer.rstrip(b"\\r\\n").partition(b" ")
        if first == b"+":
            return "+", rest
        if first == tag:
            status, _, text = rest.partition(b" ")
            return status.decode("ascii", "replace").upper(), text
'''

SEALED_IMAP = '''
class SealedImap(Imap):
    """The same, TLS from the first octet on."""

    def __init__(self, host, port, context, name):
        self.context, self.name = context, name
        super().__init__(host, port, timeout=TIMEOUT_S)

    def _create_socket(self, timeout):
        return self.context.wrap_socket(super()._create_socket(timeout), server_hostname=self.name)
'''

SECURE = {
    "smtp": "server.sock, server.file = context().wrap_socket(server.sock, server_hostname={name}), None",
    "pop3": "server.sock = context().wrap_socket(server.sock, server_hostname={name})\n"
    '    server.file = server.sock.makefile("rb")',
    "imap": "server.sock = context().wrap_socket(server.sock, server_hostname={name})\n"
    '    server.lines = server.sock.makefile("rb")',
}

CONTEXT = '''
def context():
    """Whom TLS trusts: the system, or the authority in the file that MAIL_CA_FILE names (the lab's: ca.pem)."""
    return ssl.create_default_context(cafile=os.environ.get("MAIL_CA_FILE"))
'''

SECRETS = '''
def password(user):
    """MAIL_PASSWORD_<USER> or MAIL_PASSWORD out of the environment."""
    name = "MAIL_PASSWORD_" + re.sub(r"[^A-Za-z0-9]", "_", user).upper()
    found = os.environ.get(name) or os.environ.get("MAIL_PASSWORD")
    if found is None:
        raise SystemExit(f"set {name} or MAIL_PASSWORD: no password is in the record")
    return found.encode()


def wire(name):
    """Octets of a login as they go over the wire, where nobody here knows how to make them."""
    if name not in os.environ:
        raise SystemExit(f"set {name}: the line as it is to be said, without its end")
    return os.environ[name].encode()
'''

LOGINS = {
    "PLAIN": '''
def plain(user):
    """RFC 4616: nothing, the user and the password, a NUL before each of them."""
    return base64.b64encode(b"\\0" + user.encode() + b"\\0" + password(user))
''',
    "CRAM-MD5": '''
def cram_md5(user, challenge):
    """RFC 2195: the user, and a digest of the challenge with the password as key."""
    digest = hmac.new(password(user), base64.b64decode(challenge), "md5").hexdigest()
    return base64.b64encode(user.encode() + b" " + digest.encode())
''',
    "APOP": '''
def apop(server, user):
    """RFC 1939 section 7: a digest of the timestamp in the greeting and the password."""
    stamp = re.search(rb"<[^<>]+>", server.welcome)
    digest = hashlib.md5((stamp[0] if stamp else b"") + password(user)).hexdigest()
    return b"APOP " + user.encode() + b" " + digest.encode()
''',
    "SCRAM": '''
NONCE = base64.b64encode(os.urandom(15)).decode()


def scram_first(user):
    """RFC 5802 section 5: who it is, and a number used once."""
    return base64.b64encode(f"n,,n={user.replace('=', '=3D').replace(',', '=2C')},r={NONCE}".encode())


def scram_final(user, challenge, algorithm):
    """RFC 5802 section 3: the proof that the password is known."""
    first = base64.b64decode(scram_first(user))[3:]
    asked = base64.b64decode(challenge)
    parts = dict(part.split(b"=", 1) for part in asked.split(b","))
    final = b"c=biws,r=" + parts[b"r"]
    salted = hashlib.pbkdf2_hmac(algorithm, password(user), base64.b64decode(parts[b"s"]), int(parts[b"i"]))
    key = hmac.digest(salted, b"Client Key", algorithm)
    stored = hashlib.new(algorithm, key).digest()
    signature = hmac.digest(stored, first + b"," + asked + b"," + final, algorithm)
    proof = bytes(one ^ two for one, two in zip(key, signature))
    return base64.b64encode(final + b",p=" + base64.b64encode(proof))
''',
}

QUOTED = '''
def quoted(value, size):
    """A string of IMAP's (RFC 3501 section 4.3); an atom where the recorded one was: it had so many octets."""
    if len(value) == size and re.fullmatch(rb"[A-Za-z0-9._@+-]+", value):
        return value
    return b'"' + re.sub(rb'(["\\\\])', rb"\\\\\\1", value) + b'"'
'''
