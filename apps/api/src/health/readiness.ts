import { Injectable } from '@nestjs/common';

/** The readiness of this process. Detects changes, so each change is logged once and not at each probe. */
@Injectable()
export class Readiness {
  /** True while the process shuts down, so the load balancer stops sending requests before the server closes. */
  draining = false;
  private last = 'ready';

  /** Stores the state. Returns true if it differs from the previous one. */
  setState(state: string): boolean {
    const changed = state !== this.last;
    this.last = state;
    return changed;
  }
}
