// Each compared program runs in its own process, so that none inherits the heap or the warm code of another.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Runs a program of this folder with options, and returns the one message that it sends. */
export async function runProgram(path, options) {
  const program = startProgram(path, options);
  const answer = await program.next();
  await program.end();
  return answer;
}

/** Starts a program in the background. `next` awaits its next message, `ask` sends a request and awaits the answer, `end` ends it,
 * `output` is its stdout if that is piped. */
export function startProgram(path, options, { execArgv = [], env = {}, stdout = 'inherit' } = {}) {
  const child = fork(join(import.meta.dirname, path), [JSON.stringify(options ?? {})], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      LOG_LEVEL: 'error',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      ...env,
    },
    execArgv,
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
  });
  let output = '';
  child.stdout?.setEncoding('latin1').on('data', (chunk) => (output += chunk));
  // Not 'close': a child that outlives disconnect() for a while never emits it.
  const exited = Promise.all([once(child, 'exit'), child.stdout && once(child.stdout, 'close')]);
  const next = async () => {
    const [message] = await Promise.race([once(child, 'message'), exited.then(() => [undefined])]);
    if (message === undefined) throw new Error(`${path} ended before it was finished.`);
    return message;
  };
  return {
    next,
    ask(word) {
      const answer = next();
      child.send(word);
      return answer;
    },
    async end() {
      if (child.connected) child.disconnect();
      await exited;
    },
    output: () => output,
  };
}
