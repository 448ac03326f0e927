// Reads {"payload", "features": [key], "attributes", "seconds"}; prints how many decisions a second GrowthBook's SDK makes from this payload in
// this process: one named feature for one user, another user each time.
import { GrowthBook, GrowthBookClient } from '@growthbook/growthbook';
import { text } from 'node:stream/consumers';

const { payload, features, attributes, seconds } = JSON.parse(await text(process.stdin));

const client = new GrowthBookClient().initSync({ payload });
const perUser = new GrowthBook().initSync({ payload });
const ways = {
  client: (id, feature) => client.evalFeature(feature, { attributes: { ...attributes, id } }),
  instance: (id, feature) => {
    perUser.setAttributes({ ...attributes, id });
    return perUser.evalFeature(feature);
  },
};

function rate(decide, duration) {
  let decided = 0;
  const start = performance.now();
  while (performance.now() - start < duration * 1000) {
    for (let i = 0; i < 500; i++, decided++) decide(`visitor-${decided}`, features[decided % features.length]);
  }
  return decided / ((performance.now() - start) / 1000);
}

const rates = {};
for (const [name, decide] of Object.entries(ways)) {
  rate(decide, seconds / 2);
  rates[name] = rate(decide, seconds);
}
console.log(JSON.stringify(rates));
