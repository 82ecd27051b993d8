// The load generator: a constant number of connections, each of which invites one new person after the other. It answers each
// command with the rate and the latencies. A command names the number of seconds, or of requests.
import { Agent, request } from 'node:http';
import { percentile } from '../figures.mjs';

let invited = 0;

process.on('message', (command) => void run(command).then((result) => process.send(result)));
process.on('disconnect', () => process.exit());

async function run({ port, tokens, connections, seconds = Infinity, requests = Infinity }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies = [];
  let sent = 0;
  const start = performance.now();
  const end = start + seconds * 1_000;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end && sent < requests) {
        sent++;
        const before = performance.now();
        await invite(agent, port, tokens[sent % tokens.length]);
        latencies.push(performance.now() - before);
      }
    }),
  );
  const rate = latencies.length / ((performance.now() - start) / 1_000);
  agent.destroy();
  return { requests: latencies.length, rate, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

function invite(agent, port, token) {
  const body = JSON.stringify({ email: `bob.${process.pid}.${++invited}@example.com`, name: 'Bob Brown', role: 'member' });
  return new Promise((resolve, reject) => {
    const call = request({
      agent,
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/api/v1/members/invitations',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': body.length,
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      },
    });
    call.on('error', reject);
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => (response.statusCode === 201 ? resolve() : reject(new Error(`${response.statusCode} ${text}`))));
    });
    call.end(body);
  });
}
