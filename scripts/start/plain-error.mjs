/** A failure whose message tells a person all that there is to know; printed without a stack. */
export class PlainError extends Error {}

const CONNECTION = /^(timeout expired|Connection terminated|SASL: )/; // pg gives these errors no code

/** What to print of any failure: ours, PikaiaErrors and those of the network in plain words, others with their stack. */
export function plainly(error) {
  if (error instanceof PlainError) return error.message;
  if (error.code?.startsWith?.('PIKAIA_')) return `${error.message} (${error.code})`;
  if (error instanceof AggregateError) return error.errors.map((one) => one.message).join('; ');
  return error.syscall || error.severity || CONNECTION.test(error.message) ? error.message : error.stack;
}
