import { filterText, previewText, replayOfList } from './replay-selection.js';

const sink = { sink: 'local/mail', state: 'active', matched: 0, dead_letters: 0, first_deliveries: 0, skipped: 0, is_capped: false } as const; // prettier-ignore

it('translates the filters of the list of events into those of a replay', () => {
  expect(replayOfList({ status: 'failed', sink: 'local/mail', error: 'full', fingerprint: 'aaaaaaaaaaaaaaaa' })).toEqual({
    filter: { status: 'failed', error: 'full', fingerprint: 'aaaaaaaaaaaaaaaa' },
    sink: 'local/mail',
  });
  expect(replayOfList({ event_id: 'x', event_type: 'member.invited' })).toEqual({
    filter: { event_ids: ['x'], event_type: 'member.invited' },
    sink: undefined,
  });
});

it.each([
  [{}, 'Choose a filter first'],
  [{ sink: 'local/mail' }, 'Choose a filter first'],
  [{ status: 'not_wanted' }, 'Events that are not wanted can only be selected.'],
  [{ status: 'failed', tier: 'gold' }, 'cannot select events by tier'],
])('says why the events of the filters %j cannot be replayed together', (filters, reason) => {
  expect(replayOfList(filters)).toEqual({ impossible: expect.stringContaining(reason) });
});

it.each([
  [{}, 'Nothing is sent.'],
  [{ is_capped: true }, 'No event among the newest 100,000 of the log.'],
  [{ matched: 1 }, '1 event sent again.'],
  [{ matched: 10_000, is_capped: true }, '10,000+ events sent again.'],
  [
    { matched: 10, dead_letters: 1, first_deliveries: 2, skipped: 3 },
    '4 events sent again, 1 failed event retried, 2 events sent for the first time, 3 events skipped, because the handler skips replays.',
  ],
  [
    { matched: 2, dead_letters: 2, state: 'paused' as const },
    '2 failed events retried. The sink is paused: this begins when it is resumed.',
  ],
])('says what a replay with %j would do at a sink', (changes, text) => {
  expect(previewText({ ...sink, ...changes })).toBe(text);
});

it.each([
  [{ event_id: 'x' }, '1 event'],
  [{ event_ids: ['x', 'y'], event_type: 'member.invited' }, '2 events with event type member.invited'],
  [{ status: 'failed', error: '<b>' }, 'events with status failed, error <b>'],
  [{}, 'events'],
])('names the conditions of the filter %j', (filter, text) => {
  expect(filterText(filter)).toBe(text);
});
