import { inspect } from 'node:util';
import { systemErrorText } from '../setup/disk-errors.mjs';

/** An error whose message is enough for the user. It is printed without a stack trace. */
export class PlainError extends Error {}

const CONNECTION = /^(timeout expired|Connection terminated|SASL: )/; // errors of pg that have no code

/**
 * The text to print for any thrown value, with secrets redacted. PlainErrors, PikaiaErrors and network errors have no stack
 * trace. Other errors have their stack, their causes and their inner errors.
 */
export async function describeError(error: unknown): Promise<string> {
  // Before the first build the libraries do not exist. There are no connections yet, so no error can contain a password.
  const libraries = await Promise.all([import('@pikaia/core'), import('@pikaia/logging')]).catch(() => undefined);
  if (!libraries) return error instanceof PlainError ? error.message : (systemErrorText(error) ?? inspect(error));
  const [{ redactText }, { describeThrown }] = libraries;
  const { reason, summary, chain } = describeThrown(error);
  try {
    if (!(error instanceof Error)) return summary;
    const { message, code, severity } = error as NodeJS.ErrnoException & { severity?: string };
    if (error instanceof PlainError) return redactText(message);
    if (typeof code === 'string' && code.startsWith('PIKAIA_')) return `${redactText(message)} (${code})`;
    const systemError = systemErrorText(error);
    if (systemError !== undefined) return redactText(systemError);
    return severity || error instanceof AggregateError || CONNECTION.test(message) ? reason : chain;
  } catch {
    return summary; // a getter or a proxy that throws
  }
}

/** True if a connection could not be opened or has ended. */
export const isNetworkError = (error: unknown): boolean =>
  error instanceof Error &&
  (systemErrorText(error) !== undefined || error instanceof AggregateError || CONNECTION.test(error.message));

/** The message of an error, for use inside another message. */
export async function reasonOf(error: unknown): Promise<string> {
  const { errorMessage } = await import('@pikaia/logging');
  return errorMessage(error);
}
