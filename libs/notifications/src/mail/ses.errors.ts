import { PikaiaError } from '@pikaia/core';
import { PostponeError } from '@pikaia/events';

/** Answers with status 400 that are not about the letter: trying later helps, or somebody has to mend the account. */
const NOT_THE_LETTERS = new Set([
  'TooManyRequestsException',
  'LimitExceededException',
  'ThrottlingException',
  'AccountSuspendedException',
  'SendingPausedException',
  'MailFromDomainNotVerifiedException',
  'ExpiredTokenException',
  'RequestExpired',
]);
const NO_ANSWER = new Set(['AbortError', 'TimeoutError', 'CredentialsProviderError', 'TokenProviderError']);

/**
 * What a failure to send means: PostponeError where it is not the letter's fault (not reached, throttled, paused, no
 * permission); `PIKAIA_MAIL_REFUSED` where SES refuses this letter; anything else as it is. SES quotes addresses: the
 * refusal does not.
 */
export function toMailError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = error;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (NO_ANSWER.has(name)) return new PostponeError(`SES was not reached (${name}).`, { cause: error });
  if (status === undefined) return error;
  if (status !== 400 || NOT_THE_LETTERS.has(name))
    return new PostponeError(`SES takes no letters now (${name}).`, { cause: error });
  return new PikaiaError(
    'PIKAIA_MAIL_REFUSED',
    `SES refused the letter: ${name}: ${message.replaceAll(/\S+@\S+/g, '[address]')}`,
  );
}
