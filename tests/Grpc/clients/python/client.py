"""Plays every scenario against the server at the given port and prints what came back, as JSON."""

import json
import queue
import sys
import time

import grpc
import wire

OPTIONS = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", 8 << 20),
    ("grpc.max_send_message_length", 8 << 20),
]
channel = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", OPTIONS)
unary = channel.unary_unary(wire.SERVICE + "Unary")
server_stream = channel.unary_stream(wire.SERVICE + "ServerStream")
client_stream = channel.stream_unary(wire.SERVICE + "ClientStream")
duplex = channel.stream_stream(wire.SERVICE + "Duplex")


def pairs(metadata):
    return {k: v.hex() if isinstance(v, bytes) else v for k, v in metadata if "test-" in k}


def failure(call, *args, **kwargs):
    try:
        answer = call(*args, timeout=kwargs.pop("timeout", 20), **kwargs)
        if not isinstance(answer, bytes):
            list(answer)
        return {"code": "OK"}
    except grpc.RpcError as e:
        return {"code": e.code().name, "details": e.details(), "trailers": pairs(e.trailing_metadata() or ())}


def unary_echo():
    return wire.read_pong(unary(wire.ping("hällo 🐈"), timeout=20))["text"]


def stream_numbers():
    return [wire.read_pong(m)["number"] for m in server_stream(wire.ping(count=100), timeout=20)]


def client_streamed():
    pong = wire.read_pong(client_stream(iter([wire.ping("a"), wire.ping("b"), wire.ping("c")]), timeout=20))
    return [pong["text"], pong["number"]]


def duplexed():
    return [wire.read_pong(m)["text"] for m in duplex(iter([wire.ping("a"), wire.ping("b")]), timeout=20)]


def stream_then_status():
    call = server_stream(wire.ping("late", count=2, status=9), timeout=20)
    numbers = []
    try:
        for message in call:
            numbers.append(wire.read_pong(message)["number"])
    except grpc.RpcError as e:
        return {"numbers": numbers, "code": e.code().name, "details": e.details()}


def metadata():
    sent = [("test-text", "plain, text"), ("test-bytes-bin", bytes([0, 255, 44, 10]))]
    _, call = unary.with_call(wire.ping(act=wire.METADATA), metadata=sent, timeout=20)
    return {"headers": pairs(call.initial_metadata()), "trailers": pairs(call.trailing_metadata())}


def cancelled():
    call = server_stream(wire.ping("cancel-python", count=1, act=wire.HANG), timeout=20)
    next(call)
    call.cancel()
    try:
        next(call)
    except grpc.RpcError as e:
        return e.code().name


def progress(text):
    return wire.read_pong(unary(wire.ping(text, act=wire.PROGRESS), timeout=20))["number"]


def rests_at(count):
    """The number, above zero, at which a count comes to rest: thirty looks in a row see the same."""
    last = same = 0
    while same < 30:
        now = count()
        same = same + 1 if now == last and now else 0
        last = now
        time.sleep(0.01)
    return last


def half_close():
    """What a duplex call brings after the end of its requests."""
    requests = queue.Queue()
    call = duplex(iter(requests.get, None), timeout=20)
    for text in ["held", "too"]:
        requests.put(wire.ping(text, act=wire.AT_END))
    while progress("held") < 2:
        time.sleep(0.01)
    requests.put(None)
    return [wire.read_pong(m)["text"] for m in call]


def duplex_given_up():
    requests = queue.Queue()
    call = duplex(iter(requests.get, None), timeout=20)
    requests.put(wire.ping("duplex-python", act=wire.HANG))
    while progress("duplex-python") < 1:
        time.sleep(0.01)
    call.cancel()
    requests.put(None)
    try:
        next(call)
    except grpc.RpcError as e:
        return e.code().name


def client_stream_late():
    requests = queue.Queue()
    requests.put(wire.ping("upload-python", act=wire.HANG))
    result = failure(client_stream, iter(requests.get, None), timeout=1)["code"]
    requests.put(None)
    return result


def slow_reader():
    """Where the server's writing rests while nobody reads, and how many messages come in the end."""
    call = server_stream(wire.ping("slow-python", payload=bytes(64000), count=1000), timeout=60)
    next(call)
    rested = rests_at(lambda: progress("slow-python"))
    return {"waited": rested < 500, "messages": 1 + sum(1 for _ in call)}


def no_reader():
    """Whether writing rests while the server does not read."""
    sent = 0

    def requests():
        nonlocal sent
        yield wire.ping("unread-python", act=wire.HANG)
        for sent in range(1, 1000):
            yield wire.ping(payload=bytes(64000))

    call = client_stream.future(requests(), timeout=60)
    rested = rests_at(lambda: sent)
    call.cancel()
    return rested < 500


def gzip_answer():
    text = "again and " * 1000
    return wire.read_pong(unary(wire.ping(text, act=wire.GZIP), timeout=20))["text"] == text


def concurrent():
    calls = [unary.future(wire.ping(str(i)), timeout=60) for i in range(1000)]
    return sum(wire.read_pong(c.result())["text"] == str(i) for i, c in enumerate(calls))


def large():
    payload = bytes(i * 31 % 251 for i in range(3 << 20))
    return wire.read_pong(unary(wire.ping(payload=payload), timeout=60))["payload"] == payload


def gzip():
    text = "again and " * 1000
    return wire.read_pong(unary(wire.ping(text), timeout=20, compression=grpc.Compression.Gzip))["text"] == text


def health():
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(wire.health_request("later-python"), timeout=20)
    seen = [wire.read_health(next(watch))]
    unary(wire.ping("later-python", act=wire.SERVE), timeout=20)
    seen.append(wire.read_health(next(watch)))
    watch.cancel()
    return {
        "process": wire.read_health(check(wire.health_request(""), timeout=20)),
        "unknown": failure(check, wire.health_request("nobody"))["code"],
        "watched": seen,
    }


SCENARIOS = {
    "unary": unary_echo,
    "server stream": stream_numbers,
    "client stream": client_streamed,
    "duplex": duplexed,
    "status": lambda: failure(unary, wire.ping("кот 🐈 100%\n", status=5)),
    "stream then status": stream_then_status,
    "thrown": lambda: failure(unary, wire.ping(act=wire.THROW)),
    "metadata": metadata,
    "deadline": lambda: failure(unary, wire.ping("deadline-python", act=wire.HANG), timeout=0.3)["code"],
    "cancelled": cancelled,
    "oversize": lambda: failure(unary, wire.ping(payload=bytes(5 << 20)))["code"],
    "unknown method": lambda: failure(channel.unary_unary(wire.SERVICE + "Nothing"), b"")["code"],
    "unknown service": lambda: failure(channel.unary_unary("/no.such.Service/Nothing"), b"")["code"],
    "concurrent": concurrent,
    "large": large,
    "gzip": gzip,
    "gzip answer": gzip_answer,
    "half close": half_close,
    "duplex given up": duplex_given_up,
    "client stream late": client_stream_late,
    "slow reader": slow_reader,
    "no reader": no_reader,
    "health": health,
    "after all": unary_echo,
}

results = {}
for name, play in SCENARIOS.items():
    try:
        results[name] = play()
    except Exception as e:  # one broken scenario must not hide the others
        results[name] = {"error": repr(e)}
print(json.dumps(results))
