// Reads lines of {"patterns", "urls"} and prints for each line an array by pattern of an array by url: whether a simple pattern matches it.
import { isURLTargeted } from '@growthbook/growthbook';
import { createInterface } from 'node:readline';

for await (const line of createInterface({ input: process.stdin })) {
  const { patterns, urls } = JSON.parse(line);
  const matches = (pattern) => urls.map((url) => isURLTargeted(url, [{ type: 'simple', pattern, include: true }]));
  console.log(JSON.stringify(patterns.map(matches)));
}
