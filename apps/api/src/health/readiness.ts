import { Injectable } from '@nestjs/common';

/** Whether this process wants requests; a change is reported once, not with every question. */
@Injectable()
export class Readiness {
  /** Set when the process shuts down: the load balancer stops sending before the server closes. */
  draining = false;
  private last = 'ready';

  /** True if the state differs from the one reported before. */
  report(state: string): boolean {
    const changed = state !== this.last;
    this.last = state;
    return changed;
  }
}
