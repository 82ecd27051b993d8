import { ConnectionBudget } from './connection.budget.js';

describe('ConnectionBudget', () => {
  const started: string[] = [];
  beforeEach(() => {
    started.length = 0;
  });
  const use = async (budget: ConnectionBudget, consumer: string): Promise<() => void> => {
    const release = await budget.acquire(consumer);
    started.push(consumer);
    return release;
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('keeps two connections of the pool free, and one for each other consumer', async () => {
    const budget = new ConnectionBudget(10, ['one', 'two', 'three']);
    for (let call = 0; call < 20; call++) void use(budget, 'one');
    await turn();
    expect(started).toEqual(Array(6).fill('one'));
    void use(budget, 'two');
    void use(budget, 'two');
    void use(budget, 'three');
    await turn();
    expect(started.slice(6)).toEqual(['two', 'three']);
  });

  it('passes a connection that is given back to the call that has waited longest and may use it', async () => {
    const budget = new ConnectionBudget(5, ['one', 'two']); // one connection is shared
    const held = [await use(budget, 'one'), await use(budget, 'one'), await use(budget, 'two')];
    for (const consumer of ['one', 'two', 'one']) void use(budget, consumer);
    started.length = 0;
    held[2]!(); // of `two`: its own connection is not for `one`
    await turn();
    expect(started).toEqual(['two']);
    held[1]!();
    held[1]!(); // a second call does nothing
    await turn();
    expect(started).toEqual(['two', 'one']);
    held[0]!();
    await turn();
    expect(started).toEqual(['two', 'one', 'one']);
  });

  it('never lets the consumers use more connections than the pool has, and starts every call', async () => {
    const budget = new ConnectionBudget(7, ['one', 'two', 'three']);
    let running = 0;
    let most = 0;
    const work = async (consumer: string): Promise<void> => {
      const release = await budget.acquire(consumer);
      most = Math.max(most, ++running);
      await turn();
      running--;
      release();
    };
    await Promise.all(Array.from({ length: 300 }, (_, index) => work(['one', 'two', 'three'][index % 3]!)));
    expect([running, most]).toEqual([0, 5]);
  });

  it('refuses a pool that has not one connection for each consumer', () => {
    expect(() => new ConnectionBudget(4, ['one', 'two', 'three'])).toThrow(
      expect.objectContaining({
        code: 'PIKAIA_DATABASE_POOL_TOO_SMALL',
        message: expect.stringMatching(/has 4 connections.*one, two, three.*at least 5/),
      }),
    );
    expect(() => new ConnectionBudget(5, ['one', 'two', 'three'])).not.toThrow();
    expect(() => new ConnectionBudget(1, [])).not.toThrow();
  });
});
