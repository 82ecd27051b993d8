import { cappedText, countText } from './count-text.js';

it('marks a count at which the api stopped', () => {
  expect([cappedText(10_000), cappedText(10_001)]).toEqual(['10,000', '10,000+']);
});

it.each([
  [0, false, '0 events'],
  [1, false, '1 event'],
  [1, true, '1+ events'],
  [10_000, true, '10,000+ events'],
] as const)('counts %d events, of which there may be more: %s', (count, isCapped, text) => {
  expect(countText(count, 'event', isCapped)).toBe(text);
});
