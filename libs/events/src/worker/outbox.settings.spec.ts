import { loadSettings, SettingsError } from '@pikaia/core';
import { OutboxSettings } from './outbox.settings.js';
import { refuseLongDeliveries } from './refuse-long-deliveries.js';

const sinksOf = (value: string): string => loadSettings([OutboxSettings], { EVENT_SINKS: value })[0].eventSinks;

const DAY_MS = 86_400_000;

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}
const problemsWith = (environment: Record<string, string>): readonly string[] =>
  problemsOf(() => loadSettings([OutboxSettings], environment));

describe('settings of the outbox that must agree', () => {
  it.each<[string, Record<string, string>, string, string]>([
    [
      'a sink is reported before another worker can lead it',
      { OUTBOX_LEADERLESS_ALARM_MS: '10000' },
      'OUTBOX_LEADERLESS_ALARM_MS is "10000"',
      'OUTBOX_LEADER_TIMEOUT_MS, which is 15000',
    ],
    [
      'a longer leader timeout exceeds the default alarm',
      { OUTBOX_LEADER_TIMEOUT_MS: '120000' },
      'OUTBOX_LEADERLESS_ALARM_MS has its default, 60000',
      'OUTBOX_LEADER_TIMEOUT_MS, which is 120000',
    ],
    [
      'a cursor is stored less often than a leader is replaced',
      { OUTBOX_STORE_INTERVAL_MS: '2000', OUTBOX_LEADER_TIMEOUT_MS: '1500' },
      'OUTBOX_STORE_INTERVAL_MS is "2000"',
      'OUTBOX_LEADER_TIMEOUT_MS, which is 1500',
    ],
    [
      'an idle leader would be reported as stalled',
      { OUTBOX_STALLED_AFTER_MS: '1999' },
      'OUTBOX_STALLED_AFTER_MS is "1999"',
      'OUTBOX_POLL_INTERVAL_MS, which is 1000',
    ],
    [
      'an idle leader that only pings would be reported as stalled',
      { OUTBOX_STALLED_AFTER_MS: '9000', OUTBOX_POLL_INTERVAL_MS: '60000' },
      'OUTBOX_STALLED_AFTER_MS is "9000": it must be at least 10000',
      'OUTBOX_LEADER_TIMEOUT_MS, which is 15000',
    ],
    [
      'a partition of the log would be used again before it is emptied',
      { OUTBOX_RETENTION_DAYS: '10', OUTBOX_HOUSEKEEPING_INTERVAL_MS: String(DAY_MS) },
      'OUTBOX_HOUSEKEEPING_INTERVAL_MS is "86400000": it must not be above 78545454',
      'OUTBOX_RETENTION_DAYS is 10',
    ],
    [
      'a receipt would expire before its event',
      { OUTBOX_RECEIPT_RETENTION_DAYS: '30' },
      'OUTBOX_RECEIPT_RETENTION_DAYS is "30"',
      'OUTBOX_FAILED_RETENTION_DAYS',
    ],
  ])('are refused with the names of both if %s', (_, environment, first, second) => {
    const problems = problemsWith(environment);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(first);
    expect(problems[0]).toContain(second);
    expect(problems[0]).toMatch(/lower|above/);
  });

  it.each<Record<string, string>>([
    {},
    { OUTBOX_POLL_INTERVAL_MS: '60000' },
    { OUTBOX_LEADER_TIMEOUT_MS: '500' },
    { OUTBOX_LEADER_TIMEOUT_MS: '60000', OUTBOX_STORE_INTERVAL_MS: '10000' },
    { OUTBOX_RETENTION_DAYS: '10', OUTBOX_HOUSEKEEPING_INTERVAL_MS: '78545454' },
  ])('are accepted in %j', (environment) => {
    expect(problemsWith(environment)).toEqual([]);
  });

  it('add no message to a value that is not a number', () => {
    const problems = problemsWith({ OUTBOX_LEADER_TIMEOUT_MS: 'soon', OUTBOX_RETENTION_DAYS: 'long' });
    expect(problems.map((line) => line.split(' ')[0])).toEqual(['OUTBOX_LEADER_TIMEOUT_MS', 'OUTBOX_RETENTION_DAYS']);
  });
});

describe('refuseLongDeliveries', () => {
  it('refuses every delivery that can take as long as a stalled sink', () => {
    const bounds = [
      { name: 'EVENT_BUS_TIMEOUT_MS', timeoutMs: 60_000 },
      { name: 'timeoutMs of send in mail', timeoutMs: 59_999 },
      { name: 'timeoutMs of export in report', timeoutMs: 120_000 },
    ];
    expect(problemsOf(() => refuseLongDeliveries(60_000, bounds))).toEqual([
      expect.stringMatching(/^OUTBOX_STALLED_AFTER_MS is 60000: .* above EVENT_BUS_TIMEOUT_MS, which is 60000, .* Raise/),
      expect.stringMatching(/above timeoutMs of export in report, which is 120000/),
    ]);
    expect(problemsOf(() => refuseLongDeliveries(120_001, bounds))).toEqual([]);
  });
});

describe('EVENT_SINKS', () => {
  it.each(['local', 'local, eventbridge', 's3', 'my-webhook,local', 'partners/acme-2'])('accepts "%s"', (value) => {
    expect(sinksOf(value)).toBe(value);
  });

  it.each(['Webhook', 'local,', 'local;s3', '-s3', 's3-', 'my--webhook'])('refuses "%s"', (value) => {
    expect(() => sinksOf(value)).toThrow('EVENT_SINKS');
  });
});
