// The echo service of echo.proto; prints the port it listens on and serves until its input closes.
'use strict';

const grpc = require('@grpc/grpc-js');
const { Act, Echo } = require('./wire');

const cancelled = new Set();

// Calls done(error) when the call may go on.
function act(call, ping, done) {
  if (ping.act === Act.HANG) {
    call.on('cancelled', () => cancelled.add(ping.text));
    return;
  }
  if (ping.act === Act.THROW) return done({ code: grpc.status.UNKNOWN, details: 'The method failed.' });
  let trailers;
  if (ping.act === Act.METADATA) {
    const headers = new grpc.Metadata();
    trailers = new grpc.Metadata();
    for (const key of Object.keys(call.metadata.toHttp2Headers()).filter(k => k.startsWith('test-'))) {
      for (const value of call.metadata.get(key)) {
        headers.add(key, value);
        trailers.add(`trailer-${key}`, value);
      }
    }
    call.sendMetadata(headers);
  }
  if (ping.status) {
    const metadata = new grpc.Metadata();
    metadata.set('test-cause', 'asked for');
    return done({ code: ping.status, details: ping.text, metadata });
  }
  done(null, trailers);
}

const pong = (ping, number = 0) => ({ text: ping.text, payload: ping.payload, number });

const server = new grpc.Server();
server.addService(Echo, {
  Unary(call, answer) {
    const seen = call.request.act === Act.WAS_CANCELLED && cancelled.has(call.request.text);
    act(call, call.request, (error, trailers) => answer(error, pong(call.request, seen ? 1 : 0), trailers));
  },
  ServerStream(call) {
    for (let i = 0; i < call.request.count; i++) call.write(pong(call.request, i));
    act(call, call.request, (error, trailers) => (error ? call.emit('error', error) : call.end(trailers)));
  },
  ClientStream(call, answer) {
    const seen = { text: '', number: 0 };
    call.on('data', ping => act(call, ping, error => {
      if (error) answer(error);
      seen.text += ping.text;
      seen.number++;
    }));
    call.on('end', () => answer(null, seen));
  },
  Duplex(call) {
    let count = 0;
    call.on('data', ping => act(call, ping, error => (error ? call.emit('error', error) : call.write(pong(ping, count++)))));
    call.on('end', () => call.end());
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
process.stdin.resume().on('end', () => process.exit(0));
