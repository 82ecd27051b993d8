import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { getLogger } from '@pikaia/logging';
import { type Observable, tap } from 'rxjs';
import { AUDIT_DECLARATION, type AuditDeclaration } from './audited.decorator.js';
import { requestRecords } from './request-records.js';

const logger = getLogger('audit');

/**
 * Logs `audit_record_undeclared` for a record whose action the handler does not declare, so that the declarations can be trusted. Logs
 * `audit_record_missing` for a 2xx response if none of the declared actions has a committed record, unless the request called
 * `nothingToRecord`.
 */
@Injectable()
export class CompletenessInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (execution.getType() !== 'http') return next.handle();
    const handler = execution.getHandler();
    const declaration = Reflect.getMetadata(AUDIT_DECLARATION, handler) as AuditDeclaration | undefined;
    const declared = declaration && 'actions' in declaration ? declaration.actions : [];
    const records = requestRecords.getOrCreate(); // undefined outside a context, where nothing can be recorded
    return next.handle().pipe(
      tap({
        complete: () => {
          const handledBy = `${execution.getClass().name}.${handler.name}`;
          for (const action of records?.actions ?? []) {
            if (declared.includes(action)) continue;
            logger.error('audit_record_undeclared', { 'audit.action': action.name, 'audit.handler': handledBy });
          }
          const { statusCode } = execution.switchToHttp().getResponse<{ statusCode: number }>();
          if (declared.length === 0 || statusCode < 200 || statusCode > 299 || records?.nothingToRecord) return;
          if (declared.some((action) => records?.actions.has(action))) return;
          const names = declared.map(({ name }) => name).join(', ');
          logger.error('audit_record_missing', { 'audit.action': names, 'audit.handler': handledBy });
        },
      }),
    );
  }
}
