"""
What does a secret look like? By itself, by what stands around it, or over several lines.

Each shape of a token begins with what its maker put there so that scanners find it. Of what stands
before it little is asked, since a key is as secret where it touches a word; only where words end in
what begins a token (`task-`, `monkey-`, `DISK`) it does not count within one.
"""

from __future__ import annotations

import re
from typing import Final

_START: Final = r"(?:(?<![A-Za-z])|(?<=\\[nrt])|(?<=%0[aAdD]))"
"""Not within a word. The letter of an escape is none."""

TOKENS: Final[tuple[str, ...]] = (
    r"(?:AKIA|ASIA)([0-9A-Z]{16})",  # Amazon: access keys
    r"ABSK[A-Za-z0-9+/]{100,}={0,2}",
    r"gh[pousr]_([0-9A-Za-z]{36,})",  # GitHub
    r"github_pat_([0-9A-Za-z_]{22,})",
    r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|rtr)-([0-9A-Za-z_.-]{20,})",  # GitLab
    r"npm_([0-9A-Za-z]{36})",
    r"pypi-([0-9A-Za-z_-]{50,})",
    r"rubygems_[0-9a-f]{48}",
    r"dckr_[a-z]{3}_([0-9A-Za-z_-]{27,})",
    r"hf_([A-Za-z]{30,})",
    rf"{_START}sk-(?:ant-|proj-|svcacct-|admin-)([0-9A-Za-z_-]{{20,}})",  # model providers
    rf"{_START}sk-(?=[a-z_-]*[0-9A-Z])([0-9A-Za-z_]{{20,}})",
    r"xox[a-z](?:\.xox[a-z])?-([0-9A-Za-z-]{10,})",  # Slack
    r"xapp-\d-([0-9A-Za-z-]{20,})",
    r"hooks\.slack\.com/(?:services|workflows|triggers)/[0-9A-Za-z/_-]{20,}",
    r"discord(?:app)?\.com/api/webhooks/\d+/[0-9A-Za-z_-]{40,}",
    r"(?:sk|rk|pk)_(?:live|test|prod)_([0-9A-Za-z]{16,})",  # Stripe
    r"whsec_([0-9A-Za-z+/=]{24,})",
    r"AIza([0-9A-Za-z_-]{35})",  # Google
    r"ya29\.([0-9A-Za-z_-]{20,})",
    r"GOCSPX-([0-9A-Za-z_-]{28})",
    r"[0-9A-Za-z_~.]{3}8Q~[0-9A-Za-z_~.-]{31,}",  # Azure
    r"hv[sbr]\.([0-9A-Za-z_-]{24,})",  # Vault, Terraform
    r"[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_-]{60,}",
    r"do[opr]_v1_[0-9a-f]{64}",
    r"dp\.(?:pt|st|ct|sa|scim|audit)\.([0-9A-Za-z.]{40,})",
    r"lin_(?:api|oauth)_([0-9A-Za-z]{32,})",
    r"ntn_[0-9]{11}[0-9A-Za-z]{35}",
    rf"{_START}(?:gsk|r8|nfp|phx)_([0-9A-Za-z]{{36,}})",  # Groq, Replicate, Netlify, PostHog
    rf"{_START}(?:xai|pplx|nvapi)-([0-9A-Za-z_-]{{40,}})",
    r"figd_([0-9A-Za-z_-]{36,})",  # Figma
    r"AT[AC]TT3([0-9A-Za-z_=-]{60,})",  # Atlassian
    r"HRKU-([0-9A-Za-z_-]{36,})",  # Heroku
    r"fm[12][a-z]?_([0-9A-Za-z+/=]{60,})",  # Fly
    r"sbp_[0-9a-f]{40}",  # Supabase
    r"pscale_(?:tkn|pw|oauth)_([0-9A-Za-z_.-]{32,})",  # PlanetScale
    r"tskey-[a-z]+-[0-9A-Za-z]{8,}-([0-9A-Za-z]{20,})",  # Tailscale
    r"ops_eyJ[0-9A-Za-z_+/=-]{100,}",  # 1Password
    r"sntry[su]_([0-9A-Za-z_+/=-]{60,})",  # Sentry
    rf"{_START}pat[0-9A-Za-z]{{14}}\.[0-9a-f]{{64}}",  # Airtable
    rf"{_START}pul-[0-9a-f]{{40}}",  # Pulumi
    r"[0-9a-f]{32}-us[0-9]{1,2}(?![0-9A-Za-z])",  # Mailchimp
    r"sk\.eyJ[0-9A-Za-z_-]{30,}\.[0-9A-Za-z_-]{20,}",  # Mapbox
    r"AAAA[0-9A-Za-z_-]{7}:APA91b[0-9A-Za-z_-]{100,}",  # Firebase
    r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",  # PayPal
    r"v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}",  # Cloudflare
    r"SSWS 00[0-9A-Za-z_-]{38,}",  # Okta
    r"webhook\.office\.com/webhookb2/[0-9a-f@-]{36,}/IncomingWebhook/[0-9a-f]{32}",  # Teams
    r"\$(?:6|5|y|2[aby]|apr1)\$[0-9A-Za-z./$=,]{22,}",  # passwords' hashes: crypt
    r"SG\.([0-9A-Za-z_-]{20,24}\.[0-9A-Za-z_-]{39,50})",
    rf"{_START}(?<!-)key-[0-9a-f]{{32}}",
    rf"{_START}SK[0-9a-f]{{32}}",  # Twilio
    r"[0-9]{8,10}:AA[0-9A-Za-z_-]{33}",  # Telegram
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    rf"{_START}EAAA([0-9A-Za-z_-]{{60}})",
    r"dapi[0-9a-f]{32}(?:-\d)?",
    r"gl(?:sa|c)_([0-9A-Za-z_+/=]{32,})",
    r"NRAK-[0-9A-Z]{27}",
    r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
    r"eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}",  # JSON Web Tokens
    r"eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]*(?:\.[0-9A-Za-z_-]{10,}){3}",  # encrypted ones
    r"S[UAONCX]([A-Z2-7]{56})",  # NATS seeds
    r"g(?:nt|ch)_([0-9A-Za-z_-]{32,})",  # our own, for NATS and ClickHouse
)
"""Secrets that are known by themselves. What is in a group is none where it is made of words."""

_GAP: Final = r"""(?:\\[nrt]|[\s+>#|"'\\,-])"""
"""What stands between the lines of a key: in a diff, in JSON, in a quotation."""
_LINES: Final = (
    rf"(?:{_GAP}*(?:[A-Za-z-]+: [^\s\\]+{_GAP}+)?[A-Za-z0-9+/=]{{16,}}"
    r"|(?:\r?\n|\\n)[ +>#|-]{0,4}[A-Za-z0-9+/=]{4,}(?=\s*(?:\n|\\n|\Z)))*"
)
_KEY: Final = r"(?:[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?|USER NKEY SEED)"

BLOCKS: Final[tuple[str, ...]] = (
    rf"-----BEGIN {_KEY}-----(?:(?:(?!-----BEGIN)[\s\S]){{0,20000}}?-----END {_KEY}-----"
    rf"|{_LINES}{_GAP}*(?:[A-Za-z0-9+/]+={{1,2}})?)",
    rf"(?<=Private-Lines: )\d+{_LINES}(?:{_GAP}*Private-MAC: [0-9a-f]+)?",  # PuTTY
)
"""Secrets of several lines. Where the end is cut off, as far as the lines are a key's."""

_NAME: Final = (
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?-?key|access_?-?key|account_?-?key"
    r"|private_?-?key(?:_?-?id)?|signing_?-?key|encryption_?-?key|secret_?-?key|_auth|x-api-key"
    r"|(?<![a-z])auth(?![a-z])|(?<![a-z])sig(?![a-z])|amz-signature|credential|(?<![a-z])pass(?![a-z])|_key(?![a-z]))"
)
_QUOTE: Final = r"""\\{0,3}["']"""
CONTEXTS: Final[tuple[str, ...]] = (
    # A name that says what it is, and what it is set to, quoted or bare; two arguments of a call.
    rf"(?i:{_NAME})[\w-]{{0,24}}(?:{_QUOTE})?\]?(?:\s{{0,4}}(?::=|=>|[=:])|(?<=[\"']),)\s{{0,4}}"
    rf"(?:[bru]{{0,2}}{_QUOTE}(?P<quoted>[^\"'\\\n]{{6,400}})(?:{_QUOTE})"
    r"|(?P<bare>[^\s\"'`&;,<>(){}\[\]\\$]{8,400}))",
    # A user's password, or a token, in an address.
    r"[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>\\?#]{0,80}:(?P<userinfo>[^\s/@\"'<>\\]{3,200})@",
    r"[a-z][a-z0-9+.-]{1,20}://(?P<only>[^\s:/@\"'<>\\?#]{16,400})@",
    # Headers and what people type.
    r"(?i:authorization)[\"']?\s{0,3}[:=,]\s{0,3}[\"']?(?:(?i:bearer|basic|token|apikey|digest)\s+)"
    r"(?P<header>[A-Za-z0-9._~+/=-]{8,4000})",
    r"(?i:\bbearer)\s+(?P<bearer>[A-Za-z0-9._~+/=-]{20,4000})",
    r"(?:\s-u|--user)[ =][\"']?[^\s:\"']{1,80}:(?P<user>[^\s\"']{4,200})",
    r"(?i:set-cookie|cookie):\s*[^=;\s]{1,80}=(?P<cookie>[^;\s]{16,4000})",
    rf"--(?:[a-z]+-){{0,3}}(?i:{_NAME})[\w-]{{0,24}} {{1,4}}(?:{_QUOTE})?"
    r"(?P<option>[^\s\"'-][^\s\"']{5,400})",
    r"(?:mysql|mariadb)[a-z-]*\s(?:[^\n;|&]{0,200}\s)?-p(?P<joined>[^\s\"']{4,200})",
    r"sshpass\s+-p\s*[\"']?(?P<typed>[^\s\"']{4,200})",
    # An element, and a sentence.
    rf"(?i:<[\w:.-]{{0,24}}{_NAME}[\w.-]{{0,24}}>)(?P<element>[^<>\s]{{6,400}})</",
    r"(?i:password|passphrase|token|secret|api key)\s(?:is|was)\s"
    r"[\"'`]?(?P<said>[^\s\"'`,;]{8,400})",
    r"\blogin\s+\S{1,80}\s+password\s+(?P<netrc>\S{4,200})",
    r"(?m:^[+ -]?[\w.*-]{1,80}:(?:\d{2,5}|\*):[\w*-]{1,80}:[\w.*-]{1,80}:(?P<pgpass>\S{6,200})$)",
    # A private key's file of ours: its id and 32 bytes, alone on a line.
    r"(?m:^[+ -]?[\w.-]{1,100} (?P<seed>[A-Za-z0-9+/]{43}=)\s*$)",
)
"""Secrets that are known by what stands around them; each is the group that matched."""

JOINT: Final = re.compile(
    r"""["']?[ \t]*[+.,]?[ \t]*\\?(?:\r?\n|\\n)[+\- >#|*]{0,4}[ \t]*[fbru]{0,2}["']?"""
    r"""|["'][ \t]*[+.][ \t]*["']|%(?:0[aAdD]){1,2}"""
)
"""Where a token may be broken in two: the end of a line, also of a diff, and two quotations."""

BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
HEX_RUN: Final = re.compile(r"(?:[2-7][0-9a-fA-F]){16,}")
PERCENT_RUN: Final = re.compile(r"(?:[\w.~-]{0,4}%[2-7][0-9a-fA-F]){4,}[\w.~%-]*")

HINT: Final = "|".join(
    (
        # A name, and something that it is set to.
        r"(?i:key|token|passw|passphrase|pass|pwd|secret|credent|auth|sig)[\w-]{0,24}"
        r"[\"'\\\]]{0,4}\s{0,4}(?::=|=>|[=:])\s{0,4}[bru]{0,2}\\{0,3}[\"']?[^\s\"'(){}\[\],;$<]{5}",
        r"(?i:authorization|bearer |cookie:)| -u[ =]|-user[ =]|login\s+\S+\s+password",
        r"://[^\s/@]*@|:(?:\d{2,5}|\*):[^\s:]+:",
        r"--(?:[a-z]+-){0,3}(?:pass|token|secret|key|api|access|auth)[a-z-]* |mysql[a-z]* |mariadb",
        r"sshpass|(?i:passw\w*|secret|token|_?key)(?:>[^<>\s]{6}|[\"'],\s?[\"'])",
        r"(?i:password|passphrase|token|secret|api key) (?:is|was) ",
        # How a secret begins, and a few signs of it.
        r"-BEGIN |Private-Lines|A[KS]IA[0-9A-Z]{4}|ABSK|gh[pousr]_[0-9A-Za-z]{4}|hub_pat_",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|rtr)-|npm_[0-9A-Za-z]{6}|pypi-\w{6}",
        r"rubygems_|dckr_|hf_[A-Za-z]{6}|sk-(?:ant|proj|svcacct|admin)-|sk-\w{8}|xox[a-z.]+-\w{6}",
        r"xapp-\d|hooks\.slack|webhooks/\d|[srp]k_(?:live|test|prod)_|whsec_|AIza|ya29\.|GOCSPX",
        r"8Q~|hv[sbr]\.[\w-]{4}|\.atlasv1\.|do[opr]_v1_|dp\.[a-z]{2,5}\.|lin_(?:api|oauth)_|ntn_\d",
        r"SG\.[\w-]{8}|SK[0-9a-f]{8}|\d{8}:AA|shp(?:at|ca|pa|ss)_|EAAA[\w-]{8}|dapi[0-9a-f]{8}",
        r"key-[0-9a-f]{8}|gl(?:sa|c)_|[NP][RM]AK-|AGE-SECRET|eyJ[\w-]{4}|S[UAONCX][A-Z2-7]{20}",
        r"g(?:nt|ch)_|(?:gsk|r8|nfp|phx)_\w{6}|(?:xai|pplx|nvapi)-\w{6}|figd_|AT[AC]TT3|HRKU-",
        r"sbp_[0-9a-f]",
        r"fm[12][a-z]?_\w{6}|pscale_|tskey-|ops_ey|sntry[su]_|\.[0-9a-f]{32}|pul-[0-9a-f]{8}",
        r"-us\d|sk\.ey|:APA91b|_token\$|v1\.0-[0-9a-f]{8}|SSWS 00|webhookb2/",
        r"\$(?:6|5|y|2[aby]|apr1)\$",
        # What is encoded: a capital in a long run (the first of it), hex digits that spell signs,
        # percents.
        r"(?:^|[^A-Za-z0-9+/_-])[a-z0-9+/_-]*[A-Z][A-Za-z0-9+/_-]{31}",
        r"(?:[2-7][0-9a-fA-F]){18}|%[2-7][0-9a-fA-F][\w.~-]{0,4}%[2-7]",
    )
)
"""What every secret holds, for an automaton that reads each byte once, whatever is in here: it
spares most events all the rest.

It makes its states as it meets them, and one costs microseconds: whatever counts signs from every
place of a run multiplies them. A count of 43 in here once took 40 µs of each event that an agent
published, and 2 µs where a benchmark had met them all."""
