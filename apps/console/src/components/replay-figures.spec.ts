import { replayFigures, replayText } from './replay-figures.js';

const progress = {
  matched: 40,
  sent: 30,
  skipped: 4,
  dead_letters: 5,
  failed: 1,
  last_error: null,
  canceled: false,
  rate: 2,
  started_at: '2026-01-31T08:30:00.000Z',
  elapsed_ms: 20_000,
  start_position: '0',
  position: '9007199254740993',
  end_position: '9007199254740995',
  share: 0.25,
};

it('computes how far a replay is from the number of events that it is expected to send', () => {
  expect(replayFigures(progress, 120)).toEqual({ done: 40, share: 40 / 120, perSecond: 2, remainingMs: expect.closeTo(40_000) });
  expect(replayText(progress, 120)).toBe('40 of 120 events, 2.0 per second of at most 2, about 40.0 s left');
});

it('computes it from the part of the log that was read if the number is not known', () => {
  expect(replayText({ ...progress, rate: null }, null)).toBe('40 events, 25% of the log read, 2.0 per second, about 60.0 s left');
});

it.each([
  [
    'nothing is done',
    { ...progress, sent: 0, skipped: 0, dead_letters: 0, failed: 0 },
    120,
    '0 of 120 events, 0.0 per second of at most 2',
  ],
  ['no time has passed', { ...progress, elapsed_ms: 0 }, 40, '40 of 40 events, 0.0 per second of at most 2, about 0 ms left'],
  [
    'nothing is expected',
    { ...progress, sent: 0, skipped: 0, dead_letters: 0, failed: 0 },
    0,
    '0 of 0 events, 0.0 per second of at most 2',
  ],
  ['more events are done than expected', progress, 30, '40 of 40 events, 2.0 per second of at most 2, about 0 ms left'],
  ['it is canceled', { ...progress, canceled: true }, 120, '40 of 120 events, 2.0 per second of at most 2, being canceled'],
])('says how far a replay is when %s', (_, seen, expected, text) => {
  expect(replayText(seen, expected)).toBe(text);
});
