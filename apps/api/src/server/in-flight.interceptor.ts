import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { finalize, type Observable } from 'rxjs';

/**
 * Counts the handlers in flight, so that the shutdown can wait for them. Closing the server does not wait for the handler of a
 * disconnected client, and closing the data source would abort its transaction.
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

  /** Resolves when no handler is in flight. */
  whenIdle(): Promise<void> {
    return this.count === 0 ? Promise.resolve() : new Promise((done) => this.idle.push(done));
  }
}
