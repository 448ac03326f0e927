// For both versions of the provider; run in the folder of one. Reads {"host", "port", "questions": [{"type", "flag", "default", "context"}],
// "stop"?: {"url", "key", "flag"}} and prints {"details": […], "changed"?: [KEY, …], "after"?: […]}: with "stop" it ends the experiment, waits
// for the provider's event about the flag, and asks the same questions again.
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const require = createRequire(`${process.cwd()}/package.json`);
const { OpenFeature, ProviderEvents } = require('@openfeature/server-sdk');
const { FlagdProvider } = require('@openfeature/flagd-provider');

const { host, port, questions, stop } = JSON.parse(await text(process.stdin));
await OpenFeature.setProviderAndWait(new FlagdProvider({ host, port, deadlineMs: 10000 }));
const client = OpenFeature.getClient();
const ask = {
  boolean: (q) => client.getBooleanDetails(q.flag, q.default, q.context),
  string: (q) => client.getStringDetails(q.flag, q.default, q.context),
  number: (q) => client.getNumberDetails(q.flag, q.default, q.context),
  object: (q) => client.getObjectDetails(q.flag, q.default, q.context),
};
const askAll = async () => {
  const details = [];
  for (const question of questions) details.push(await ask[question.type](question));
  return details;
};

const result = { details: await askAll() };
if (stop) {
  const told = new Promise((resolve) => client.addHandler(ProviderEvents.ConfigurationChanged, (event) => {
    if (event.flagsChanged?.includes(stop.flag)) resolve(event.flagsChanged);
  }));
  const response = await fetch(stop.url, { method: 'POST', headers: { authorization: `Bearer ${stop.key}` } });
  if (!response.ok) throw new Error(`${stop.url} answered ${response.status}: ${await response.text()}`);
  result.changed = await told;
  result.after = await askAll();
}
console.log(JSON.stringify(result));
await OpenFeature.close();
process.exit(0);
