import { systemClock } from '@pikaia/core';
import { KeepAlive } from './keep-alive.js';
import type { Leader } from './leader.js';

describe('KeepAlive', () => {
  let now: number;
  let lost: Error | undefined;
  let pings: number;
  let keepAlive: KeepAlive;

  beforeEach(() => {
    [now, lost, pings] = [0, undefined, 0];
    const leader = {
      throwIfLost: () => {
        if (lost) throw lost;
      },
      ping: async () => void pings++,
    };
    const clock = { ...systemClock, monotonic: () => now };
    keepAlive = new KeepAlive({ clock, leaderTimeoutMs: 900 }, leader as unknown as Leader);
  });

  it('pings the server three times within the leader timeout', async () => {
    for (now = 0; now < 900; now += 50) await keepAlive.step();
    expect(pings).toBe(3);
    expect(keepAlive.dueInMs).toBe(0);
  });

  it('reports a lost connection even if no ping is due', async () => {
    await keepAlive.step();
    lost = new Error('gone');
    expect(() => keepAlive.step()).toThrow(lost);
  });
});
