import { DatabaseCheck } from './database.check.js';

const TIMEOUT_MS = 20;

describe('DatabaseCheck', () => {
  it('sends one statement for concurrent calls, which time out until it ends, and sends a new one afterwards', async () => {
    const answers: ((error?: Error) => void)[] = [];
    const source = {
      query: () => new Promise<void>((resolve, reject) => answers.push((error) => (error ? reject(error) : resolve()))),
    };
    const check = new DatabaseCheck(source, TIMEOUT_MS);
    const unanswered = { status: 'rejected', reason: { code: 'PIKAIA_DATABASE_UNRESPONSIVE' } };
    expect(await Promise.allSettled([check.run(), check.run()])).toMatchObject([unanswered, unanswered]);
    await expect(check.run()).rejects.toMatchObject(unanswered.reason);
    expect(answers).toHaveLength(1);
    answers[0]!(new Error('closed')); // no call waits for it any more
    await new Promise((resolve) => setImmediate(resolve));
    const next = check.run();
    answers[1]!();
    await next;
  });

  it('throws the error of the statement', async () => {
    const check = new DatabaseCheck({ query: () => Promise.reject(new Error('refused')) });
    await expect(check.run()).rejects.toThrow('refused');
  });
});
