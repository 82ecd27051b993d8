import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ApiResponse, System } from './system.js';

const CLIENTS = 6;
const RETRY_DELAY_MS = 50; // far less than Retry-After says: the test wants many refusals

/** People who invite somebody new again and again until they are stopped. */
export class InvitationLoad {
  readonly responses: { readonly answer: ApiResponse; readonly correlationId: string }[] = [];
  private readonly clients: Promise<void>[];
  private stopped = false;

  constructor(
    private readonly system: System,
    private readonly inviters: readonly string[],
  ) {
    this.clients = Array.from({ length: CLIENTS }, (_, index) => this.invite(index));
  }

  withStatus(status: number) {
    return this.responses.filter(({ answer }) => answer.status === status);
  }

  /** Resolves when the last answer is there; rejects where one never came. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.clients);
  }

  private async invite(index: number): Promise<void> {
    while (!this.stopped) {
      const correlationId = randomUUID();
      const answer = await this.system.request('POST', '/members/invitations', {
        as: this.inviters[index % this.inviters.length]!,
        body: { email: `${correlationId}@example.com`, role: 'member' },
        headers: { 'x-correlation-id': correlationId },
      });
      this.responses.push({ answer, correlationId });
      if (answer.status !== 201) await pause(RETRY_DELAY_MS);
    }
  }
}
