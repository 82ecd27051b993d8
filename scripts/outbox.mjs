// npm run outbox -- <command>: operates the outbox through the admin API: status, pause, replay and so on.
// It uses the system that runs in this folder. For another system, give --url and a session token (--token or PIKAIA_TOKEN).
import { setTimeout as pause } from 'node:timers/promises';
import { terminalOf } from './explain/terminal.mjs';
import { filterOf, readArguments, UsageError } from './outbox/arguments.mjs';
import { answerText, commandText, failedText } from './outbox/events.text.mjs';
import { connect } from './outbox/session.mjs';
import { statusText } from './outbox/status.text.mjs';
import { USAGE } from './outbox/usage.text.mjs';
import { describeError } from './start/plain-error.ts';

const POLL_INTERVAL_MS = 200;
const DEFAULT_WAIT_SECONDS = 15;

/** Commands that use the database instead of the API. Each is the module `./outbox/<name>.mjs` with `run(arguments)`. */
const DATABASE_COMMANDS = ['purge', 'rebase'];

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsageError = error instanceof UsageError;
  if (isUsageError) console.error(error.message ? `${error.message}\n\n${USAGE}` : USAGE);
  else console.error(await describeError(error));
  process.exitCode = isUsageError ? 2 : 1;
}

async function main(commandLine) {
  const [first, ...rest] = commandLine;
  if (DATABASE_COMMANDS.includes(first)) return (await import(`./outbox/${first}.mjs`)).run(rest);
  const { name, word, options } = readArguments(commandLine);
  const prepared = prepare(name, word, options);
  return prepared(await connect(options));
}

/** Returns a function that runs the command on the API. Reports usage errors first, before the script connects. */
function prepare(name, word, options) {
  const sink = options.sink && { sink: options.sink };
  switch (name) {
    case 'status':
      return async (api) => show(options, await api.get('outbox'), (status) => statusText(status, terminalOf(process.stdout)));
    case 'failed': {
      const query = new URLSearchParams({ ...filterOf(options), status: 'failed', limit: String(options.limit ?? 20) });
      return async (api) => show(options, await api.get(`events?${query}`), failedText);
    }
    case 'commands':
      if (word) return async (api) => show(options, await api.get(`outbox/commands/${word}`), commandText);
      return async (api) =>
        show(options, await api.get(`outbox/commands?limit=${options.limit ?? 20}`), ({ data }) =>
          data.length ? data.map(commandText).join('\n') : 'There are no commands.',
        );
    case 'retire':
      if (!options.yes)
        throw new UsageError(`Retiring ${word} cannot be undone: the sink will never deliver again. Confirm with --yes.`);
    // falls through
    case 'pause':
    case 'resume':
      return async (api) => follow(api, options, await api.post(`outbox/sinks/${word}/${name}`));
    case 'skip':
      return async (api) => follow(api, options, await api.post(`events/${word}/skip`, sink));
    default:
      return word
        ? async (api) => follow(api, options, await api.post(`events/${word}/replay`, sink))
        : (api) => replayAll(api, options, sink, filterToReplay(options));
  }
}

function filterToReplay(options) {
  const filter = filterOf(options);
  if (!Object.keys(filter).length) throw new UsageError('replay needs an event ID, or a filter such as --type or --from.');
  return filter;
}

/** Replays all events that match the filter. Without --yes it only counts them. */
async function replayAll(api, options, sink, filter) {
  const { limit, rate } = options;
  const request = { filter, ...sink, ...(limit && { limit }), ...(rate && { rate }) };
  if (options.yes) return follow(api, options, await api.post('events/replay', { ...request, dry_run: false }));
  const status = await follow(api, options, await api.post('events/replay', { ...request, dry_run: true }));
  if (status === 0 && !options.json) console.log('Nothing was sent. Run the same command with --yes to send.');
  return status;
}

/** Waits until all sinks have answered the command, or until `options.wait` seconds have passed. */
async function follow(api, options, accepted) {
  const deadline = performance.now() + (options.wait ?? DEFAULT_WAIT_SECONDS) * 1000;
  let command = accepted;
  while (!isAnswered(command) && performance.now() < deadline) {
    await pause(POLL_INTERVAL_MS);
    command = await api.get(`outbox/commands/${accepted.id}`);
  }
  show(options, command, ({ sinks }) => sinks.map(answerText).join('\n'));
  if (isAnswered(command)) return command.sinks.some(({ status }) => status !== 'done') ? 1 : 0;
  if (!options.json) console.error(`Not done yet. To see its progress, run: npm run outbox -- commands ${command.id}`);
  return 3;
}

// A function declaration, because the top-level await of main runs before a constant here would be initialized.
function isAnswered({ status }) {
  return status !== 'pending' && status !== 'running';
}

function show({ json }, content, text) {
  console.log(json ? JSON.stringify(content, null, 2) : text(content));
  return 0;
}
