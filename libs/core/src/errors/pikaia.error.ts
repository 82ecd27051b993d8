/**
 * An error with a stable code. docs/errors.md explains the cause and the fix of each code.
 * The message says what to do. It contains no secret and no personal data.
 */
export class PikaiaError extends Error {
  override readonly name: string = 'PikaiaError';

  constructor(
    readonly code: `PIKAIA_${string}`,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
