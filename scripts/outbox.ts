// npm run outbox -- <command>: operates the outbox through the admin API: status, pause, replay and so on.
// It uses the system that runs in this folder. For another system, give --url and a session token (--token or PIKAIA_TOKEN).
import type { CommandView, OutboxStatusView } from '@pikaia/events';
import { setTimeout as pause } from 'node:timers/promises';
import { terminalOf } from './explain/terminal.ts';
import { connect, type ApiClient, type Command } from './outbox/api.client.ts';
import { filterOf, readArguments, USAGE, type CommandLine, type CommandOptions } from './outbox/arguments.ts';
import { answerText, commandsText, commandText, failedText, type CommandPage, type EventPage } from './outbox/events.text.ts';
import { statusText } from './outbox/status.text.ts';
import { runScript, UsageError } from './start/command-line.ts';

const POLL_INTERVAL_MS = 200;
const DEFAULT_WAIT_SECONDS = 15;

/** Runs a command on the API and resolves with the exit status. */
type PreparedCommand = (api: ApiClient) => Promise<number>;

await runScript(USAGE, main);

async function main(commandLine: string[]): Promise<number> {
  const [first, ...rest] = commandLine;
  if (first === 'purge' || first === 'rebase') {
    const commands = await import('./outbox/database-commands.ts');
    await commands[first](rest);
    return 0;
  }
  if (first === 'run-once') return (await import('./outbox/run-once.ts')).runOnce(rest);
  const line = readArguments(commandLine);
  const prepared = prepare(line);
  return prepared(await connect(line.options));
}

/** Returns a function that runs the command on the API. Reports usage errors first, before the script connects. */
function prepare({ name, word, options }: CommandLine): PreparedCommand {
  const why = { ...(options.reason && { reason: options.reason }) };
  const sink = { ...(options.sink && { sink: options.sink }), ...why };
  switch (name) {
    case 'status':
      return async (api) =>
        show(options, await api.get<OutboxStatusView>('outbox'), (status) => statusText(status, terminalOf(process.stdout)));
    case 'failed': {
      const query = new URLSearchParams({ ...filterOf(options), status: 'failed', limit: String(options.limit ?? 20) });
      return async (api) => show(options, await api.get<EventPage>(`events?${query}`), failedText);
    }
    case 'commands':
      if (word) return async (api) => show(options, await api.get<CommandView>(`outbox/commands/${word}`), commandText);
      return async (api) =>
        show(options, await api.get<CommandPage>(`outbox/commands?limit=${options.limit ?? 20}`), commandsText);
    case 'pause':
    case 'resume':
    case 'retire':
      if (name === 'retire' && !options.yes)
        throw new UsageError(`Retiring ${word} cannot be undone: the sink will never deliver again. Confirm with --yes.`);
      return async (api) => follow(api, options, await api.post(`outbox/sinks/${encodeURIComponent(word!)}/${name}`, why));
    case 'drop-type': {
      if (!options.type) throw new UsageError('drop-type needs an event type: --type member.suspended.');
      const body = { event_type: options.type, ...why };
      return async (api) => follow(api, options, await api.post(`outbox/sinks/${encodeURIComponent(word!)}/drop-type`, body));
    }
    case 'cancel':
      return async (api) => follow(api, options, await api.post(`outbox/commands/${word}/cancel`, why));
    case 'skip':
      return async (api) => follow(api, options, await api.post(`events/${word}/skip`, sink));
    case 'replay': {
      const filter = filterOf(options);
      if (word) {
        if (Object.keys(filter).length || options.limit || options.rate)
          throw new UsageError('replay takes an event ID or a filter, and --limit and --rate only with a filter.');
        return async (api) => follow(api, options, await api.post(`events/${word}/replay`, sink));
      }
      if (!Object.keys(filter).length) throw new UsageError('replay needs an event ID, or a filter such as --type or --from.');
      return (api) => replayAll(api, options, { filter, ...sink });
    }
  }
}

/** Replays all events that match the filter. Without --yes it only counts them. */
async function replayAll(api: ApiClient, options: CommandOptions, selection: object): Promise<number> {
  const { limit, rate } = options;
  const request = { ...selection, ...(limit && { limit }), ...(rate && { rate }) };
  if (options.yes) return follow(api, options, await api.post('events/replay', { ...request, dry_run: false }));
  const command = await showResult(api, options, await api.post('events/replay', { ...request, dry_run: true }));
  const status = exitStatusOf(command);
  const isMatched = command.sinks.some(({ answer }) => answer?.outcome === 'done' && answer['matched'] !== 0);
  if (status === 0 && !options.json)
    console.log(isMatched ? 'Nothing was sent. Run the same command with --yes to send.' : 'No event matches. Nothing was sent.');
  return status;
}

/** Shows the result of the command and resolves with the exit status. */
async function follow(api: ApiClient, options: CommandOptions, accepted: Command): Promise<number> {
  return exitStatusOf(await showResult(api, options, accepted));
}

/** Waits until all sinks have answered the command, or until `options.wait` seconds have passed, and shows the answers. */
async function showResult(api: ApiClient, options: CommandOptions, accepted: Command): Promise<Command> {
  const deadline = performance.now() + (options.wait ?? DEFAULT_WAIT_SECONDS) * 1000;
  let command = accepted;
  while (!isAnswered(command) && performance.now() < deadline) {
    await pause(POLL_INTERVAL_MS);
    command = await api.get<CommandView>(`outbox/commands/${accepted.id}`);
  }
  show(options, command, ({ sinks }) => sinks.map(answerText).join('\n'));
  if (!isAnswered(command) && !options.json)
    console.error(`Not done yet. To see its progress, run: npm run outbox -- commands ${command.id}`);
  return command;
}

function exitStatusOf(command: Command): number {
  if (!isAnswered(command)) return 3;
  return command.sinks.some(({ status }) => status !== 'done') ? 1 : 0;
}

// A function declaration, because the top-level await of runScript runs before a constant here would be initialized.
function isAnswered({ status }: Command): boolean {
  return status !== 'pending' && status !== 'running';
}

function show<T>({ json }: CommandOptions, content: T, text: (content: T) => string): number {
  console.log(json ? JSON.stringify(content, null, 2) : text(content));
  return 0;
}
