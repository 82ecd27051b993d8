import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { getLogger } from '@pikaia/logging';
import { type Observable, tap } from 'rxjs';
import { AUDIT_DECLARATION, type AuditDeclaration } from './audited.decorator.js';
import { requestRecords } from './request-records.js';

const logger = getLogger('audit');

/**
 * Logs `audit_record_missing` for a 2xx response if none of the declared actions has a committed record, unless the request called
 * `nothingToRecord`.
 */
@Injectable()
export class CompletenessInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handler = execution.getHandler();
    const declared = Reflect.getMetadata(AUDIT_DECLARATION, handler) as AuditDeclaration | undefined;
    if (!declared || !('actions' in declared) || execution.getType() !== 'http') return next.handle();
    const { actions } = declared;
    const records = requestRecords.getOrCreate(); // undefined outside a context, where nothing can be recorded
    return next.handle().pipe(
      tap({
        complete: () => {
          const { statusCode } = execution.switchToHttp().getResponse<{ statusCode: number }>();
          if (statusCode < 200 || statusCode > 299 || records?.nothingToRecord) return;
          if (actions.some((action) => records?.actions.has(action))) return;
          logger.error('audit_record_missing', {
            'audit.action': actions.map(({ name }) => name).join(', '),
            'audit.handler': `${execution.getClass().name}.${handler.name}`,
          });
        },
      }),
    );
  }
}
