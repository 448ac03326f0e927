// Reads lines of {"payload", "users": [{"attributes", "url", "documents"}], "features": [key]} and prints for each line an array with, for
// each user, an array of [value, source, variation's key or null] by feature.
import { GrowthBook, StickyBucketService } from '@growthbook/growthbook';
import { createInterface } from 'node:readline';

class Memory extends StickyBucketService {
  async getAssignments() { return null; }
  async saveAssignments() { }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { payload, users, features } = JSON.parse(line);
  const answers = users.map(({ attributes, url, documents }) => {
    const client = new GrowthBook({
      ...payload, attributes, url, stickyBucketService: new Memory(), stickyBucketAssignmentDocs: documents, disableExperimentsOnLoad: true,
    });
    const results = features.map((feature) => {
      const { value, source, experimentResult } = client.evalFeature(feature);
      return [value, source, experimentResult?.key ?? null];
    });
    client.destroy();
    return results;
  });
  console.log(JSON.stringify(answers));
}
