import { parseArgs } from 'node:util';

/** What was typed cannot be meant: exit status 2, with the usage. */
export class UsageError extends Error {}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const text = { type: 'string' };
const flag = { type: 'boolean' };
const REACH = { json: flag, email: text, url: text, token: text, help: flag };
const FILTER = { type: text, aggregate: text, organization: text, correlation: text, from: text, to: text, error: text };
const FOLLOW = { wait: text };

/** Each command: the words that follow it, and the options that it takes beside those of reaching the api. */
const COMMANDS = {
  status: { words: [], options: {} },
  failed: { words: [], options: { ...FILTER, limit: text } },
  commands: { words: ['id?'], options: { limit: text } },
  pause: { words: ['sink'], options: FOLLOW },
  resume: { words: ['sink'], options: FOLLOW },
  retire: { words: ['sink'], options: { ...FOLLOW, yes: flag } },
  skip: { words: ['id'], options: { ...FOLLOW, sink: text } },
  replay: { words: ['id?'], options: { ...FOLLOW, ...FILTER, sink: text, status: text, limit: text, rate: text, yes: flag } },
};

/**
 * The command with its word and options.
 *
 * @throws UsageError saying what was not understood.
 */
export function readArguments(typed) {
  const [name, ...rest] = typed;
  if (name === undefined || name === 'help' || typed.includes('--help')) throw new UsageError('');
  if (!Object.hasOwn(COMMANDS, name)) throw new UsageError(`There is no "${name}".`);
  const { words, options } = COMMANDS[name];
  const { values, positionals } = parse(rest, { ...REACH, ...options });
  const [kind] = words;
  if (positionals.length > words.length) throw new UsageError(`${name} takes ${words.length ? 'one word' : 'no word'} after it.`);
  const [word] = positionals;
  if (kind && !kind.endsWith('?') && word === undefined)
    throw new UsageError(`${name} needs ${kind === 'id' ? 'an event id' : 'a sink'}.`);
  if (kind?.startsWith('id') && word !== undefined && !UUID.test(word))
    throw new UsageError(`"${word}" is no id: those are UUIDs.`);
  return { name, word, options: { ...values, ...numbers(values) } };
}

/** The filter as the api wants it, without what was not given. */
export function filterOf({ type, aggregate, organization, correlation, from, to, error, status }) {
  const [aggregateType, aggregateId] = splitAggregate(aggregate);
  const filter = {
    event_type: type,
    aggregate_type: aggregateType,
    aggregate_id: aggregateId,
    organization_id: organization,
    correlation_id: correlation,
    from: moment('from', from),
    to: moment('to', to),
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

function numbers(values) {
  const read = {};
  for (const name of ['limit', 'rate', 'wait']) {
    if (values[name] === undefined) continue;
    read[name] = Number(values[name]);
    if (!Number.isInteger(read[name]) || read[name] < (name === 'wait' ? 0 : 1))
      throw new UsageError(`--${name} is a whole number, not "${values[name]}".`);
  }
  return read;
}

function splitAggregate(aggregate) {
  if (aggregate === undefined) return [];
  const at = aggregate.indexOf('/');
  return at < 0 ? [aggregate] : [aggregate.slice(0, at), aggregate.slice(at + 1)];
}

function moment(name, given) {
  if (given === undefined) return undefined;
  const time = new Date(given);
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`--${name} is a time, as 2026-01-31 or 2026-01-31T08:30:00Z, not "${given}".`);
  return time.toISOString();
}
