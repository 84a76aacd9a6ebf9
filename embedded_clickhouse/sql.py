"""What kind of statement is this, and where do its FORMAT clause and its inline data begin? Pure.

The engine parses the SQL; this file only finds the few places at which the HTTP interface has to
cut it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

Kind = Literal["read", "insert", "other"]
"""`read` answers with a stream of rows, `insert` takes inline data, `other` is everything else."""

_READ_VERBS = frozenset({"SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"})

_LITERAL = rb"(?:-?[0-9][0-9A-Za-z_.]*+(?:(?<=[eE])[-+][0-9]++)?|'(?:[^'\\]++|\\.|'')*+')"
_TOKEN = re.compile(
    rb"""
    (?P<blank>\s++|--[^\n]*+|\#[ !][^\n]*+|//[^\n]*+
        |\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8f\xa8\xa9\xaf]|\xe2\x81[\x9f\xa0]
        |\xe3\x80\x80|\xef\xbb\xbf)
  | (?P<comment>/\*)
  | (?P<list>(?:(?:LITERAL|[(\[]\s*+LITERAL(?:\s*+,\s*+LITERAL)*\s*+[)\]])\s*+,\s*+)+)
  | (?P<string>'(?:[^'\\]++|\\.|'')*+(?:'|\\?\Z)|\xe2\x80\x98.*?(?:\xe2\x80\x99|\Z))
  | (?P<quoted>`(?:[^`\\]++|\\.|``)*+(?:`|\\?\Z)|"(?:[^"\\]++|\\.|"")*+(?:"|\\?\Z)
        |\xe2\x80\x9c.*?(?:\xe2\x80\x9d|\Z))
  | (?P<heredoc>\$\w*+\$)
  | (?P<word>[A-Za-z_][A-Za-z0-9_$]*+)
  | (?P<number>[0-9][0-9A-Za-z_.]*+)
  | (?P<mark>.)
    """.replace(b"LITERAL", _LITERAL),
    re.DOTALL | re.VERBOSE,
)
"""Each alternative reads on only, and what never ends is read to the end of the text: no text makes
this read anything twice. The literals of a list, each with its comma, are one token. What
has several parts is no possessive group: before 3.11.5, Python stands wrongly behind the last one
that did not match."""
_OPEN_HEREDOC_TOKENS = 5000
"""What a heredoc costs that never ends: all of the text was searched for its end."""
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_COMMENT_EDGE = re.compile(rb"/\*|\*/")
_BEFORE_DATA = re.compile(rb"[ \t\f]*\r?\n?")
_ESCAPE = re.compile(rb"\\(.)|''", re.DOTALL)
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"})
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"0": b"\0"}


@dataclass(frozen=True, slots=True)
class InputCall:
    """The call `input('structure')` of an `INSERT … SELECT … FROM input(…)`: its place and its
    structure."""

    start: int
    end: int
    structure: bytes


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement, cut where the HTTP interface needs it. Offsets count bytes of `text`."""

    text: bytes
    kind: Kind
    words: tuple[str, ...] = ()
    """The first words in upper case, at most three; none where the text holds no statement."""
    end: int = 0
    """Where the statement ends: before a closing semicolon and trailing blanks."""
    format: str | None = None
    """The output format of a read, the input format of an insert, where the statement names one."""
    format_start: int | None = None
    format_end: int | None = None
    """Where the FORMAT clause of a read ends."""
    settings_start: int | None = None
    """Where the SETTINGS clause of an insert with data begins."""
    data_start: int | None = None
    """Where the inline data of an insert begins; None where nothing in the text announces data."""
    input_call: InputCall | None = None
    names_file: bool = False
    """Whether it has an INTO OUTFILE or FROM INFILE, which a server refuses."""
    is_single: bool = True
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of `{name:Type}`, in ClickHouse's escaped form: they come beside the text."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    start: int
    end: int
    depth: int
    upper: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a statement is read."""

    max_tokens: int = 500_000
    max_nesting: int = 1000


class TooMuchSqlError(Exception):
    """A statement is beyond one of its bounds."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit
        """The name of the field of `Bounds`."""


def _tokens(text: bytes, bounds: Bounds) -> Iterator[_Token]:
    """The tokens of `text` that mean something: blanks and (nested) comments are left out.

    Raises `TooMuchSqlError`.
    """
    position, size, depth, left = 0, len(text), 0, bounds.max_tokens
    is_name = False
    while position < size:
        match = _TOKEN.match(text, position)
        if match is None:
            return
        position = match.end()
        kind = match.lastgroup or "mark"
        left -= 1
        if kind == "comment":
            position, edges = _comment_end(text, position, max_edges=left)
            left -= edges
        elif kind == "heredoc":
            end = text.find(match.group(), position)
            left -= _OPEN_HEREDOC_TOKENS if end < 0 else 0
            position = position - 1 if end < 0 else end + len(match.group())
            yield _Token(kind, match.start(), position, depth, "")
        elif kind == "list" and not (is_name and text[match.start()] in b"(["):
            is_name = False
            yield _Token(kind, match.start(), position, depth, ",")
        elif kind != "blank":
            if kind == "list":  # no tuple of a list: the arguments of a call
                kind, position = "mark", match.start() + 1
            upper = ""
            if kind in ("word", "mark"):
                upper = text[match.start() : position].decode("latin-1").upper()
            depth -= upper in _CLOSING
            yield _Token(kind, match.start(), position, depth, upper)
            is_name = kind in ("word", "quoted")
            depth += upper in _OPENING
            if depth > bounds.max_nesting:
                raise TooMuchSqlError("max_nesting")
        if left < 0:
            raise TooMuchSqlError("max_tokens")


def _comment_end(text: bytes, position: int, *, max_edges: int) -> tuple[int, int]:
    """Where a comment ends, and how many openings and closings were read up to there."""
    depth, edges = 1, 0
    while depth and edges <= max_edges:
        edge = _COMMENT_EDGE.search(text, position)
        if edge is None:
            return len(text), edges
        edges += 1
        depth += 1 if edge.group() == b"/*" else -1
        position = edge.end()
    return position, edges


def parse_statement(text: bytes, bounds: Bounds | None = None) -> Statement:
    """Cut `text`, the SQL with whatever data follows it. What is not SQL is left for the engine to
    refuse. Takes time in proportion to `text`, at most. Raises `TooMuchSqlError`."""
    bounds = bounds or Bounds()
    previous: _Token | None = None
    for token in _tokens(text, bounds):
        if previous is None and token.upper not in ("INSERT", "WITH"):
            break
        if token.upper == "INTO" and previous is not None and previous.upper == "INSERT":
            return _parse_insert(text, bounds)
        if token.upper == ";" or (token.depth == 0 and token.upper == "SELECT"):
            break
        previous = token
    return _parse_plain(text, bounds)


def _parse_plain(text: bytes, bounds: Bounds) -> Statement:
    tokens = list(_tokens(text, bounds))
    stop = next((n for n, token in enumerate(tokens) if token.upper == ";"), len(tokens))
    is_single = all(token.upper == ";" for token in tokens[stop:])
    tokens = tokens[:stop]
    words = _first_words(tokens)
    top = [token for token in tokens if token.depth == 0]
    is_read = bool(words) and words[0] in _READ_VERBS
    clause = _format_clause(top)
    return Statement(
        text=text,
        kind="read" if is_read else "other",
        words=words,
        end=tokens[-1].end if tokens else 0,
        format=None if clause is None else _word(text, top[clause + 1]),
        format_start=None if clause is None else top[clause].start,
        format_end=None if clause is None else top[clause + 1].end,
        names_file=_has_pair(top, ("INTO", "OUTFILE")),
        is_single=is_single,
    )


def _parse_insert(text: bytes, bounds: Bounds) -> Statement:
    tokens: list[_Token] = []
    words: tuple[str, ...] = ()
    into = selects = False
    input_call: InputCall | None = None
    data_start: int | None = None
    format_name: str | None = None
    format_start: int | None = None
    is_single = True
    for token in _tokens(text, bounds):
        previous = tokens[-1] if tokens else None
        if token.upper == ";" and token.depth == 0:
            is_single = False
            break
        tokens.append(token)
        into |= token.upper == "INTO" and previous is not None and previous.upper == "INSERT"
        selects |= into and token.upper == "SELECT"
        input_call = input_call or _input_call(text, tokens)
        if token.kind != "word" or token.depth or previous is None or not into:
            continue
        if token.upper == "VALUES" and not selects and previous.upper not in ("INTO", "TABLE", "."):
            format_name, format_start, data_start = "Values", token.start, token.end
            break
        announced = (
            previous.upper == "FORMAT" and previous.depth == 0 and (not selects or input_call)
        )
        if announced and len(tokens) > 2 and tokens[-3].upper not in ("INTO", "TABLE", "."):
            format_name, format_start = _word(text, token), previous.start
            blank = _BEFORE_DATA.match(text, token.end)
            data_start = blank.end() if blank else token.end
            break
    else:
        is_single = True
    words = _first_words(tokens)
    if not is_single:
        rest = [token for token in _tokens(text[tokens[-1].end :], bounds) if token.upper != ";"]
        is_single = not rest
    has_data = data_start is not None or not selects
    return Statement(
        text=text,
        kind="insert" if has_data else "other",
        words=words,
        end=tokens[-1].end,
        format=format_name,
        format_start=format_start,
        data_start=data_start,
        settings_start=_insert_settings(tokens),
        input_call=input_call,
        names_file=_has_pair([token for token in tokens if not token.depth], ("FROM", "INFILE")),
        is_single=is_single,
    )


def _format_clause(top: list[_Token]) -> int | None:
    """The index of the closing FORMAT clause among the tokens outside of parentheses."""
    for index in range(len(top) - 2, 0, -1):
        if top[index].upper != "FORMAT" or top[index + 1].kind not in ("word", "quoted"):
            continue
        if top[index - 1].upper in (".", ",", "AS"):
            continue
        if index + 2 == len(top) or top[index + 2].upper == "SETTINGS":
            return index
    return None


def _insert_settings(tokens: list[_Token]) -> int | None:
    """Where SETTINGS stands as a clause: a word outside of parentheses, followed by `name =`."""
    for index in range(len(tokens) - 2):
        word, after = tokens[index], tokens[index + 2]
        if word.upper == "SETTINGS" and not word.depth and after.upper == "=":
            return word.start
    return None


def _input_call(text: bytes, tokens: list[_Token]) -> InputCall | None:
    """The call of `input` that the last four tokens are, if they are one."""
    if len(tokens) < 4 or tokens[-1].upper != ")" or tokens[-4].upper != "INPUT":
        return None
    opening, literal = tokens[-3], tokens[-2]
    if opening.upper != "(" or literal.kind != "string":
        return None
    structure = unescape(text[literal.start + 1 : literal.end - 1])
    return InputCall(tokens[-4].start, tokens[-1].end, structure)


def unescape(text: bytes) -> bytes:
    """What stands between the quotes of a literal, or in a field of TabSeparated."""
    return _ESCAPE.sub(lambda match: _unescape(match.group(1)), text)


def _unescape(escaped: bytes | None) -> bytes:
    return b"'" if escaped is None else _ESCAPED.get(escaped, escaped)


def parse_kill(statement: Statement) -> tuple[bytes, str] | None:
    """The condition of a KILL QUERY, and how it ends statements: ASYNC, SYNC or TEST. None where it
    has no such form."""
    end = statement.end if statement.format_start is None else statement.format_start
    tokens = list(_tokens(statement.text[:end], Bounds()))
    if len(tokens) < 4 or tokens[2].upper != "WHERE":
        return None
    mode = tokens[-1].upper if tokens[-1].upper in ("SYNC", "ASYNC", "TEST") else ""
    last = tokens[-2] if mode else tokens[-1]
    return statement.text[tokens[2].end : last.end], mode or "ASYNC"


def _first_words(tokens: list[_Token]) -> tuple[str, ...]:
    return tuple(token.upper for token in tokens if token.upper != "(")[:3]


def _has_pair(tokens: list[_Token], pair: tuple[str, str]) -> bool:
    return any((left.upper, right.upper) == pair for left, right in pairwise(tokens))


def says(text: bytes, left: str, right: str) -> bool:
    """Whether two words or marks, in capitals, stand side by side in a text of the engine's own."""
    return _has_pair(list(_tokens(text, Bounds())), (left, right))


def brings_data(text: bytes) -> bool:
    """Whether a text of the engine's own is an INSERT, or explains one, behind which data may
    stand."""
    top = [token for token in _tokens(text, Bounds()) if not token.depth]
    return (
        _has_pair(top, ("INSERT", "INTO"))
        and any(token.upper == "FORMAT" for token in top)
        and not _has_pair(top, ("FROM", "INFILE"))
    )


def settings_named(text: bytes) -> frozenset[str]:
    """The names, in small letters, that a text of the engine's own gives values to: behind each SET
    and SETTINGS."""
    tokens = list(_tokens(text, Bounds()))
    names = set()
    for index, clause in enumerate(tokens):
        position = index + 1
        while clause.upper in ("SET", "SETTINGS") and position + 1 < len(tokens):
            name = tokens[position]
            if name.kind not in ("word", "quoted") or tokens[position + 1].upper != "=":
                break
            names.add(_name_at(text, name))
            while position < len(tokens) and tokens[position].depth >= clause.depth:
                position += 1
                if tokens[position - 1].upper == "," and tokens[position - 1].depth == clause.depth:
                    break
    return frozenset(names)


def _name_at(text: bytes, token: _Token) -> str:
    """A name of a text of the engine's own, in small letters and without its quotes."""
    return text[token.start : token.end].decode("latin-1").strip('`"').lower()


def called_functions(text: bytes, *, before_blanks: bool = True) -> frozenset[str]:
    """The names, in small letters, that stand before a bracket in a text of the engine's own. It
    has a blank between the two where a table is filled or made (`INSERT INTO url (a)`), and none
    in a call; `before_blanks`: those, too."""
    return frozenset(
        _name_at(text, left)
        for left, right in pairwise(_tokens(text, Bounds()))
        if right.upper == "("
        and left.kind in ("word", "quoted")
        and (before_blanks or left.end == right.start)
    )


def engines(text: bytes) -> frozenset[str]:
    """The names, in small letters, behind each ENGINE of a text of the engine's own."""
    tokens = list(_tokens(text, Bounds()))
    return frozenset(
        _name_at(text, name)
        for word, mark, name in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if text[word.start : word.end] == b"ENGINE"  # a column of that name is as somebody wrote it
        and mark.upper == "="
        and name.kind in ("word", "quoted")
    )


def is_bare_table(text: bytes) -> bool:
    """Whether a text of the engine's own makes a temporary table of columns, and nothing else."""
    tokens = list(_tokens(text, Bounds()))
    opened = [token for token in tokens if token.upper == "(" and not token.depth]
    is_table = tuple(token.upper for token in tokens[:3]) == ("CREATE", "TEMPORARY", "TABLE")
    return is_table and len(opened) == 1 and tokens[-1].upper == ")"


def _word(text: bytes, token: _Token) -> str:
    return text[token.start : token.end].decode("utf-8", "replace")


def quote(value: str) -> str:
    """`value` as an SQL string literal, whatever it holds."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"


def parameter_value(text: bytes) -> str:
    """`text`, whatever it holds, as the value of a query parameter of type String."""
    value = text.decode("utf-8", "surrogateescape").translate(_ESCAPES)
    return _NOT_UTF8.sub(lambda match: f"\\x{ord(match.group()) & 0xFF:02x}", value)


def quote_name(name: str) -> str:
    """`name` as an SQL identifier, whatever it holds."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
