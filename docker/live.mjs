// The image's health check: does the process of this container answer? Its port is that of the api, or the one given.
const [port = process.env.PORT || '3000'] = process.argv.slice(2);
const answer = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(4000) }).catch(() => undefined);
process.exit(answer?.ok ? 0 : 1);
