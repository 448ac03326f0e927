// Plays every scenario against the server at the given port and prints what came back, as JSON.
'use strict';

const grpc = require('@grpc/grpc-js');
const { Act, Echo, Nothing, Health } = require('./wire');

const options = { 'grpc.enable_http_proxy': 0, 'grpc.max_receive_message_length': 8 << 20, 'grpc.max_send_message_length': 8 << 20 };
const client = (methods, more = {}) => {
  const Client = grpc.makeGenericClientConstructor(methods, 'test');
  return new Client(`127.0.0.1:${process.argv[2]}`, grpc.credentials.createInsecure(), { ...options, ...more });
};
const echo = client(Echo);
const nothing = client(Nothing);
const healthClient = client(Health);
const gzipClient = client(Echo, { 'grpc.default_compression_algorithm': 2 });

const soon = (ms = 20000) => ({ deadline: Date.now() + ms });
const codeName = code => Object.keys(grpc.status).find(name => grpc.status[name] === code);

const pairs = metadata => Object.fromEntries(Object.entries(metadata.toHttp2Headers())
  .filter(([key]) => key.includes('test-'))
  .map(([key]) => [key, metadata.get(key)[0]])
  .map(([key, value]) => [key, Buffer.isBuffer(value) ? value.toString('hex') : value]));

const unary = (request, metadata = new grpc.Metadata(), callOptions = soon(), from = echo) =>
  new Promise((resolve, reject) => from.Unary(request, metadata, callOptions, (error, reply) => (error ? reject(error) : resolve(reply))));

const failure = promise => promise.then(
  () => ({ code: 'OK' }),
  e => ({ code: codeName(e.code), details: e.details, trailers: pairs(e.metadata) }));

// The messages of a stream up to its end, or to the error that ends it.
const drain = stream => new Promise(resolve => {
  const messages = [];
  stream.on('data', message => messages.push(message));
  stream.on('end', () => resolve({ messages }));
  stream.on('error', error => resolve({ messages, error }));
});

const pause = () => new Promise(resolve => setTimeout(resolve, 10));
const progress = async text => (await unary({ text, act: Act.PROGRESS })).number;
const until = async condition => { while (!(await condition())) await pause(); };

// The number, above zero, at which a count comes to rest: thirty looks in a row see the same.
async function restsAt(count) {
  let [last, same] = [0, 0];
  while (same < 30) {
    const now = await count();
    same = now === last && now ? same + 1 : 0;
    last = now;
    await pause();
  }
  return last;
}

const scenarios = {
  'unary': async () => (await unary({ text: 'hällo 🐈' })).text,
  'server stream': async () => (await drain(echo.ServerStream({ count: 100 }, soon()))).messages.map(m => m.number),
  'client stream': () => new Promise((resolve, reject) => {
    const call = echo.ClientStream(soon(), (error, reply) => (error ? reject(error) : resolve([reply.text, reply.number])));
    for (const text of ['a', 'b', 'c']) call.write({ text });
    call.end();
  }),
  'duplex': async () => {
    const call = echo.Duplex(soon());
    for (const text of ['a', 'b']) call.write({ text });
    call.end();
    return (await drain(call)).messages.map(m => m.text);
  },
  'status': () => failure(unary({ text: 'кот 🐈 100%\n', status: 5 })),
  'stream then status': async () => {
    const { messages, error } = await drain(echo.ServerStream({ text: 'late', count: 2, status: 9 }, soon()));
    return { numbers: messages.map(m => m.number), code: codeName(error.code), details: error.details };
  },
  'thrown': () => failure(unary({ act: Act.THROW })),
  'metadata': () => new Promise((resolve, reject) => {
    const sent = new grpc.Metadata();
    sent.set('test-text', 'plain, text');
    sent.set('test-bytes-bin', Buffer.from([0, 255, 44, 10]));
    const seen = {};
    const call = echo.Unary({ act: Act.METADATA }, sent, soon(), error => error && reject(error));
    call.on('metadata', headers => { seen.headers = pairs(headers); });
    call.on('status', status => { seen.trailers = pairs(status.metadata); resolve(seen); });
  }),
  'deadline': async () => (await failure(unary({ text: 'deadline-node', act: Act.HANG }, undefined, soon(300)))).code,
  'cancelled': () => new Promise(resolve => {
    const call = echo.ServerStream({ text: 'cancel-node', count: 1, act: Act.HANG }, soon());
    call.on('data', () => call.cancel());
    call.on('error', error => resolve(codeName(error.code)));
  }),
  'oversize': async () => (await failure(unary({ payload: Buffer.alloc(5 << 20) }))).code,
  'unknown method': async () => (await failure(new Promise((_, reject) => nothing.method({}, soon(), reject)))).code,
  'unknown service': async () => (await failure(new Promise((_, reject) => nothing.service({}, soon(), reject)))).code,
  'concurrent': async () => {
    const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => unary({ text: `${i}` }, undefined, soon(60000))));
    return replies.filter((reply, i) => reply.text === `${i}`).length;
  },
  'large': async () => {
    const payload = Buffer.from(Array.from({ length: 3 << 20 }, (_, i) => (i * 31) % 251));
    return (await unary({ payload })).payload.equals(payload);
  },
  'gzip': async () => {
    const text = 'again and '.repeat(1000);
    return (await unary({ text }, undefined, soon(), gzipClient)).text === text;
  },
  'gzip answer': async () => {
    const text = 'again and '.repeat(1000);
    return (await unary({ text, act: Act.GZIP })).text === text;
  },
  // What a duplex call brings after the end of its requests.
  'half close': async () => {
    const call = echo.Duplex(soon());
    for (const text of ['held', 'too']) call.write({ text, act: Act.AT_END });
    await until(async () => (await progress('held')) === 2);
    call.end();
    return (await drain(call)).messages.map(m => m.text);
  },
  'duplex given up': async () => {
    const call = echo.Duplex(soon());
    call.write({ text: 'duplex-node', act: Act.HANG });
    await until(async () => (await progress('duplex-node')) === 1);
    call.cancel();
    return codeName((await drain(call)).error.code);
  },
  'client stream late': async () => (await failure(new Promise((_, reject) =>
    echo.ClientStream(soon(1000), reject).write({ text: 'upload-node', act: Act.HANG })))).code,
  // Whether the server's writing rests while nobody reads, and how many messages come in the end.
  'slow reader': async () => {
    const call = echo.ServerStream({ text: 'slow-node', payload: Buffer.alloc(64000), count: 1000 }, soon(60000));
    await new Promise(resolve => call.once('data', () => { call.pause(); resolve(); }));
    const rested = await restsAt(() => progress('slow-node'));
    const rest = drain(call);
    call.resume();
    const { messages, error } = await rest;
    return { waited: rested < 500, messages: 1 + messages.length, error: error && `${error}` };
  },
  // Whether writing rests while the server does not read.
  'no reader': async () => {
    const call = echo.ClientStream(soon(60000), () => {});
    call.write({ text: 'unread-node', act: Act.HANG });
    let sent = 0;
    (async () => {
      for (; sent < 1000; sent++) await new Promise(resolve => call.write({ payload: Buffer.alloc(64000) }, resolve));
    })();
    const rested = await restsAt(async () => sent);
    call.cancel();
    return rested < 500;
  },
  'health': async () => {
    const check = service => new Promise((resolve, reject) =>
      healthClient.Check(service, soon(), (error, status) => (error ? reject(error) : resolve(status))));
    const watched = await new Promise((resolve, reject) => {
      const seen = [];
      const watch = healthClient.Watch('later-node', soon());
      watch.on('data', status => {
        seen.push(status);
        if (seen.length === 1) unary({ text: 'later-node', act: Act.SERVE }).catch(reject);
        if (seen.length === 2) watch.cancel();
      });
      watch.on('error', () => resolve(seen));
    });
    return { process: await check(''), unknown: (await failure(check('nobody'))).code, watched };
  },
  'after all': async () => (await unary({ text: 'hällo 🐈' })).text,
};

(async () => {
  const results = {};
  for (const [name, play] of Object.entries(scenarios)) {
    // One broken scenario must not hide the others.
    results[name] = await play().catch(error => ({ error: `${error}` }));
  }
  console.log(JSON.stringify(results));
  process.exit(0);
})();
