import { context } from '@pikaia/core';
import { LogField, queryStatsFields } from '@pikaia/logging';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { CountRaised, TOKEN_KEY, WaitFixture } from '../../../../test/support/outbox/wait.fixture.js';
import { decodeChangeToken, type Change } from './change-token.js';

const fixture = useFixture(new WaitFixture());
const publish = (aggregate = 'a'): Promise<string[]> => fixture.counts.publish([CountRaised], aggregate);

/** The changes in the token of some work. */
const changesOf = async (work: () => Promise<unknown>): Promise<readonly Change[]> =>
  context.run({}, async () => decodeChangeToken((await fixture.events.runWithToken(work)).token, TOKEN_KEY));

/** The transactions in the log, with their highest positions. */
const stored = async (): Promise<Change[]> =>
  (
    await fixture.owner.query<Change>(
      'select txid::text, max(position)::text as position from outbox.outbox_log group by txid order by outbox_log.txid',
    )
  ).rows;

describe('Events.runWithToken', () => {
  it('returns the result of the work, and a token with the transaction and its highest position', async () => {
    const change = await fixture.change(CountRaised, CountRaised);
    expect(change.ids).toHaveLength(2);
    expect(decodeChangeToken(change.token, TOKEN_KEY)).toEqual(await stored());
  });

  it('contains each transaction with events that the work commits, and none that is rolled back or has no events', async () => {
    const changes = await changesOf(async () => {
      await publish();
      await publish();
      await fixture.counts.run(() => fixture.source.query('select 1'));
      await fixture.counts
        .run(async () => {
          await publish();
          throw new Error('no');
        })
        .catch(() => undefined);
    });
    expect(changes).toHaveLength(2);
    expect(changes).toEqual(await stored());
  });

  it('contains no transaction whose events were all rolled back with their savepoint', async () => {
    const rolledBack = async (): Promise<never> => {
      await publish();
      throw new Error('no');
    };
    const changes = await changesOf(() =>
      fixture.counts.run(() =>
        fixture.counts.nested(rolledBack).catch(() => fixture.source.query('select pg_current_xact_id()')),
      ),
    );
    expect([changes, await stored()]).toEqual([[], []]);
  });

  it('keeps concurrent callers apart, and gives an outer caller the changes of an inner one', async () => {
    const outer = changesOf(async () => {
      const inner = await Promise.all([changesOf(() => publish('b')), changesOf(() => publish('c'))]);
      expect(inner.map((changes) => changes.length)).toEqual([1, 1]);
    });
    const other = changesOf(() => publish('d'));
    expect([(await outer).length, (await other).length]).toEqual([2, 1]);
  });

  it('adds one statement to a transaction whose caller wants a token, and none to another', async () => {
    const statementsOf = (work: () => Promise<unknown>): Promise<unknown> =>
      context.run({}, async () => {
        await work();
        return queryStatsFields()[LogField.queryCount];
      });
    const plain = (await statementsOf(() => publish())) as number;
    expect(await statementsOf(() => fixture.events.runWithToken(() => publish()))).toBe(plain + 1);
    const several = (): Promise<unknown> => fixture.counts.publish([CountRaised, CountRaised, CountRaised]);
    expect(await statementsOf(() => fixture.events.runWithToken(several))).toBe(plain + 3);
  });

  it('refuses to run inside a transaction, which commits only after it', async () => {
    await expect(
      context.run({}, () => fixture.counts.run(() => fixture.events.runWithToken(() => publish()))),
    ).rejects.toMatchObject({
      code: 'PIKAIA_CHANGE_UNCOMMITTED',
    });
  });
});
