import type { ParseArgsOptionsConfig } from 'node:util';
import type { ReplayFilter } from '@pikaia/events';
import { parseCommandLine, UsageError } from '../start/command-line.ts';
import { parseId, parseInteger } from '../start/parse.ts';
import type { ConnectionOptions } from './api.client.ts';

export const USAGE = `npm run outbox -- <command> [options]

  status                    shows each sink (leader, backlog, lag, failures) and the slots of the log
  failed                    lists dead letters, newest first
  commands [<id>]           lists recent commands and their results, or shows one
  pause <sink>              stops delivery; the backlog is kept
  resume <sink>             continues delivery
  retire <sink>             removes a sink for good, for example a consumer that was renamed
  drop-type <sink> --type … gives up an event type that no worker handles; its waiting events are skipped
  cancel <command id>       ends a replay that is running
  skip <event id>           skips the event that blocks an aggregate, so that the next one is delivered
  replay <event id>         sends one event again; a dead letter is retried
  replay --<filter> …       counts all events that match; with --yes it sends them again

Options:
  all of these commands     --json; --email <user> to act as;
                            --url <api> and --token <session token> (or PIKAIA_TOKEN) for another system
  pause, resume, retire,
  drop-type, cancel, skip,
  replay                    --wait <seconds> for the result (default 15; 0 does not wait)
                            --reason <why>, which is stored with the command and audited
  skip, replay              --sink <name>; without it, skip acts on every sink that the event blocks, and replay on every
                            sink but log, also on those that already received the event
  retire                    --yes confirms that the sink never delivers again
  failed, commands, replay  --limit <entries>
  failed, replay --<filter> --type member.invited   --aggregate member/<id>   --organization <id>   --correlation <id>
                            --from <time> --to <time>   --error <text in the last error>
  replay --<filter>         --status failed (only dead letters) or published; --rate <events per second>; --yes

Commands that use the database directly, see docs/operations.md. They take no other option:
  run-once                  delivers what is due and ends, for cron: --seconds <limit, default 60>, --events <limit>, --json;
                            exit status 1 if a sink was not reachable or an event became a dead letter
  purge [--dry-run]         runs the hourly housekeeping now, or shows what it would remove
  rebase                    makes the cursors of a restored dump valid; stop api and worker first

Exit status: 0 done, 1 refused or failed, 2 usage error, 3 not done within --wait seconds.`;

const TIME = /^(?!0000-)(\d{4})-(\d\d)-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d))?$/;
const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const CONNECTION_OPTIONS = { json: flag, email: text, url: text, token: text };
const FILTER_OPTIONS = { type: text, aggregate: text, organization: text, correlation: text, from: text, to: text, error: text };
const WAIT_OPTIONS = { wait: text, reason: text };

interface Command {
  /** The positional arguments. `?`: optional. */
  readonly words: readonly ('sink' | 'id' | 'id?')[];
  /** The options in addition to the connection options. */
  readonly options: ParseArgsOptionsConfig;
}

const COMMANDS = {
  status: { words: [], options: {} },
  failed: { words: [], options: { ...FILTER_OPTIONS, limit: text } },
  commands: { words: ['id?'], options: { limit: text } },
  pause: { words: ['sink'], options: WAIT_OPTIONS },
  resume: { words: ['sink'], options: WAIT_OPTIONS },
  retire: { words: ['sink'], options: { ...WAIT_OPTIONS, yes: flag } },
  'drop-type': { words: ['sink'], options: { ...WAIT_OPTIONS, type: text } },
  cancel: { words: ['id'], options: WAIT_OPTIONS },
  skip: { words: ['id'], options: { ...WAIT_OPTIONS, sink: text } },
  replay: {
    words: ['id?'],
    options: { ...WAIT_OPTIONS, ...FILTER_OPTIONS, sink: text, status: text, limit: text, rate: text, yes: flag },
  },
} satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

interface FilterOptions {
  readonly type?: string;
  readonly aggregate?: string;
  readonly organization?: string;
  readonly correlation?: string;
  readonly from?: string;
  readonly to?: string;
  readonly error?: string;
  readonly status?: string;
}

interface NumberOptions {
  readonly limit?: number;
  readonly rate?: number;
  /** Seconds. */
  readonly wait?: number;
}

export interface CommandOptions extends ConnectionOptions, FilterOptions, NumberOptions {
  readonly json?: boolean;
  readonly sink?: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

export interface CommandLine {
  readonly name: CommandName;
  /** The sink or the ID that the command names. */
  readonly word: string | undefined;
  readonly options: CommandOptions;
}

/**
 * Parses the command, its positional argument and its options.
 *
 * @throws UsageError if the command line is invalid.
 */
export function readArguments(commandLine: readonly string[]): CommandLine {
  const [name, ...rest] = commandLine;
  if (name === undefined) throw new UsageError('The command is missing.');
  if (!isCommandName(name)) throw new UsageError(`There is no command "${name}".`);
  const { words, options }: Command = COMMANDS[name];
  const { values, positionals } = parseCommandLine({
    args: rest,
    allowPositionals: true,
    options: { ...CONNECTION_OPTIONS, ...options },
  });
  const [kind] = words;
  if (positionals.length > words.length) throw new UsageError(`${name} takes ${words.length ? 'one argument' : 'no argument'}.`);
  const [word] = positionals;
  if (kind && !kind.endsWith('?') && word === undefined)
    throw new UsageError(`${name} needs ${kind === 'id' ? 'an event ID' : 'a sink'}.`);
  const id = parseId(word ?? '');
  if (kind?.startsWith('id') && word !== undefined && id === undefined) throw new UsageError(`"${word}" is not an ID (a UUID).`);
  return { name, word: id ?? word, options: { ...(values as CommandOptions), ...parseNumbers(values) } };
}

const isCommandName = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name);

/** The filter in the format of the API, without the fields that were not given. */
export function filterOf(options: FilterOptions): Partial<Record<keyof ReplayFilter, string>> {
  const { type, aggregate, organization, correlation, from, to, error, status } = options;
  const [aggregateType, aggregateId] = splitAggregate(aggregate);
  const period = { from: parseTime('from', from), to: parseTime('to', to) };
  if (period.from && period.to && Date.parse(period.from) > Date.parse(period.to))
    throw new UsageError('--from must not be after --to.');
  const filter = {
    event_type: type,
    aggregate_type: aggregateType,
    aggregate_id: aggregateId,
    organization_id: organization,
    correlation_id: correlation,
    ...period,
    error,
    status,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function parseNumbers(values: Readonly<Record<string, unknown>>): NumberOptions {
  const parsed: { -readonly [Name in keyof NumberOptions]: number } = {};
  for (const name of ['limit', 'rate', 'wait'] as const) {
    if (values[name] === undefined) continue;
    const value = parseInteger(String(values[name]));
    if (value === undefined || value < (name === 'wait' ? 0 : 1))
      throw new UsageError(
        `--${name} must be ${name === 'wait' ? 'an integer from 0' : 'a positive integer'} in decimal digits, not "${values[name]}".`,
      );
    parsed[name] = value;
  }
  return parsed;
}

function splitAggregate(aggregate: string | undefined): string[] {
  if (aggregate === undefined) return [];
  const at = aggregate.indexOf('/');
  return at < 0 ? [aggregate] : [aggregate.slice(0, at), aggregate.slice(at + 1)];
}

/** Parses a day in UTC, or a time with its zone. */
function parseTime(name: string, given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const [, year, month, day] = TIME.exec(given) ?? [];
  const problem = (expected: string) => new UsageError(`--${name} must be ${expected}, not "${given}".`);
  if (year === undefined) throw problem('a time such as 2026-01-31 or 2026-01-31T08:30:00Z');
  const time = new Date(given);
  // Date reads 2026-02-30 as a day of March.
  const isDay = new Date(`${year}-${month}-${day}T00:00:00Z`).getUTCDate() === Number(day);
  if (!isDay || Number.isNaN(time.getTime())) throw problem('a date that exists');
  // Keeps the digits behind the milliseconds, which a Date would drop.
  if (!given.includes('T')) return time.toISOString();
  return given.replace(/(T\d\d:\d\d)(?=Z|[+-])/, '$1:00');
}
