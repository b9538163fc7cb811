"""What schemathesis needs to come further than the door: how bytes are sent, and names of things that exist.

`run.mjs` writes what exists into the file that KOUMEN_API_WORLD names. About half of what is generated is replaced by
it, drawn from the seed of the run, so that it can be repeated.
"""
import json
import os
import random

import schemathesis

with open(os.environ["KOUMEN_API_WORLD"], encoding="utf-8") as file:
    WORLD = json.load(file)

DICE = random.Random(os.environ["KOUMEN_API_DICE"])
BINARY = ("application/offset+octet-stream", "image/jpeg", "application/vnd.koumen.v1")
#: Where the description has a place for something that may exist: part of the address, or a header.
IN_THE_ADDRESS = {"hash": "hashes", "id": "uploads", "area": "areas", "place": "places"}
IN_HEADERS = {
    "Tus-Resumable": "versions",
    "Upload-Offset": "offsets",
    "Upload-Length": "lengths",
    "Upload-Metadata": "metadata",
    "X-HTTP-Method-Override": "methods",
}


@schemathesis.serializer(*BINARY)
def as_bytes(ctx, value):
    """Bytes: most of the time those of a true request or photo, of these some cut and some with a changed byte."""
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    true_ones = WORLD["requests"] if ctx.case.operation.path == "/v1/sync" else WORLD["bodies"]
    if DICE.random() < 0.3:
        return raw
    true_one = bytes.fromhex(DICE.choice(true_ones))
    place = DICE.randrange(len(true_one))
    changed = true_one[:place] + bytes([true_one[place] ^ 1]) + true_one[place + 1 :]
    return DICE.choice([true_one, true_one, true_one, true_one[:place], changed])


@schemathesis.deserializer(*BINARY)
def read_bytes(ctx, response):
    """Answers of bytes are text of some kind to the description."""
    return response.content.decode("latin-1")


def existing(name, method):
    """What exists of this kind. An upload is begun, ended or taken away once: each method has uploads of its own."""
    if name != "uploads":
        return WORLD[name]
    return {"delete": WORLD[name][:1], "post": WORLD[name][-3:]}.get(method, WORLD[name][1:-3])


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Names things that exist."""
    for places, names in ((case.path_parameters, IN_THE_ADDRESS), (case.headers, IN_HEADERS)):
        for place, name in names.items():
            if places and place in places and DICE.random() < 0.8:
                places[place] = DICE.choice(existing(name, case.operation.method.lower()))
