// Replaces the Lambda runtime: imports a bundle and calls its handler with each batch that the parent process sends.
const [bundle] = process.argv.slice(2);
const { handler } = await import(bundle);
process.send({ started: performance.now() });
process.on('message', async ({ id, batch, remainingMs }) => {
  const execution = { getRemainingTimeInMillis: () => remainingMs ?? 60_000 };
  const answer = await handler(batch, execution).catch((error) => ({ error: String(error) }));
  const { user, system } = process.cpuUsage();
  process.send({ id, answer, at: performance.now(), cpuMs: (user + system) / 1000 });
});
