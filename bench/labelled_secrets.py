"""
Which secrets must be found? Of each kind that is known some, made up on the spot, in the places
where agents leave them.

None is real, and none stands in this file: the shapes are put together when they are asked for, so
that a host's own scanner has nothing to find here.
"""

from __future__ import annotations

import base64
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random  # noqa: TID251 - made up from a seed, the same every time
from typing import Final
from urllib.parse import quote

UPPER: Final = string.ascii_uppercase + string.digits
MIXED: Final = string.ascii_letters + string.digits
HEX: Final = "0123456789abcdef"
BASE32: Final = string.ascii_uppercase + "234567"
URL_SAFE: Final = MIXED + "-_"
BASE64: Final = MIXED + "+/"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with a secret in it. After redaction no `part` of it may be left."""

    kind: str
    place: str
    text: str
    parts: tuple[str, ...]


class _Maker:
    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)

    def of(self, letters: str, length: int) -> str:
        """So many, with digits among them, as real ones have."""
        while True:
            made = "".join(self._chance.choices(letters, k=length))
            if len(set(made)) > min(length, len(letters)) // 3:
                return made

    def lines(self, count: int, *, width: int = 64) -> str:
        return "\n".join(self.of(BASE64, width) for _ in range(count))


def _uuid(make: _Maker) -> str:
    return "-".join(make.of(HEX, length) for length in (8, 4, 4, 4, 12))


TOKENS: Final[dict[str, Callable[[_Maker], str]]] = {
    # Known by their own shape.
    "aws access key id": lambda m: "AK" + "IA" + m.of(BASE32, 16),
    "aws session key id": lambda m: "AS" + "IA" + m.of(BASE32, 16),
    "aws bedrock key": lambda m: "AB" + "SK" + m.of(BASE64, 128),
    "github token": lambda m: "gh" + "p_" + m.of(MIXED, 36),
    "github oauth": lambda m: "gh" + "o_" + m.of(MIXED, 36),
    "github server": lambda m: "gh" + "s_" + m.of(MIXED, 36),
    "github refresh": lambda m: "gh" + "r_" + m.of(MIXED, 36),
    "github fine": lambda m: "github" + "_pat_" + m.of(MIXED, 22) + "_" + m.of(MIXED, 59),
    "gitlab": lambda m: "gl" + "pat-" + m.of(URL_SAFE, 20),
    "gitlab runner": lambda m: "gl" + "rt-" + m.of(URL_SAFE, 20),
    "gitlab deploy": lambda m: "gl" + "dt-" + m.of(URL_SAFE, 20),
    "gitlab trigger": lambda m: "gl" + "ptt-" + m.of(HEX, 40),
    "npm": lambda m: "np" + "m_" + m.of(MIXED, 36),
    "pypi": lambda m: "py" + "pi-AgEIcHlwaS5vcmc" + m.of(URL_SAFE, 90),
    "hugging face": lambda m: "h" + "f_" + m.of(string.ascii_letters, 34),
    "openai project": lambda m: "sk-" + "proj-" + m.of(URL_SAFE, 80),
    "openai old": lambda m: "s" + "k-" + m.of(MIXED, 48),
    "anthropic": lambda m: "sk-" + "ant-api03-" + m.of(URL_SAFE, 93) + "AA",
    "slack bot": lambda m: (
        f"xo{'x'}b-{m.of(string.digits, 12)}-{m.of(string.digits, 12)}-{m.of(MIXED, 24)}"
    ),
    "slack user": lambda m: (
        f"xo{'x'}p-{m.of(string.digits, 12)}-{m.of(string.digits, 12)}-{m.of(HEX, 32)}"
    ),
    "slack app": lambda m: (
        f"xa{'p'}p-1-A{m.of(UPPER, 10)}-{m.of(string.digits, 13)}-{m.of(HEX, 64)}"
    ),
    "slack hook": lambda m: (
        f"https://hooks.{'slack'}.com/services/T{m.of(UPPER, 8)}/B{m.of(UPPER, 8)}"
        f"/{m.of(MIXED, 24)}"
    ),
    "discord hook": lambda m: (
        f"https://{'discord'}.com/api/webhooks/{m.of(string.digits, 18)}/{m.of(URL_SAFE, 68)}"
    ),
    "stripe": lambda m: "sk" + "_live_" + m.of(MIXED, 24),
    "stripe test": lambda m: "sk" + "_test_" + m.of(MIXED, 99),
    "stripe restricted": lambda m: "rk" + "_live_" + m.of(MIXED, 24),
    "stripe hook": lambda m: "wh" + "sec_" + m.of(MIXED, 32),
    "google api": lambda m: "AI" + "za" + m.of(URL_SAFE, 35),
    "google oauth": lambda m: "ya" + "29." + m.of(URL_SAFE, 120),
    "google client": lambda m: "GOC" + "SPX-" + m.of(URL_SAFE, 28),
    "azure storage": lambda m: f"Account{'Key'}={m.of(BASE64, 86)}==",
    "azure client": lambda m: f"{m.of(MIXED, 3)}8Q~{m.of(URL_SAFE, 34)}",
    "azure sas": lambda m: f"?sv=2022-11-02&ss=b&sig={quote(m.of(BASE64, 43) + '=', safe='')}",
    "vault": lambda m: "hv" + "s." + m.of(URL_SAFE, 92),
    "vault batch": lambda m: "hv" + "b." + m.of(URL_SAFE, 140),
    "vault old": lambda m: f"VAULT_TOKEN={'s.'}{m.of(MIXED, 24)}",
    "terraform": lambda m: m.of(MIXED, 14) + ".atlas" + "v1." + m.of(URL_SAFE, 64),
    "digital ocean": lambda m: "dop" + "_v1_" + m.of(HEX, 64),
    "doppler": lambda m: "dp" + ".pt." + m.of(MIXED, 43),
    "linear": lambda m: "lin" + "_api_" + m.of(MIXED, 40),
    "notion": lambda m: "nt" + "n_" + m.of(string.digits, 11) + m.of(MIXED, 35),
    "sendgrid": lambda m: f"S{'G'}.{m.of(URL_SAFE, 22)}.{m.of(URL_SAFE, 43)}",
    "mailgun": lambda m: f"MAILGUN_KEY={'key'}-{m.of(HEX, 32)}",
    "twilio": lambda m: f"twilio_api_key = S{'K'}{m.of(HEX, 32)}",
    "telegram": lambda m: f"{m.of('123456789', 9)}:A{'A'}{m.of(URL_SAFE, 33)}",
    "shopify": lambda m: "shp" + "at_" + m.of(HEX, 32),
    "square": lambda m: "EA" + "AA" + m.of(URL_SAFE, 60),
    "databricks": lambda m: "dap" + "i" + m.of(HEX, 32),
    "grafana": lambda m: "gls" + "a_" + m.of(MIXED, 32) + "_" + m.of(HEX, 8),
    "new relic": lambda m: "NR" + "AK-" + m.of(UPPER, 27),
    "docker hub": lambda m: "dckr" + "_pat_" + m.of(URL_SAFE, 27),
    "rubygems": lambda m: "ruby" + "gems_" + m.of(HEX, 48),
    "postman": lambda m: "PM" + "AK-" + m.of(HEX, 24) + "-" + m.of(HEX, 34),
    "age key": lambda m: "AGE-SECRET-" + "KEY-1" + m.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "jwt": lambda m: f"ey{'J'}{m.of(MIXED, 17)}.ey{'J'}{m.of(URL_SAFE, 60)}.{m.of(URL_SAFE, 43)}",
    "nats seed": lambda m: "S" + "UA" + m.of(BASE32, 55),
    "groq": lambda m: "gs" + "k_" + m.of(MIXED, 52),
    "replicate": lambda m: "r" + "8_" + m.of(MIXED, 37),
    "netlify": lambda m: "nf" + "p_" + m.of(MIXED, 36),
    "posthog": lambda m: "ph" + "x_" + m.of(MIXED, 43),
    "xai": lambda m: "xa" + "i-" + m.of(MIXED, 80),
    "perplexity": lambda m: "pp" + "lx-" + m.of(MIXED, 48),
    "nvidia": lambda m: "nv" + "api-" + m.of(URL_SAFE, 64),
    "figma": lambda m: "fi" + "gd_" + m.of(URL_SAFE, 40),
    "atlassian": lambda m: "ATA" + "TT3xFfGF0" + m.of(URL_SAFE, 180),
    "heroku platform": lambda m: "HR" + "KU-" + m.of(URL_SAFE, 60),
    "fly": lambda m: "fm" + "2_" + m.of(BASE64, 120),
    "supabase": lambda m: "sb" + "p_" + m.of(HEX, 40),
    "planetscale": lambda m: "psc" + "ale_tkn_" + m.of(MIXED, 43),
    "tailscale": lambda m: "ts" + "key-auth-" + m.of(MIXED, 12) + "-" + m.of(MIXED, 32),
    "1password": lambda m: "op" + "s_eyJ" + m.of(URL_SAFE, 250),
    "sentry": lambda m: "sn" + "trys_eyJ" + m.of(BASE64, 90) + "_" + m.of(MIXED, 43),
    "airtable": lambda m: "pa" + "t" + m.of(MIXED, 14) + "." + m.of(HEX, 64),
    "pulumi": lambda m: "pu" + "l-" + m.of(HEX, 40),
    "mailchimp": lambda m: m.of(HEX, 32) + "-u" + "s12",
    "mapbox": lambda m: "sk" + ".eyJ" + m.of(MIXED, 60) + "." + m.of(MIXED, 22),
    "firebase": lambda m: "AA" + "AA" + m.of(URL_SAFE, 7) + ":APA9" + "1b" + m.of(URL_SAFE, 134),
    "paypal": lambda m: "access_" + "token$production$" + m.of(HEX, 16) + "$" + m.of(HEX, 32),
    "cloudflare origin": lambda m: "v1" + ".0-" + m.of(HEX, 24) + "-" + m.of(HEX, 146),
    "okta": lambda m: "SS" + "WS 00" + m.of(MIXED, 40),
    "crypt": lambda m: "$" + "6$" + m.of(MIXED, 16) + "$" + m.of(MIXED, 86),
    "jwe": lambda m: (
        f"ey{'J'}{m.of(MIXED, 30)}..{m.of(MIXED, 16)}.{m.of(MIXED, 60)}.{m.of(MIXED, 22)}"
    ),
    "nats account seed": lambda m: "S" + "AA" + m.of(BASE32, 55),
}
"""A token each, or a line where the token alone has no shape."""


def _private_key(m: _Maker, kind: str) -> str:
    return f"-----BEGIN {kind}-----\n{m.lines(6)}\n{m.of(BASE64, 20)}==\n-----END {kind}-----"


def _ours(m: _Maker) -> str:
    return f"GANGLION_SIGNING_KEY={m.of(BASE64, 43)}="


LINES: Final[dict[str, Callable[[_Maker], tuple[str, str]]]] = {
    # Known by what stands around them: the line, and the secret in it.
    "aws secret": lambda m: _with(m.of(BASE64, 40), "aws_secret_access_key = {}"),
    "aws secret, json": lambda m: _with(m.of(BASE64, 40), '"SecretAccessKey": "{}",'),
    "aws secret, env": lambda m: _with(m.of(BASE64, 40), "export AWS_SECRET_ACCESS_KEY='{}'"),
    "aws session": lambda m: _with(m.of(BASE64, 200), "AWS_SESSION_TOKEN={}"),
    "azure secret": lambda m: _with(m.of(MIXED, 40), "AZURE_CLIENT_SECRET={}"),
    "gcp key id": lambda m: _with(m.of(HEX, 40), '"private_key_id": "{}",'),
    "password": lambda m: _with(m.of(MIXED, 14), "password = '{}'"),
    "password, yaml": lambda m: _with(m.of(MIXED, 16), "  db_password: {}"),
    "password, json": lambda m: _with(m.of(MIXED, 16), '{{"user": "a", "password": "{}"}}'),
    "password, env": lambda m: _with(m.of(MIXED, 16), "POSTGRES_PASSWORD={}"),
    "password, python": lambda m: _with(m.of(MIXED, 12), 'connect(host="x", passwd="{}")'),
    "password, go": lambda m: _with(m.of(MIXED, 18), 'dbPassword := "{}"'),
    "password, ini": lambda m: _with(m.of(MIXED, 14), "PGPASSWORD={} psql -h db"),
    "password, option": lambda m: _with(m.of(MIXED, 14), "mysql --password={} -u root"),
    "url, postgres": lambda m: _with(m.of(MIXED, 14), "postgres://app:{}@db.internal:5432/app"),
    "url, redis": lambda m: _with(m.of(MIXED, 20), "redis://:{}@cache:6379/0"),
    "url, https": lambda m: _with(
        m.of(MIXED, 20), "git clone https://bot:{}@git.example.org/a.git"
    ),
    "url, mongodb": lambda m: _with(m.of(MIXED, 16), "mongodb+srv://u:{}@c0.example.net/?w=1"),
    "url, nats": lambda m: _with(m.of(MIXED, 22), "nats://coder-1:{}@127.0.0.1:4222"),
    "url, nats token": lambda m: _with(m.of(MIXED, 32), "NATS_URL=nats://{}@127.0.0.1:4222"),
    "url, amqp": lambda m: _with(m.of(MIXED, 12) + "%21", "amqp://guest:{}@mq:5672/"),
    "url, clickhouse": lambda m: _with(m.of(MIXED, 24), "http://default:{}@127.0.0.1:8123"),
    "bearer": lambda m: _with(m.of(URL_SAFE, 40), "Authorization: Bearer {}"),
    "bearer, curl": lambda m: _with(
        m.of(MIXED, 32), "curl -H 'Authorization: Bearer {}' https://x"
    ),
    "basic": lambda m: _with(
        base64.b64encode(f"user:{m.of(MIXED, 14)}".encode()).decode(), "Authorization: Basic {}"
    ),
    "token header": lambda m: _with(m.of(HEX, 40), "authorization: token {}"),
    "api key header": lambda m: _with(m.of(MIXED, 32), "X-Api-Key: {}"),
    "private token header": lambda m: _with(m.of(MIXED, 20), "PRIVATE-TOKEN: {}"),
    "cookie": lambda m: _with(m.of(HEX, 64), "Set-Cookie: session={}; HttpOnly"),
    "curl user": lambda m: _with(m.of(MIXED, 16), "curl -u admin:{} https://example.org/"),
    "api key": lambda m: _with(m.of(MIXED, 32), 'api_key = "{}"'),
    "api key, yaml": lambda m: _with(m.of(HEX, 32), "apiKey: {}"),
    "secret key": lambda m: _with(m.of(URL_SAFE, 50), "SECRET_KEY = '{}'"),
    "client secret": lambda m: _with(m.of(MIXED, 40), "client_secret={}&grant_type=x"),
    "access token": lambda m: _with(m.of(URL_SAFE, 64), '"access_token":"{}"'),
    "refresh token": lambda m: _with(m.of(URL_SAFE, 64), "refresh_token: '{}'"),
    "auth token, npmrc": lambda m: _with(_uuid(m), "//registry.example.org/:_auth" + "Token={}"),
    "auth, npmrc": lambda m: _with(m.of(BASE64, 40), "_auth={}"),
    "netrc": lambda m: _with(m.of(MIXED, 16), "machine example.org login bot password {}"),
    "pgpass": lambda m: _with(m.of(MIXED, 16), "db.example.org:5432:app:app:{}"),
    "docker config": lambda m: _with(
        base64.b64encode(f"bot:{m.of(MIXED, 20)}".encode()).decode(), '"auth": "{}"'
    ),
    "encryption key": lambda m: _with(m.of(HEX, 64), "ENCRYPTION_KEY={}"),
    "signing secret": lambda m: _with(m.of(HEX, 32), "SLACK_SIGNING_SECRET={}"),
    "query": lambda m: _with(m.of(MIXED, 32), "GET /v1/items?api_key={}&page=2 HTTP/1.1"),
    "query, token": lambda m: _with(m.of(MIXED, 40), "https://example.org/x?access_token={}"),
    "our key file": lambda m: _with(m.of(BASE64, 43) + "=", "mesh {}"),
    "our key, env": lambda m: _with(m.of(BASE64, 43) + "=", "GANGLION_SIGNING_KEY={}"),
    "nats token": lambda m: _with(m.of(MIXED, 43), "GANGLION_NATS_TOKEN={}"),
    "heroku": lambda m: _with(_uuid(m), "HEROKU_API_KEY={}"),
    "datadog": lambda m: _with(m.of(HEX, 32), "DD_API_KEY={}"),
    "passphrase": lambda m: _with(m.of(MIXED, 20), "passphrase: {}"),
    "ansible": lambda m: _with(m.of(MIXED, 16), "ansible_become_pass={}"),
    "password, xml": lambda m: _with(m.of(MIXED, 14), "<db><password>{}</password></db>"),
    "password, call": lambda m: _with(m.of(MIXED, 14), "define('DB_PASSWORD', '{}');"),
    "password, sentence": lambda m: _with(m.of(MIXED, 14), "the password is {}, by the way"),
    "password, mysql": lambda m: _with(m.of(MIXED, 14), "mysql -uroot -p{} db"),
    "password, sshpass": lambda m: _with(m.of(MIXED, 14), "sshpass -p {} ssh host"),
    "option": lambda m: _with(m.of(MIXED, 32), "app --api-key {} run"),
    "rclone": lambda m: _with(m.of(MIXED, 40), "pass = {}"),
    "wireguard": lambda m: _with(m.of(BASE64, 43) + "=", "PrivateKey = {}"),
    "presigned": lambda m: _with(m.of(HEX, 64), "https://b.example.org/k?X-Amz-Signature={}"),
    "connection string": lambda m: _with(
        m.of(MIXED, 16), "Server=db;User Id=sa;Password={};Encrypt=true"
    ),
}


def _with(secret: str, line: str) -> tuple[str, str]:
    return line.format(secret), secret


BLOCKS: Final[dict[str, Callable[[_Maker], str]]] = {
    "pem rsa": lambda m: _private_key(m, "RSA " + "PRIVATE KEY"),
    "pem pkcs8": lambda m: _private_key(m, "PRIVATE" + " KEY"),
    "pem ec": lambda m: _private_key(m, "EC " + "PRIVATE KEY"),
    "pem encrypted": lambda m: _private_key(m, "ENCRYPTED " + "PRIVATE KEY"),
    "openssh": lambda m: _private_key(m, "OPENSSH " + "PRIVATE KEY"),
    "pgp": lambda m: _private_key(m, "PGP " + "PRIVATE KEY BLOCK"),
    "nats creds": lambda m: (
        f"-----BEGIN USER NKEY SE{'ED'}-----\nSU{m.of(BASE32, 56)}\n------END USER NKEY SEED------"
    ),
    "putty": lambda m: (
        f"PuTTY-User-Key-{'File'}-3: ssh-ed25519\nEncryption: none\nComment: a\n"
        f"Private-Lines: 1\n{m.of(BASE64, 48)}\nPrivate-MAC: {m.of(HEX, 64)}"
    ),
}


def labelled(seed: int = 7) -> Iterator[Labelled]:
    """Every kind in every place that fits it: some hundreds, the same for the same seed."""
    make = _Maker(seed)
    for kind, token_of in TOKENS.items():
        for place, around in _AROUND_TOKENS.items():
            token = token_of(make)
            yield Labelled(
                kind, place, around(token), (token.rstrip("=").rpartition("=")[2][-16:],)
            )
        token = token_of(make)
        encoded = base64.b64encode(f"the key is {token} ok".encode()).decode()
        yield Labelled(kind, "base64", f"data: {encoded}", (encoded,))
        encoded = token.encode().hex()
        yield Labelled(kind, "hex", f"0x{encoded}", (encoded,))
        half = len(token) // 2
        yield Labelled(
            kind,
            "split over lines",
            f'k = ("{token[:half]}"\n     "{token[half:]}")',
            (token[half:],),
        )
        yield Labelled(
            kind, "split over diff lines", f"+{token[:half]}\n+{token[half:]}\n", (token[half:],)
        )
    for kind, line_of in LINES.items():
        for place, around in _AROUND_LINES.items():
            line, secret = line_of(make)
            yield Labelled(kind, place, around(line), (secret,))
    for kind, block_of in BLOCKS.items():
        for place, around in _AROUND_BLOCKS.items():
            block = block_of(make)
            rows = [row for row in block.split("\n") if len(row) > 40 and " " not in row]
            yield Labelled(kind, place, around(block), tuple(rows))


def _percent(text: str) -> str:
    return quote(text, safe="")


_AROUND_TOKENS: Final[dict[str, Callable[[str], str]]] = {
    "bare": lambda token: token,
    "in a sentence": lambda token: f"I used the key {token}, which works.",
    "touching a word": lambda token: f"key_{token}" if token[0] != "?" else f"http://x/a{token}",
    "in a diff": lambda token: f"@@ -1,2 +1,2 @@\n-old\n+    x = '{token}'\n",
    "in JSON in JSON": lambda token: f'{{\\"k\\": \\"{token}\\"}}',
}
_AROUND_LINES: Final[dict[str, Callable[[str], str]]] = {
    "alone": lambda line: line,
    "in a diff": lambda line: f"@@ -1,2 +1,3 @@\n import os\n-x\n+{line}\n y\n",
    "in an output": lambda line: f"$ cat .env\nDEBUG=1\n{line}\nPORT=8080\n",
}
_AROUND_BLOCKS: Final[dict[str, Callable[[str], str]]] = {
    "alone": lambda block: block,
    "in a diff": lambda block: "".join(f"+{line}\n" for line in block.split("\n")),
    "in JSON": lambda block: '{"key": "' + block.replace("\n", "\\n") + '"}',
    "cut off": lambda block: block.rpartition("\n")[0],
}
