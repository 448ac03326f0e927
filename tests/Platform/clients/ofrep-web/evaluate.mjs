// Reads {"baseUrl", "key", "flag", "contexts": [{…}]}; prints, for each context in turn, the flag's details and what the provider asked and got.
import { OpenFeature } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { text } from 'node:stream/consumers';

const { baseUrl, key, flag, contexts } = JSON.parse(await text(process.stdin));
let calls = [];
const fetchImplementation = async (...request) => {
  const answer = await fetch(...request);
  calls.push({ status: answer.status, etag: answer.headers.get('etag') });
  return answer;
};
await OpenFeature.setContext(contexts[0]);
await OpenFeature.setProviderAndWait(
  new OFREPWebProvider({ baseUrl, fetchImplementation, pollInterval: 0, headers: [['X-API-Key', key]] }));
const client = OpenFeature.getClient();
const answers = [];
for (const [index, context] of contexts.entries()) {
  if (index > 0) await OpenFeature.setContext(context);
  answers.push({ details: client.getStringDetails(flag, 'code default'), calls });
  calls = [];
}
console.log(JSON.stringify(answers));
await OpenFeature.close();
