// npm run outbox -- <what>: looks after the outbox through the api, as an operator would: status, pause, replay. Of the system
// that runs in this folder, or of another one by --url and a session (--token, or PIKAIA_TOKEN).
import { setTimeout as pause } from 'node:timers/promises';
import { terminalOf } from './explain/terminal.mjs';
import { filterOf, readArguments, UsageError } from './outbox/arguments.mjs';
import { answerText, commandText, failedText } from './outbox/events.text.mjs';
import { connect } from './outbox/session.mjs';
import { statusText } from './outbox/status.text.mjs';
import { USAGE } from './outbox/usage.text.mjs';
import { plainly } from './start/plain-error.mjs';

const LOOK_EVERY_MS = 200;
const WAIT_S = 15;

/** What needs no api but the database: each is a module of its own, `./outbox/<name>.mjs`, with `run(arguments)`. */
const ON_THE_MACHINE = ['purge', 'rebase'];

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const misunderstood = error instanceof UsageError;
  if (misunderstood) console.error(error.message ? `${error.message}\n\n${USAGE}` : USAGE);
  else console.error(await plainly(error));
  process.exitCode = misunderstood ? 2 : 1;
}

async function main(typed) {
  const [first, ...rest] = typed;
  if (ON_THE_MACHINE.includes(first)) return (await import(`./outbox/${first}.mjs`)).run(rest);
  const { name, word, options } = readArguments(typed);
  const prepared = prepare(name, word, options);
  return prepared(await connect(options));
}

/** What a command will do with the api; what was typed wrong is said before anybody is asked. */
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
          data.length ? data.map(commandText).join('\n') : 'Nobody has asked for anything.',
        );
    case 'retire':
      if (!options.yes)
        throw new UsageError(`Retiring ${word} cannot be undone; it will not deliver again. If that is meant: --yes`);
    // falls through: asked like the others
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
  if (!Object.keys(filter).length) throw new UsageError('replay needs an event id, or a filter such as --type or --from.');
  return filter;
}

/** Counted first; sent only with --yes. */
async function replayAll(api, options, sink, filter) {
  const { limit, rate } = options;
  const asked = { filter, ...sink, ...(limit && { limit }), ...(rate && { rate }) };
  if (options.yes) return follow(api, options, await api.post('events/replay', { ...asked, dry_run: false }));
  const status = await follow(api, options, await api.post('events/replay', { ...asked, dry_run: true }));
  if (status === 0 && !options.json) console.log('Nothing was sent. The same with --yes sends it.');
  return status;
}

/** Waits for the answers of all sinks, for so long as was asked. */
async function follow(api, options, asked) {
  const deadline = performance.now() + (options.wait ?? WAIT_S) * 1000;
  let command = asked;
  while (!isAnswered(command) && performance.now() < deadline) {
    await pause(LOOK_EVERY_MS);
    command = await api.get(`outbox/commands/${asked.id}`);
  }
  show(options, command, ({ sinks }) => sinks.map(answerText).join('\n'));
  if (isAnswered(command)) return command.sinks.some(({ status }) => status !== 'done') ? 1 : 0;
  if (!options.json) console.error(`Not done yet. Follow it:  npm run outbox -- commands ${command.id}`);
  return 3;
}

// A declaration: the statement above, which awaits main, ends before a constant here would have its value.
function isAnswered({ status }) {
  return status !== 'pending' && status !== 'running';
}

function show({ json }, content, text) {
  console.log(json ? JSON.stringify(content, null, 2) : text(content));
  return 0;
}
