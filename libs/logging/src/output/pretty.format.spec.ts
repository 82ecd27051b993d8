import { prettyText } from './pretty.format.js';

const record = {
  timestamp: '2026-01-17T10:23:45.123Z',
  level: 'ERROR',
  logger: 'members',
  event: 'invite_failed',
  trace_id: '01a21046-dae6-751d-b37d-68216660c9c7',
  'usr.id': 'u1',
  'usr.email': 'alice@example.com',
  'http.method': 'POST',
  'http.url_details.path': '/members',
  duration: 152_340_000,
  amount: 100,
  text: 'two words',
  nested: { a: [1] },
  service: 'pikaia-api',
  env: 'development',
};

describe('prettyText', () => {
  it('formats a record as one line: time, level, logger, event, end of the trace id, fields and user', () => {
    expect(prettyText(JSON.stringify(record), false)).toMatch(
      /^\d\d:\d\d:45\.123 ERROR {4}members invite_failed #6660c9c7 duration=152\.3ms amount=100 text="two words" nested=\{"a":\[1\]\} alice@example\.com$/,
    );
  });

  it('shows each duration in milliseconds', () => {
    const durations = { 'db.duration': 20_600_000, 'db.transaction_duration': 22_917_072 };
    const text = prettyText(JSON.stringify({ ...record, ...durations }), false);
    expect(text).toContain(' db.duration=20.6ms db.transaction_duration=22.9ms ');
  });

  it('quotes keys that could be taken for several fields, and empty ones', () => {
    const { text, nested, ...few } = record;
    expect(
      prettyText(JSON.stringify({ ...few, 'k y=1 level': text, '': nested, 'a"b': 1, naïve: 2, 'usr-2@x.y:z': 3 }), false),
    ).toMatch(/ amount=100 "k y=1 level"="two words" ""=\{"a":\[1\]\} "a\\"b"=1 "naïve"=2 usr-2@x\.y:z=3 alice@example\.com$/);
  });

  it('shows service, environment and version on the line of the start', () => {
    expect(prettyText(JSON.stringify({ ...record, event: 'application_started', version: '1.2.3' }), false)).toMatch(
      / service=pikaia-api env=development version=1\.2\.3 /,
    );
  });

  it('shows method and path on an access line', () => {
    const { amount: _amount, text: _text, nested: _nested, ...access } = { ...record, 'http.status_code': 201 };
    expect(prettyText(JSON.stringify(access), false)).toMatch(
      /invite_failed #6660c9c7 POST \/members duration=152\.3ms http\.status_code=201 alice@example\.com$/,
    );
  });

  it('prints the stack indented below the line', () => {
    const stack = 'Error: no\n    at a (b.ts:1:1)\nCaused by: Error: why';
    const text = prettyText(JSON.stringify({ ...record, 'error.message': 'no', exc_info: stack }), false);
    expect(text.split('\n').slice(1)).toEqual(['    Error: no', '        at a (b.ts:1:1)', '    Caused by: Error: why']);
    expect(text).not.toContain('error.message');
  });

  it('prints colors only if they are enabled', () => {
    expect(prettyText(JSON.stringify(record), false)).not.toContain('\u001b');
    expect(prettyText(JSON.stringify(record), true)).toContain('\u001b[31mERROR');
  });

  it('removes all control characters that a terminal would interpret', () => {
    const hostile = '\u001b[2J\u0007\r\n\u009b31m\u202e';
    const forged = { ...record, event: hostile, logger: hostile, trace_id: hostile, [hostile]: hostile, exc_info: hostile };
    // oxlint-disable-next-line no-control-regex -- none of them may remain
    expect(prettyText(JSON.stringify(forged), false).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });
});
