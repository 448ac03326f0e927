// Reads {"apiHost", "clientKey", "remote", "features": [key], "users": [{attributes}]} and prints, for each user, the features' results and what
// the tracking callback was told.
import { GrowthBook } from '@growthbook/growthbook';
import { text } from 'node:stream/consumers';

const { apiHost, clientKey, remote, features, users } = JSON.parse(await text(process.stdin));
const answers = [];
for (const attributes of users) {
  const tracked = [];
  const gb = new GrowthBook({
    apiHost,
    clientKey,
    attributes,
    remoteEval: remote,
    trackingCallback: (experiment, result) => tracked.push({ experiment: experiment.key, variant: result.key, attribute: result.hashAttribute, unit: result.hashValue }),
  });
  const { success } = await gb.init({ timeout: 10_000, skipCache: true });
  answers.push({ success, tracked, values: features.map((key) => gb.evalFeature(key).value) });
  gb.destroy();
}
console.log(JSON.stringify(answers));
