import { parseArgs, type ParseArgsConfig } from 'node:util';
import { describeError } from './plain-error.ts';

/** The command line is invalid. `runScript` prints the message and the usage, and the exit status is 2. */
export class UsageError extends Error {}

/** Runs a script with its arguments and sets the exit status that `main` resolves with. `--help` prints the usage. */
export async function runScript(usage: string, main: (args: string[]) => Promise<number>): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args[0] === 'help') {
    console.log(usage);
    return;
  }
  try {
    process.exitCode = await main(args);
  } catch (error) {
    const isUsageError = error instanceof UsageError;
    console.error(isUsageError ? `${error.message}\n\n${usage}` : await describeError(error));
    process.exitCode = isUsageError ? 2 : 1;
  }
}

/**
 * `parseArgs` of Node.
 *
 * @throws UsageError if an argument is not one of `config`, or is empty: an unset shell variable must not widen a command.
 */
export function parseCommandLine<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  const parsed = parsedArguments(config);
  for (const [name, value] of Object.entries(parsed.values))
    if (value === '') throw new UsageError(`--${name} is empty. Give it a value, or leave it out.`);
  if ((parsed.positionals as readonly string[]).includes('')) throw new UsageError('An argument is empty.');
  return parsed;
}

function parsedArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
