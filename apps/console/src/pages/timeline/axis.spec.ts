import * as fc from 'fast-check';
import { axisOf, type Interval } from './axis.js';

const intervals = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 100_000_000 }), fc.integer({ min: 0, max: 10_000 }))
    .map(([start, length]): Interval => ({ start, end: start + length })),
  { minLength: 1, maxLength: 40 },
);

describe('axisOf', () => {
  it('places every time between 0 and 1, and a later time never before an earlier one', () => {
    fc.assert(
      fc.property(intervals, (entries) => {
        const axis = axisOf(entries);
        const times = entries.flatMap(({ start, end }) => [start, end]).toSorted((a, b) => a - b);
        const places = times.map((time) => axis.place(time));
        expect(places.every((place) => place >= 0 && place <= 1 + 1e-9)).toBe(true);
        for (const [index, place] of places.entries()) expect(place).toBeGreaterThanOrEqual((places[index - 1] ?? 0) - 1e-9);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('draws all durations to one scale, whatever the gaps between them', () => {
    fc.assert(
      fc.property(intervals, (entries) => {
        const axis = axisOf(entries);
        const scales = entries
          .filter(({ start, end }) => end - start >= 100)
          .map(({ start, end }) => (axis.place(end) - axis.place(start)) / (end - start));
        for (const scale of scales) expect(scale).toBeCloseTo(scales[0]!, 9);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('shortens a long time in which nothing happens, and no other', () => {
    const axis = axisOf([
      { start: 0, end: 100 },
      { start: 400, end: 500 },
      { start: 3_600_000, end: 3_600_100 },
    ]);
    expect(axis.gaps.map(({ start, end }) => [start, end])).toEqual([[500, 3_600_000]]);
    expect(axis.place(100)).toBeGreaterThan(0.1);
    expect(axis.place(3_600_100)).toBeCloseTo(1, 9);
  });

  it('has a place for a single moment, and for no entry at all', () => {
    expect(axisOf([{ start: 5, end: 5 }]).place(5)).toBe(0);
    expect(axisOf([]).place(5)).toBe(0);
  });
});
