import { type DynamicModule, Inject, Injectable, Module, type OnModuleInit, type Provider } from '@nestjs/common';
import { APP_INTERCEPTOR, ModulesContainer } from '@nestjs/core';
import { defaultRoles, type RoleNames } from '@pikaia/database';
import { DataSource } from 'typeorm';
import { checkAuditDeclarations } from './completeness/check-audit-declarations.js';
import { CompletenessInterceptor } from './completeness/completeness.interceptor.js';
import { checkFieldPolicies } from './diff/check-field-policies.js';
import { AUDIT_LOG_OPTIONS, AuditLog, type AuditLogOptions } from './query/audit-log.query.js';
import { Audit } from './record/audit.service.js';

export interface AuditModuleOptions {
  /** Signs the cursors of AuditLog: the same in all processes. Without it AuditLog is not provided. */
  readonly cursorKey?: string | Uint8Array;
  readonly roles?: RoleNames;
}

/** Stops the start of an application whose declarations are incomplete. */
@Injectable()
class AuditDeclarations implements OnModuleInit {
  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(DataSource) private readonly source: DataSource,
  ) {}

  onModuleInit(): void {
    checkFieldPolicies(this.source);
    checkAuditDeclarations(this.modules);
  }
}

/**
 * The audit trail, for the whole application: `Audit` writes it, `AuditLog` reads it. The application does not start
 * while a mutating route declares neither `@Audited` nor `@NotAudited`, or while a column of an audited entity has no policy or
 * one that cannot be applied; see checkFieldPolicies.
 * Needs DatabaseModule.
 */
@Module({})
export class AuditModule {
  static forRoot({ cursorKey, roles = defaultRoles }: AuditModuleOptions = {}): DynamicModule {
    const reading: Provider[] =
      cursorKey === undefined
        ? []
        : [AuditLog, { provide: AUDIT_LOG_OPTIONS, useValue: { cursorKey, roles } satisfies AuditLogOptions }];
    return {
      module: AuditModule,
      global: true,
      providers: [Audit, ...reading, AuditDeclarations, { provide: APP_INTERCEPTOR, useClass: CompletenessInterceptor }],
      exports: [Audit, ...(cursorKey === undefined ? [] : [AuditLog])],
    };
  }
}
