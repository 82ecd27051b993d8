// Process-wide changes that an application can make to pg. Specs require this file. Services preload it through NODE_OPTIONS,
// and PIKAIA_HOSTILE_PARSERS names the set of changes.
const pg = require('pg');

const asText = (text) => text;
const upperCase = (text) => String(text).toUpperCase();
const throws = () => {
  throw new Error('This application cannot read such a value.');
};
const oids = { bool: 16, name: 19, int8: 20, int2: 21, int4: 23, text: 25, oid: 26, xid: 28, json: 114, float8: 701 };
Object.assign(oids, { date: 1082, timestamp: 1114, timestamptz: 1184, numeric: 1700, uuid: 2950, jsonb: 3802, xid8: 5069 });
Object.assign(oids, { bytea: 17, textArray: 1009, int4Array: 1007, int8Array: 1016, nameArray: 1003, uuidArray: 2951 });

const parsers = (parse, ...names) => names.map((name) => [oids[name], parse]);
const SETS = {
  'bigint as number': { parsers: parsers(Number, 'int8') },
  'bigint as BigInt': { parsers: parsers(BigInt, 'int8') },
  parseInt8: { defaults: { parseInt8: true } },
  'dates as text': { parsers: parsers(asText, 'date', 'timestamp', 'timestamptz') },
  'json as text': { parsers: parsers(asText, 'json', 'jsonb') },
  'json that throws': { parsers: parsers(throws, 'json', 'jsonb') },
  'integers as text': { parsers: parsers(asText, 'int2', 'int4', 'oid', 'float8', 'numeric') },
  'integers as BigInt': { parsers: parsers(BigInt, 'int2', 'int4', 'oid') },
  'booleans as text': { parsers: parsers(asText, 'bool') },
  'arrays as text': { parsers: parsers(asText, 'textArray', 'int4Array', 'int8Array', 'uuidArray') },
  'text in capitals': { parsers: parsers(upperCase, 'text', 'name', 'uuid', 'xid8') },
  'everything as text': { parsers: parsers(asText, ...Object.keys(oids)) },
  'everything throws': { parsers: parsers(throws, ...Object.keys(oids)) },
  'binary results': { defaults: { binary: true } },
  'binary results, and limits of a millisecond': {
    defaults: {
      binary: true,
      rows: 1,
      query_timeout: 1,
      statement_timeout: 1,
      lock_timeout: 1,
      idle_in_transaction_session_timeout: 1,
      parseInputDatesAsUTC: true,
    },
  },
  // The largest set with which TypeORM and the entities of the reference system still work.
  'those of an application with TypeORM': {
    parsers: [
      ...parsers(Number, 'int8', 'numeric'),
      ...parsers(
        asText,
        'json',
        'jsonb',
        'date',
        'timestamp',
        'timestamptz',
        'bool',
        'int2',
        'int4',
        'float8',
        'oid',
        'textArray',
      ),
    ],
  },
};

/** Applies a set of changes and returns a function that reverts them. */
function applyHostile(name) {
  const { parsers: replaced = [], defaults = {} } = SETS[name];
  const before = replaced.map(([oid]) => [oid, pg.types.getTypeParser(oid, 'text')]);
  const kept = Object.fromEntries(Object.keys(defaults).map((key) => [key, pg.defaults[key] ?? false]));
  for (const [oid, parse] of replaced) pg.types.setTypeParser(oid, 'text', parse);
  Object.assign(pg.defaults, defaults);
  return () => {
    for (const [oid, parse] of before) pg.types.setTypeParser(oid, 'text', parse);
    Object.assign(pg.defaults, kept);
  };
}

if (process.env.PIKAIA_HOSTILE_PARSERS) applyHostile(process.env.PIKAIA_HOSTILE_PARSERS);

module.exports = { HOSTILE_SETS: Object.keys(SETS), applyHostile };
