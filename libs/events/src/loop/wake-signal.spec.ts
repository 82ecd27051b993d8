import { setImmediate as endOfTurn } from 'node:timers/promises';
import { WakeSignal } from './wake-signal.js';

describe('WakeSignal', () => {
  it('resolves once for all wakes in one turn of the event loop', async () => {
    const signal = new WakeSignal();
    let steps = 0;
    const stepping = (async () => {
      while (steps < 3) {
        await signal.wait(60_000);
        steps++;
      }
    })();
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        signal.wake();
        void Promise.resolve().then(() => signal.wake()); // an answer that arrives some microtasks later
        resolve();
      });
    });
    await endOfTurn();
    await endOfTurn();
    await endOfTurn();
    expect(steps).toBe(1);
    for (; steps < 3; await endOfTurn()) signal.wake();
    await stepping;
  });

  it('resolves the next wait at once after a wake between two waits', async () => {
    const signal = new WakeSignal();
    signal.wake();
    let isOver = false;
    const waiting = signal.wait(60_000).then(() => (isOver = true));
    for (let turn = 0; turn < 5; turn++) await endOfTurn();
    expect(isOver).toBe(true);
    await waiting;
  });
});
