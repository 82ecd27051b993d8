import { DatabaseCheck } from './database.check.js';

const LIMIT_MS = 20;

describe('DatabaseCheck', () => {
  it('shares one statement between calls, fails each in time while it is not answered, and works again afterwards', async () => {
    const answers: ((error?: Error) => void)[] = [];
    const source = {
      query: () => new Promise<void>((resolve, reject) => answers.push((error) => (error ? reject(error) : resolve()))),
    };
    const check = new DatabaseCheck(source, LIMIT_MS);
    const unanswered = { status: 'rejected', reason: { code: 'PIKAIA_DATABASE_UNRESPONSIVE' } };
    expect(await Promise.allSettled([check.run(), check.run()])).toMatchObject([unanswered, unanswered]);
    await expect(check.run()).rejects.toMatchObject(unanswered.reason);
    expect(answers).toHaveLength(1);
    answers[0]!(new Error('closed')); // nobody waits for it any more
    await new Promise((resolve) => setImmediate(resolve));
    const next = check.run();
    answers[1]!();
    await next;
  });

  it('throws what the statement throws', async () => {
    const check = new DatabaseCheck({ query: () => Promise.reject(new Error('refused')) });
    await expect(check.run()).rejects.toThrow('refused');
  });
});
