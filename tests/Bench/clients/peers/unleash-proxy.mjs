// Unleash's own proxy before an upstream that serves as many toggles as the first argument says, each with two variants and a constraint on
// the country. Prints the proxy's port when it is ready; ends with its standard input.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const { createApp } = createRequire(import.meta.url)('@unleash/proxy');
const count = Number(process.argv[2]);
const features = Array.from({ length: count }, (_, i) => ({
  name: `toggle-${i}`,
  type: 'experiment',
  enabled: true,
  project: 'default',
  stale: false,
  impressionData: false,
  strategies: [{
    name: 'flexibleRollout',
    parameters: { rollout: '100', stickiness: 'userId', groupId: `toggle-${i}` },
    constraints: [{ contextName: 'country', operator: 'IN', values: ['PL', 'DE', 'FR'], inverted: false, caseInsensitive: false }],
  }],
  variants: [
    { name: 'control', weight: 500, weightType: 'variable', stickiness: 'userId', overrides: [] },
    { name: 'treatment', weight: 500, weightType: 'variable', stickiness: 'userId', overrides: [] },
  ],
}));
const upstream = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  if (request.url.startsWith('/api/client/features')) response.end(JSON.stringify({ version: 2, features, segments: [] }));
  else response.writeHead(202).end();
});
await new Promise((ready) => upstream.listen(0, '127.0.0.1', ready));
const silent = { debug() {}, info() {}, warn() {}, error: console.error, fatal: console.error };
const app = createApp({
  unleashUrl: `http://127.0.0.1:${upstream.address().port}/api`,
  unleashApiToken: 'upstream',
  clientKeys: ['bench'],
  refreshInterval: 600_000,
  metricsInterval: 600_000,
  disableMetrics: true,
  logger: silent,
});
const server = app.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/proxy?userId=probe&properties[country]=PL`;
  for (;;) {
    const answer = await fetch(url, { headers: { authorization: 'bench' } });
    if (answer.ok && (await answer.json()).toggles.length === count) break;
    await new Promise((again) => setTimeout(again, 50));
  }
  console.log(server.address().port);
});
process.stdin.resume().on('end', () => process.exit());
