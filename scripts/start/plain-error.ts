import { systemErrorText } from '../setup/disk-errors.mjs';

/** An error whose message is enough for the user. It is printed without a stack trace. */
export class PlainError extends Error {}

const CONNECTION = /^(timeout expired|Connection terminated|SASL: )/; // errors of pg that have no code

/** The text to print for an error, with secrets redacted. PlainErrors, PikaiaErrors and network errors have no stack trace. */
export async function describeError(error: unknown): Promise<string> {
  // Before the first build @pikaia/core does not exist. There are no connections yet, so no error can contain a password.
  const { redactText } = await import('@pikaia/core').catch(() => ({ redactText: (text: string) => text }));
  return redactText(textOf(error));
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof PlainError) return error.message;
  const { code, severity } = error as NodeJS.ErrnoException & { severity?: string };
  if (code?.startsWith?.('PIKAIA_')) return `${error.message} (${code})`;
  if (error instanceof AggregateError) return error.errors.map((one: Error) => one.message).join('; ');
  const systemError = systemErrorText(error);
  if (systemError !== undefined) return systemError;
  return severity || CONNECTION.test(error.message) ? error.message : String(error.stack);
}
