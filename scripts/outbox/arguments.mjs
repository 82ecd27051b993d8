import { parseArgs } from 'node:util';

/** The command line is invalid. The script prints the message and the usage, and exits with status 2. */
export class UsageError extends Error {}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const text = { type: 'string' };
const flag = { type: 'boolean' };
const CONNECTION_OPTIONS = { json: flag, email: text, url: text, token: text, help: flag };
const FILTER_OPTIONS = { type: text, aggregate: text, organization: text, correlation: text, from: text, to: text, error: text };
const WAIT_OPTIONS = { wait: text };

/** For each command: its positional arguments, and its options in addition to the connection options. */
const COMMANDS = {
  status: { words: [], options: {} },
  failed: { words: [], options: { ...FILTER_OPTIONS, limit: text } },
  commands: { words: ['id?'], options: { limit: text } },
  pause: { words: ['sink'], options: WAIT_OPTIONS },
  resume: { words: ['sink'], options: WAIT_OPTIONS },
  retire: { words: ['sink'], options: { ...WAIT_OPTIONS, yes: flag } },
  skip: { words: ['id'], options: { ...WAIT_OPTIONS, sink: text } },
  replay: {
    words: ['id?'],
    options: { ...WAIT_OPTIONS, ...FILTER_OPTIONS, sink: text, status: text, limit: text, rate: text, yes: flag },
  },
};

/**
 * Parses the command, its positional argument and its options.
 *
 * @throws UsageError if the command line is invalid.
 */
export function readArguments(commandLine) {
  const [name, ...rest] = commandLine;
  if (name === undefined || name === 'help' || commandLine.includes('--help')) throw new UsageError('');
  if (!Object.hasOwn(COMMANDS, name)) throw new UsageError(`There is no command "${name}".`);
  const { words, options } = COMMANDS[name];
  const { values, positionals } = parse(rest, { ...CONNECTION_OPTIONS, ...options });
  const [kind] = words;
  if (positionals.length > words.length) throw new UsageError(`${name} takes ${words.length ? 'one argument' : 'no argument'}.`);
  const [word] = positionals;
  if (kind && !kind.endsWith('?') && word === undefined)
    throw new UsageError(`${name} needs ${kind === 'id' ? 'an event ID' : 'a sink'}.`);
  if (kind?.startsWith('id') && word !== undefined && !UUID.test(word)) throw new UsageError(`"${word}" is not an ID (a UUID).`);
  return { name, word, options: { ...values, ...parseNumbers(values) } };
}

/** The filter in the format of the API, without the fields that were not given. */
export function filterOf({ type, aggregate, organization, correlation, from, to, error, status }) {
  const [aggregateType, aggregateId] = splitAggregate(aggregate);
  const filter = {
    event_type: type,
    aggregate_type: aggregateType,
    aggregate_id: aggregateId,
    organization_id: organization,
    correlation_id: correlation,
    from: parseTime('from', from),
    to: parseTime('to', to),
    error,
    status,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function parse(args, options) {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function parseNumbers(values) {
  const parsed = {};
  for (const name of ['limit', 'rate', 'wait']) {
    if (values[name] === undefined) continue;
    parsed[name] = Number(values[name]);
    if (!Number.isInteger(parsed[name]) || parsed[name] < (name === 'wait' ? 0 : 1))
      throw new UsageError(
        `--${name} must be ${name === 'wait' ? 'an integer from 0' : 'a positive integer'}, not "${values[name]}".`,
      );
  }
  return parsed;
}

function splitAggregate(aggregate) {
  if (aggregate === undefined) return [];
  const at = aggregate.indexOf('/');
  return at < 0 ? [aggregate] : [aggregate.slice(0, at), aggregate.slice(at + 1)];
}

function parseTime(name, given) {
  if (given === undefined) return undefined;
  const time = new Date(given);
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`--${name} must be a time such as 2026-01-31 or 2026-01-31T08:30:00Z, not "${given}".`);
  return time.toISOString();
}
