import { CallLatency } from './call-latency.js';

const MAX_TIMEOUT_MS = 10_000;

describe('CallLatency', () => {
  const after = (...milliseconds: number[]): CallLatency => {
    const latency = new CallLatency(MAX_TIMEOUT_MS);
    for (const one of milliseconds) latency.recordAnswer(one);
    return latency;
  };
  const many = (milliseconds: number): number[] => Array<number>(100).fill(milliseconds);

  it('uses the configured timeout before the first answer', () => {
    const latency = new CallLatency(MAX_TIMEOUT_MS);
    expect([latency.usualMs, latency.timeoutMs]).toEqual([Infinity, MAX_TIMEOUT_MS]);
  });

  it('expects about the mean of equal calls, and more if they differ', () => {
    expect(after(...many(50)).usualMs).toBeCloseTo(50, 0);
    expect(after(...many(50).flatMap((one) => [one, 2 * one])).usualMs).toBeGreaterThan(150);
  });

  it('has a timeout of four times the usual time, of at least a second and at most the configured one', () => {
    expect(after(...many(50)).timeoutMs).toBe(1000);
    expect(after(...many(500)).timeoutMs).toBeCloseTo(2000, 0);
    expect(after(...many(5000)).timeoutMs).toBe(MAX_TIMEOUT_MS);
    expect(new CallLatency(300).timeoutMs).toBe(300);
  });

  it('doubles the timeout once for all calls of a round that time out, until a call is answered', () => {
    const latency = after(...many(50));
    for (const expected of [2000, 4000, 8000, MAX_TIMEOUT_MS, MAX_TIMEOUT_MS]) {
      const { timeoutMs } = latency;
      for (let call = 0; call < 8; call++) latency.recordTimeout(timeoutMs);
      expect(latency.timeoutMs).toBe(expected);
    }
    latency.recordAnswer(50);
    expect(latency.timeoutMs).toBe(1000);
  });

  it('adapts to a bus that has become slow', () => {
    const latency = after(...many(50));
    latency.recordTimeout(1000);
    latency.recordAnswer(1900); // within the doubled timeout
    expect(latency.timeoutMs).toBeGreaterThan(1900);
  });
});
