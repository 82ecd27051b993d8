// What each part of the system has to bear at a rate, computed from what the benchmarks have measured.

export const QUOTA = 10_000; // PutEvents a second, of an account in the largest regions; asked for, AWS raises it
export const DATABASE_CORES = 16; // of the database that the table takes for its example
export const RETENTION_DAYS = 7; // the default of OUTBOX_RETENTION_DAYS

/** What one event costs. Microseconds of processor time, bytes, and the most events a second of one process. */
export function costsOf({ publish, relay, eventbridge }) {
  const [bare, ours] = ['bare', 'ours'].map((name) => named(publish.summary, name));
  const reading = named(relay.compared.summary, 'ours');
  const more = (column) => Math.max(0, ours[column] - bare[column]);
  return {
    publishDatabase: more('µs CPU of the database'),
    publishProcess: more('µs CPU/transaction'),
    wal: more('WAL bytes/transaction'),
    readDatabase: reading['µs CPU of the database'],
    relayRate: reading['events/s'],
    sdkRate: named(eventbridge.summary, 'ours')['events/s'],
    logBytes: relay.compared.logBytesAnEvent,
  };
}

/** Of each part the share of what it has that a rate takes: above 1 it gives. The greatest first. */
export function sharesAt(rate, costs) {
  const databaseCores = (rate * (costs.publishDatabase + costs.readDatabase)) / 1e6;
  const shares = {
    sdk: rate / costs.sdkRate,
    quota: rate / QUOTA,
    database: databaseCores / DATABASE_CORES,
    relay: rate / costs.relayRate,
  };
  return {
    shares,
    databaseCores,
    order: Object.keys(shares).sort((one, other) => shares[other] - shares[one]),
    publishingCores: (rate * costs.publishProcess) / 1e6,
    walMebibytes: (rate * costs.wal) / 2 ** 20,
    logGibibytes: (rate * 86_400 * RETENTION_DAYS * costs.logBytes) / 2 ** 30,
  };
}

function named(summary, name) {
  const row = summary.find((one) => one.name === name);
  if (!row) throw new Error(`A result has no row ${name}: it comes from another version of the benchmark. Run it again.`);
  return row;
}
