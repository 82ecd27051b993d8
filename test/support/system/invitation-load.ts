import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ApiResponse, System } from './system.js';

const CLIENTS = 6;
const RETRY_DELAY_MS = 50; // far less than Retry-After, since the test needs many refusals

/** Clients that send invitations to new addresses in a loop until `stop`. */
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

  /** Resolves after the last response. Rejects if a request failed without a response. */
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
