// The messages of echo.proto, packed by hand, so that no code generator is needed.
'use strict';

const Act = { UNSPECIFIED: 0, HANG: 1, THROW: 2, METADATA: 3, WAS_CANCELLED: 4, SERVE: 5, AT_END: 6, GZIP: 7, PROGRESS: 8 };

function varint(value) {
  const out = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) out.push((value % 128) | 0x80);
  return Buffer.from([...out, value]);
}

function pack(fields) {
  const parts = [];
  for (const [number, value] of Object.entries(fields)) {
    if (typeof value === 'number') {
      if (value) parts.push(varint(number * 8), varint(value));
    } else if (value && value.length) {
      const bytes = Buffer.from(value);
      parts.push(varint(number * 8 + 2), varint(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function unpack(data) {
  const fields = {};
  let at = 0;
  const next = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const octet = data[at++];
      value += (octet & 0x7f) * scale;
      if (octet < 0x80) return value;
    }
  };
  while (at < data.length) {
    const tag = next();
    const value = next();
    if (tag % 8 === 2) {
      fields[tag >> 3] = data.subarray(at, at + value);
      at += value;
    } else {
      fields[tag >> 3] = value;
    }
  }
  return fields;
}

const text = bytes => (bytes ? bytes.toString('utf8') : '');
const empty = Buffer.alloc(0);
const bytes = value => value;

const ping = m => pack({ 1: m.text, 2: m.payload, 3: m.count, 4: m.status, 5: m.act });
const readPing = data => {
  const f = unpack(data);
  return { text: text(f[1]), payload: f[2] || empty, count: f[3] || 0, status: f[4] || 0, act: f[5] || 0 };
};
const pong = m => pack({ 1: m.text, 2: m.payload, 3: m.number });
const readPong = data => {
  const f = unpack(data);
  return { text: text(f[1]), payload: f[2] || empty, number: f[3] || 0 };
};

function method(service, name, requestStream, responseStream, writeRequest, readRequest, writeResponse, readResponse) {
  return {
    path: `/${service}/${name}`, requestStream, responseStream,
    requestSerialize: writeRequest, requestDeserialize: readRequest,
    responseSerialize: writeResponse, responseDeserialize: readResponse,
  };
}

const echoMethod = (name, requestStream, responseStream) =>
  method('cro.test.v1.Echo', name, requestStream, responseStream, ping, readPing, pong, readPong);
const healthMethod = (name, responseStream) => method(
  'grpc.health.v1.Health', name, false, responseStream, service => pack({ 1: service }), bytes, bytes, data => unpack(data)[1] || 0);

module.exports = {
  Act,
  Echo: {
    Unary: echoMethod('Unary', false, false),
    ServerStream: echoMethod('ServerStream', false, true),
    ClientStream: echoMethod('ClientStream', true, false),
    Duplex: echoMethod('Duplex', true, true),
  },
  // Methods that no server has.
  Nothing: {
    method: echoMethod('Nothing', false, false),
    service: method('no.such.Service', 'Nothing', false, false, ping, readPing, pong, readPong),
  },
  Health: { Check: healthMethod('Check', false), Watch: healthMethod('Watch', true) },
};
