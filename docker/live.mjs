// The health check of the image: checks that the process answers on the port of the api, or on the given port.
const [port = process.env.PORT || '3000'] = process.argv.slice(2);
const answer = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(4000) }).catch(() => undefined);
process.exit(answer?.ok ? 0 : 1);
