import { DatabaseClock } from './database.clock.js';

const HOUR_MS = 3_600_000;

describe('DatabaseClock', () => {
  let now: number; // of the database and, in monotonic milliseconds, of the process
  let clock: DatabaseClock;

  beforeEach(() => {
    now = 1_000_000;
    clock = new DatabaseClock({ now: () => new Date(now + HOUR_MS), monotonic: () => now - 500_000 });
  });

  /** Asks for the time of the database. The server answers after `sendMs`, and the answer arrives `receiveMs` later. */
  function ask(sendMs: number, receiveMs: number, aheadMs = 0): void {
    const sentAt = clock.monotonic();
    now += sendMs;
    const databaseMs = now + aheadMs;
    now += receiveMs;
    clock.observe(databaseMs, sentAt);
  }
  const errorMs = () => clock.now().getTime() - now;

  it('is the clock of the process before the first observation', () => {
    expect(errorMs()).toBe(HOUR_MS);
  });

  it('follows the database, whatever the clock of the process is', () => {
    ask(1, 1);
    expect(errorMs()).toBe(0);
    now += HOUR_MS;
    expect(errorMs()).toBe(0);
  });

  it('keeps the observation with the shortest round trip', () => {
    ask(0, 400);
    expect(errorMs()).toBe(-200);
    ask(1, 1);
    expect(errorMs()).toBe(0);
    ask(0, 400);
    expect(errorMs()).toBe(0);
  });

  it('follows a clock of the database that is set forward or back, even if that round trip is longer', () => {
    ask(1, 1);
    ask(5, 5, HOUR_MS);
    expect(errorMs()).toBe(HOUR_MS);
    ask(9, 9, -HOUR_MS);
    expect(errorMs()).toBe(-HOUR_MS);
  });
});
