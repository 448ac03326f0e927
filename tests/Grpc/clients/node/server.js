// The echo service of echo.proto; prints the port it listens on and serves until its input closes.
'use strict';

const grpc = require('@grpc/grpc-js');
const { Act, Echo } = require('./wire');

const { once } = require('node:events');
const cancelled = new Set();
const progress = new Map();
const note = text => progress.set(text, (progress.get(text) || 0) + 1);

// Calls done(error) when the call may go on.
function act(call, ping, done) {
  if (ping.act === Act.HANG) {
    call.on('cancelled', () => cancelled.add(ping.text));
    if (call.pause) call.pause();
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
    let number = 0;
    if (call.request.act === Act.WAS_CANCELLED) number = cancelled.has(call.request.text) ? 1 : 0;
    if (call.request.act === Act.PROGRESS) number = progress.get(call.request.text) || 0;
    act(call, call.request, (error, trailers) => answer(error, pong(call.request, number), trailers));
  },
  async ServerStream(call) {
    for (let i = 0; i < call.request.count; i++) {
      if (!call.write(pong(call.request, i))) await once(call, 'drain');
      note(call.request.text);
    }
    act(call, call.request, (error, trailers) => (error ? call.emit('error', error) : call.end(trailers)));
  },
  ClientStream(call, answer) {
    const seen = { text: '', number: 0 };
    call.on('data', ping => {
      seen.text += ping.text;
      seen.number++;
      note(seen.text);
      act(call, ping, error => error && answer(error));
    });
    call.on('end', () => answer(null, seen));
  },
  Duplex(call) {
    let count = 0;
    let first;
    const held = [];
    call.on('data', ping => {
      first ??= ping.text;
      note(first);
      act(call, ping, error => {
        if (error) call.emit('error', error);
        else if (ping.act === Act.AT_END) held.push(pong(ping, count++));
        else call.write(pong(ping, count++));
      });
    });
    call.on('end', () => {
      held.forEach(message => call.write(message));
      call.end();
    });
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
process.stdin.resume().on('end', () => process.exit(0));
