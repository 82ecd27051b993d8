import { PikaiaError } from '@pikaia/core';
import { PostponeError } from '@pikaia/events';

/** Errors with status 400 whose cause is not the email. A retry succeeds later, or after an operator repairs the account. */
const POSTPONED_ERRORS = new Set([
  'TooManyRequestsException',
  'LimitExceededException',
  'ThrottlingException',
  'AccountSuspendedException',
  'SendingPausedException',
  'MailFromDomainNotVerifiedException',
  'ExpiredTokenException',
  'RequestExpired',
]);
const UNREACHABLE_ERRORS = new Set(['AbortError', 'TimeoutError', 'CredentialsProviderError', 'TokenProviderError']);

/**
 * Maps an error of the SES client. Returns a PostponeError if the email is not the cause: SES is unreachable, throttled or
 * paused, or the permission is missing. Returns `PIKAIA_MAIL_REFUSED` if SES refuses this email, with the addresses that SES
 * quotes replaced. Returns other errors unchanged.
 */
export function toMailError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = error;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (UNREACHABLE_ERRORS.has(name)) return new PostponeError(`SES is unreachable (${name}).`, { cause: error });
  if (status === undefined) return error;
  if (status !== 400 || POSTPONED_ERRORS.has(name))
    return new PostponeError(`SES does not accept emails at the moment (${name}).`, { cause: error });
  return new PikaiaError('PIKAIA_MAIL_REFUSED', `SES refused the email: ${name}: ${message.replaceAll(/\S+@\S+/g, '[address]')}`);
}
