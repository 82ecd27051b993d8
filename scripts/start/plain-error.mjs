/** An error whose message is enough for the user. It is printed without a stack trace. */
export class PlainError extends Error {}

const CONNECTION = /^(timeout expired|Connection terminated|SASL: )/; // errors of pg that have no code

/** The text to print for an error, with secrets redacted. PlainErrors, PikaiaErrors and network errors have no stack trace. */
export async function describeError(error) {
  // Before the first build @pikaia/core does not exist. There are no connections yet, so no error can contain a password.
  const { redactText } = await import('@pikaia/core').catch(() => ({ redactText: (text) => text }));
  return redactText(String(textOf(error)));
}

function textOf(error) {
  if (error instanceof PlainError) return error.message;
  if (error.code?.startsWith?.('PIKAIA_')) return `${error.message} (${error.code})`;
  if (error instanceof AggregateError) return error.errors.map((one) => one.message).join('; ');
  return error.syscall || error.severity || CONNECTION.test(error.message) ? error.message : error.stack;
}
