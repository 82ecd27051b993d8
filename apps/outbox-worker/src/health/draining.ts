import { Injectable } from '@nestjs/common';

/** Whether the worker is shutting down: it is live, but no longer ready. */
@Injectable()
export class Draining {
  started = false;
}
