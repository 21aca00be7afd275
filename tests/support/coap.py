"""CoAP messages (RFC 7252 section 3) from their parts, for tests that speak it and for seeds."""

CON, NON, ACK, RST = range(4)
GET, POST, PUT, DELETE = 1, 2, 3, 4
CREATED, DELETED, CHANGED, CONTENT, CONTINUE = 0x41, 0x42, 0x44, 0x45, 0x5F
ETAG, OBSERVE, LOCATION, PATH, FORMAT, QUERY = 4, 6, 8, 11, 12, 15
ACCEPT, BLOCK2, BLOCK1, SIZE1 = 17, 23, 27, 60


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def path(text, option=PATH):
    return [(option, part) for part in text.split("/") if part]


def _extended(value):
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    return 14, (value - 269).to_bytes(2, "big")


def tail(*options, payload=b"", last=0):
    """Options, pairs of a number and a value, which may be a text or a number, and the payload.
    `last` is the option before."""
    out = b""
    for option, value in sorted(options, key=lambda pair: pair[0]):
        value = value.encode() if isinstance(value, str) else value
        value = number(value) if isinstance(value, int) else value
        delta, more = _extended(option - last)
        length, longer = _extended(len(value))
        out += bytes([delta << 4 | length]) + more + longer + value
        last = option
    return out + (b"\xff" + payload if payload else b"")


def message(kind, code, message_id, *options, token=b"Tk", payload=b""):
    head = bytes([0x40 | kind << 4 | len(token), code]) + message_id.to_bytes(2, "big")
    return head + token + tail(*options, payload=payload)
