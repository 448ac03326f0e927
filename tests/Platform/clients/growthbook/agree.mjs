// Reads {"payload", "features": [key], "users": [{attributes}]} and prints, for each user, the values of all features.
import { GrowthBookClient } from '@growthbook/growthbook';
import { text } from 'node:stream/consumers';

const { payload, features, users } = JSON.parse(await text(process.stdin));
const client = new GrowthBookClient().initSync({ payload });
console.log(JSON.stringify(users.map((attributes) => features.map((key) => client.evalFeature(key, { attributes }).value))));
