"""The messages of echo.proto, packed by hand, so that no code generator is needed."""

UNSPECIFIED, HANG, THROW, METADATA, WAS_CANCELLED, SERVE, AT_END, GZIP, PROGRESS = range(9)
SERVICE = "/cro.test.v1.Echo/"


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _pack(fields):
    out = b""
    for number, value in fields.items():
        if isinstance(value, str):
            value = value.encode()
        if isinstance(value, bytes):
            out += _varint(number << 3 | 2) + _varint(len(value)) + value if value else b""
        elif value:
            out += _varint(number << 3) + _varint(value)
    return out


def _unpack(data):
    fields, i = {}, 0

    def varint():
        nonlocal i
        value = shift = 0
        while True:
            octet = data[i]
            i += 1
            value |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                return value

    while i < len(data):
        tag = varint()
        value = varint()
        if tag & 7 == 2:
            length, start = value, i
            i += length
            value = data[start:i]
        fields[tag >> 3] = value
    return fields


def ping(text="", payload=b"", count=0, status=0, act=UNSPECIFIED):
    return _pack({1: text, 2: payload, 3: count, 4: status, 5: act})


def read_ping(data):
    f = _unpack(data)
    return {"text": f.get(1, b"").decode(), "payload": f.get(2, b""), "count": f.get(3, 0), "status": f.get(4, 0), "act": f.get(5, 0)}


def pong(text="", payload=b"", number=0):
    return _pack({1: text, 2: payload, 3: number})


def read_pong(data):
    f = _unpack(data)
    return {"text": f.get(1, b"").decode(), "payload": f.get(2, b""), "number": f.get(3, 0)}


def health_request(service):
    return _pack({1: service})


def read_health(data):
    return _unpack(data).get(1, 0)
