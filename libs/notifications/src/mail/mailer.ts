/** A letter to one person. `id` is the same however often it is sent: whoever can, uses it to send it once. */
export interface Mail {
  readonly id: string;
  readonly to: { readonly name?: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Shown in the letter's headers, so that it leads back to the request that caused it. */
  readonly correlationId: string;
}

export interface Mailer {
  /**
   * @returns the provider's id of the message.
   * @throws PostponeError where it cannot be reached at the moment; any other error is a refusal of this letter.
   */
  send(mail: Mail): Promise<{ messageId: string }>;
}

export const MAILER = Symbol('pikaia.mailer');
