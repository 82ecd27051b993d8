// The load generator, in its own process: node load.mjs <url> <seconds> <connections>. Prints its result as JSON.
import autocannon from 'autocannon';

const [url, seconds, connections] = process.argv.slice(2);
const start = performance.now();
const result = await autocannon({ url, duration: Number(seconds), connections: Number(connections) });
const wall = (performance.now() - start) / 1_000;
const { user, system } = process.cpuUsage();
process.stdout.write(
  JSON.stringify({
    requests: result['2xx'],
    failed: result.errors + result.timeouts + result.non2xx,
    seconds: result.duration,
    busy: (user + system) / 1e6 / wall,
  }),
);
