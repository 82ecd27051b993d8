/** A failure whose message tells a person all that there is to know; printed without a stack. */
export class PlainError extends Error {}

const CONNECTION = /^(timeout expired|Connection terminated|SASL: )/; // pg gives these errors no code

/** What to print of any failure, without secrets: ours, PikaiaErrors and those of the network in plain words, others with their stack. */
export async function plainly(error) {
  // Before the first build there is no library yet, and no connection whose password an error could quote.
  const { redactText } = await import('@pikaia/core').catch(() => ({ redactText: (text) => text }));
  return redactText(String(textOf(error)));
}

function textOf(error) {
  if (error instanceof PlainError) return error.message;
  if (error.code?.startsWith?.('PIKAIA_')) return `${error.message} (${error.code})`;
  if (error instanceof AggregateError) return error.errors.map((one) => one.message).join('; ');
  return error.syscall || error.severity || CONNECTION.test(error.message) ? error.message : error.stack;
}
