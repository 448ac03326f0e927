// Reads {"baseUrl", "key", "questions": [{"type", "flag", "default", "context"}]} and prints an array of evaluation details.
import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { text } from 'node:stream/consumers';

const { baseUrl, key, questions } = JSON.parse(await text(process.stdin));
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers: [['Authorization', `Bearer ${key}`]] }));
const client = OpenFeature.getClient();
const ask = {
  boolean: (q) => client.getBooleanDetails(q.flag, q.default, q.context),
  string: (q) => client.getStringDetails(q.flag, q.default, q.context),
  number: (q) => client.getNumberDetails(q.flag, q.default, q.context),
  object: (q) => client.getObjectDetails(q.flag, q.default, q.context),
};
const details = [];
for (const question of questions) details.push(await ask[question.type](question));
console.log(JSON.stringify(details));
await OpenFeature.close();
