import { setImmediate as endOfTurn } from 'node:timers/promises';
import { context, newId } from '@pikaia/core';
import { BackgroundLoop } from './background.loop.js';

const NEVER_MS = 60_000;

describe('BackgroundLoop', () => {
  let results: (() => number | null)[];
  let runs: number;
  let failures: number[];
  let loop: BackgroundLoop;

  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await endOfTurn();
  };
  const fail = (): never => {
    throw new Error('no');
  };

  beforeEach(() => {
    [results, runs, failures] = [[], 0, []];
    loop = new BackgroundLoop({
      run: async () => {
        runs++;
        return (results.shift() ?? (() => NEVER_MS))();
      },
      onError: (_error, count) => {
        failures.push(count);
        return NEVER_MS;
      },
    });
  });
  afterEach(() => loop.stop());

  it('runs once at start and again after a wake', async () => {
    loop.start();
    loop.start();
    await turns();
    expect(runs).toBe(1);
    loop.wake();
    await turns();
    expect(runs).toBe(2);
  });

  it('waits out the pause after an error, whatever wakes it', async () => {
    results = [fail];
    loop.start();
    await turns();
    loop.wake();
    await turns();
    expect([runs, failures]).toEqual([1, [1]]);
  });

  it('stops without waiting for a pause, after a success and after an error', async () => {
    loop.start();
    await turns();
    await loop.stop();
    results = [fail];
    loop.start();
    await turns();
    await loop.stop();
    expect([runs, loop.isStarted]).toEqual([2, false]);
  });

  it('counts consecutive errors, and restarts the count after a success', async () => {
    const pauses = [fail, fail, () => 0, fail];
    loop = new BackgroundLoop({
      run: async () => (pauses.shift() ?? (() => null))(),
      onError: (_error, count) => {
        failures.push(count);
        return 0;
      },
    });
    loop.start();
    while (pauses.length) await turns();
    await turns();
    expect(failures).toEqual([1, 2, 1]);
  });

  it('ends when a run returns null', async () => {
    results = [() => null];
    loop.start();
    await turns();
    loop.wake();
    await turns();
    expect(runs).toBe(1);
  });

  it('runs outside the context of the caller', async () => {
    let seen: unknown = 'not run';
    loop = new BackgroundLoop({
      run: async () => {
        seen = context.current;
        return null;
      },
      onError: () => null,
    });
    await context.run({ correlationId: newId() }, async () => loop.start());
    await turns();
    expect(seen).toBeUndefined();
  });
});
