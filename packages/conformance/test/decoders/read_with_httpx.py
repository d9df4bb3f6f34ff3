"""Reads event streams with httpx and Python's own splitlines, as the decoders of PyPI do, and prints what they give."""

import json
import sys

import httpx


class Fields:
    """What httpx-sse, and the SDKs generated after it, make of lines."""

    def __init__(self):
        self.event, self.data, self.last_id, self.retry = "", [], "", None

    def line(self, line):
        if line == "":
            if not (self.event or self.data or self.last_id or self.retry is not None):
                return []
            message = [self.event, "\n".join(self.data), self.last_id]
            self.event, self.data, self.retry = "", [], None
            return [message]
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if name == "event":
            self.event = value
        elif name == "data":
            self.data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        elif name == "retry":
            try:
                self.retry = int(value)
            except ValueError:
                pass
        return []


class DataLines:
    def line(self, line):
        return [["", line[6:], ""]] if line.startswith("data: ") else []


def whole_lines(pieces, empty):
    """Lines of a text, or of bytes, that comes in pieces: what its own splitlines makes of all that has come."""
    held = empty
    cr = empty[:0] + ("\r" if isinstance(empty, str) else b"\r")
    for piece in pieces:
        held += piece
        # Whether a line feed follows is not known yet.
        ready, held = (held[:-1], cr) if held.endswith(cr) else (held, empty)
        lines = ready.splitlines(keepends=True)
        if lines and lines[-1].splitlines()[0] == lines[-1]:
            held = lines.pop() + held
        for line in lines:
            yield line.splitlines()[0]
    for line in held.splitlines():
        yield line


def requests_lines(pieces):
    """The lines of Response.iter_lines of requests."""
    pending = None
    for chunk in pieces:
        if pending is not None:
            chunk = pending + chunk
        lines = chunk.splitlines()
        pending = lines.pop() if lines and lines[-1] and chunk and lines[-1][-1] == chunk[-1] else None
        yield from lines
    if pending is not None:
        yield pending


def standard_lines(texts):
    for line in whole_lines((text.encode("utf-8", "surrogatepass") for text in texts), b""):
        yield line.decode("utf-8", "surrogatepass")


DECODERS = {
    "openai-python": lambda r: (Fields(), (line.decode("utf-8") for line in whole_lines(r.iter_bytes(), b""))),
    "httpx-sse": lambda r: (Fields(), standard_lines(r.iter_text())),
    "httpx iter_lines": lambda r: (Fields(), whole_lines(r.iter_text(), "")),
    "requests iter_lines": lambda r: (
        DataLines(),
        (line.decode("utf-8", "replace") for line in requests_lines(r.iter_bytes(512))),
    ),
    "requests iter_lines of text": lambda r: (DataLines(), requests_lines(r.iter_text())),
}


def read(client, url, decoder):
    messages = []
    with client.stream("GET", url) as response:
        reader, lines = DECODERS[decoder](response)
        try:
            for line in lines:
                messages += reader.line(line)
        except UnicodeDecodeError:
            messages.append("UnicodeDecodeError")
    return messages


with httpx.Client() as client:
    for line in sys.stdin:
        print(json.dumps({decoder: read(client, line.strip(), decoder) for decoder in DECODERS}), flush=True)
