// Learns the server at the given port by reflection alone, under the given package ("v1" or "v1alpha"), and calls it with what it learned.
'use strict';

const grpc = require('@grpc/grpc-js');
const reflection = require('grpc-reflection-js');
const { ServerReflectionService } = require('grpc-reflection-js/build/src/reflection_grpc_pb');

const [, , port, version] = process.argv;
const address = `127.0.0.1:${port}`;
const credentials = grpc.credentials.createInsecure();

const client = new reflection.Client(address, credentials, { 'grpc.enable_http_proxy': 0 });
if (version === 'v1') {
  // The library knows the older name only; the messages are the same.
  const info = { ...ServerReflectionService.serverReflectionInfo, path: '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo' };
  const V1 = grpc.makeGenericClientConstructor({ serverReflectionInfo: info }, 'reflection');
  client.grpcClient = new V1(address, credentials, { 'grpc.enable_http_proxy': 0 });
}

async function call(root, text) {
  const Ping = root.lookupType('cro.test.v1.Ping');
  const Pong = root.lookupType('cro.test.v1.Pong');
  const method = root.lookupService('cro.test.v1.Echo').methods.Unary;
  const Echo = grpc.makeGenericClientConstructor({
    Unary: {
      path: `/cro.test.v1.Echo/${method.name}`, requestStream: false, responseStream: false,
      requestSerialize: m => Buffer.from(Ping.encode(Ping.fromObject(m)).finish()), requestDeserialize: b => Ping.decode(b),
      responseSerialize: m => Buffer.from(Pong.encode(m).finish()), responseDeserialize: b => Pong.decode(b),
    },
  }, 'echo');
  const echo = new Echo(address, credentials, { 'grpc.enable_http_proxy': 0 });
  return new Promise((resolve, reject) => echo.Unary({ text }, { deadline: Date.now() + 20000 }, (e, pong) => (e ? reject(e) : resolve(pong.text))));
}

(async () => {
  const root = await client.fileContainingSymbol('cro.test.v1.Echo');
  console.log(JSON.stringify({
    services: (await client.listServices()).sort(),
    methods: Object.keys(root.lookupService('cro.test.v1.Echo').methods),
    imported: Object.keys(root.lookupType('google.protobuf.Timestamp').fields),
    byName: Object.keys((await client.fileByFilename('echo.proto')).lookupEnum('cro.test.v1.Ping.Act').values).length,
    called: await call(root, 'hällo'),
    unknown: await client.fileContainingSymbol('cro.test.v1.Nothing').then(() => 'found', () => 'not found'),
  }));
  process.exit(0);
})();
