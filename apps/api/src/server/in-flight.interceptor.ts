import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { finalize, type Observable } from 'rxjs';

/**
 * Counts the handlers at work. Closing the server does not wait for the handler of a request whose client went away,
 * and closing the data source under it would kill its transaction: so the shutdown waits for this counter first.
 */
@Injectable()
export class InFlightInterceptor implements NestInterceptor {
  private count = 0;
  private idle: (() => void)[] = [];

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.count++;
    return next.handle().pipe(
      finalize(() => {
        if (--this.count > 0) return;
        for (const done of this.idle.splice(0)) done();
      }),
    );
  }

  /** Settles when no handler is at work. */
  whenIdle(): Promise<void> {
    return this.count === 0 ? Promise.resolve() : new Promise((done) => this.idle.push(done));
  }
}
