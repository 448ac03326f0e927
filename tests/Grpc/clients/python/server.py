"""The echo service of echo.proto; prints the port it listens on and serves until its input closes."""

import sys
import threading
from collections import Counter
from concurrent import futures

import grpc
import wire

cancelled = set()
progress = Counter()


def act(ping, context):
    if ping["act"] == wire.HANG:
        gone = threading.Event()
        if context.add_callback(gone.set):  # False: the call is over already
            gone.wait(60)
    elif ping["act"] == wire.THROW:
        raise ValueError("secret detail")
    elif ping["act"] == wire.METADATA:
        sent = [(k, v) for k, v in context.invocation_metadata() if k.startswith("test-")]
        context.send_initial_metadata(sent)
        context.set_trailing_metadata([("trailer-" + k, v) for k, v in sent])
    if ping["status"]:
        context.set_trailing_metadata([("test-cause", "asked for")])
        code = next(c for c in grpc.StatusCode if c.value[0] == ping["status"])
        context.abort(code, ping["text"])


def note_end(ping, context):
    """Before anything is sent: grpcio does not resume the generator of a call that was cancelled after a message."""
    if ping["act"] == wire.HANG:
        context.add_callback(lambda: cancelled.add(ping["text"]))


def unary(request, context):
    ping = wire.read_ping(request)
    note_end(ping, context)
    act(ping, context)
    number = 0
    if ping["act"] == wire.WAS_CANCELLED:
        number = int(ping["text"] in cancelled)
    elif ping["act"] == wire.PROGRESS:
        number = progress[ping["text"]]
    return wire.pong(ping["text"], ping["payload"], number)


def server_stream(request, context):
    ping = wire.read_ping(request)
    note_end(ping, context)
    context.set_compression(grpc.Compression.Gzip)
    for i in range(ping["count"]):
        yield wire.pong(ping["text"], ping["payload"], i)
        progress[ping["text"]] += 1
    act(ping, context)


def client_stream(requests, context):
    text, count = "", 0
    for request in requests:
        ping = wire.read_ping(request)
        text, count = text + ping["text"], count + 1
        progress[text] += 1
        note_end(ping, context)
        act(ping, context)
    return wire.pong(text, number=count)


def duplex(requests, context):
    first, held = None, []
    for i, request in enumerate(requests):
        ping = wire.read_ping(request)
        first = ping["text"] if first is None else first
        progress[first] += 1
        note_end(ping, context)
        act(ping, context)
        pong = wire.pong(ping["text"], ping["payload"], i)
        if ping["act"] == wire.AT_END:
            held.append(pong)
        else:
            yield pong
    yield from held


server = grpc.server(futures.ThreadPoolExecutor(32))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("cro.test.v1.Echo", {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "ServerStream": grpc.unary_stream_rpc_method_handler(server_stream),
    "ClientStream": grpc.stream_unary_rpc_method_handler(client_stream),
    "Duplex": grpc.stream_stream_rpc_method_handler(duplex),
})])
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.read()
server.stop(0)
