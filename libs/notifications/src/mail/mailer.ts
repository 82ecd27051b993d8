/** An email to one person. `id` is the same for each attempt; a mailer uses it as an idempotency key if its provider has one. */
export interface Mail {
  readonly id: string;
  readonly to: { readonly name?: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Sent as the header `X-Correlation-ID`, which identifies the request that caused the email. */
  readonly correlationId: string;
}

export interface Mailer {
  /**
   * Sends one email.
   *
   * @returns the message id of the provider.
   * @throws PostponeError if the provider cannot accept emails at the moment. Any other error refuses this email.
   */
  send(mail: Mail): Promise<{ messageId: string }>;
}

export const MAILER = Symbol('pikaia.mailer');
