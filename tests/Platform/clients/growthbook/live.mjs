// Reads {"apiHost", "clientKey", "feature", "attributes"}; prints "ready" once the SDK streams, then the feature's value once there is one.
import { GrowthBook, setPolyfills } from '@growthbook/growthbook';
import EventSource from 'eventsource';
import { text } from 'node:stream/consumers';

const { apiHost, clientKey, feature, attributes } = JSON.parse(await text(process.stdin));
setPolyfills({ EventSource });
const gb = new GrowthBook({ apiHost, clientKey, attributes });
await gb.init({ timeout: 10_000, streaming: true });
console.log(JSON.stringify({ before: gb.isOn(feature) }));
await new Promise((seen) => {
  const look = () => gb.getFeatures()[feature] && seen();
  gb.setRenderer(look);
  look();
});
console.log(JSON.stringify({ after: gb.getFeatureValue(feature, null) }));
process.exit();
