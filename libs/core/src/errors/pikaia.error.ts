/**
 * An error with a stable code. docs/errors.md says for each code what causes it and what cures it.
 * The message says what to do; it holds no secret and no personal value.
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
