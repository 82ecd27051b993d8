import { setImmediate as endOfTurn } from 'node:timers/promises';
import { WakeSignal } from './wake-signal.js';

describe('WakeSignal', () => {
  it('answers all that happens in a turn of the event loop at once', async () => {
    const pulse = new WakeSignal();
    let steps = 0;
    const stepping = (async () => {
      while (steps < 3) {
        await pulse.wait(60_000);
        steps++;
      }
    })();
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        pulse.wake();
        void Promise.resolve().then(() => pulse.wake()); // an answer that is only known some microtasks later
        resolve();
      });
    });
    await endOfTurn();
    await endOfTurn();
    await endOfTurn();
    expect(steps).toBe(1);
    for (; steps < 3; await endOfTurn()) pulse.wake();
    await stepping;
  });

  it('keeps a wake that comes between two waits', async () => {
    const pulse = new WakeSignal();
    pulse.wake();
    let isOver = false;
    const waiting = pulse.wait(60_000).then(() => (isOver = true));
    for (let turn = 0; turn < 5; turn++) await endOfTurn();
    expect(isOver).toBe(true);
    await waiting;
  });
});
