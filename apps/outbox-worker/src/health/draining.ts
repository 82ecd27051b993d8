import { Injectable } from '@nestjs/common';

/** True while the worker shuts down. The worker is then live but not ready. */
@Injectable()
export class Draining {
  started = false;
}
