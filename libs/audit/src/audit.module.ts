import { type DynamicModule, Inject, Injectable, Module, type OnModuleInit, type Provider } from '@nestjs/common';
import { checkSigningKey } from '@pikaia/core';
import { APP_INTERCEPTOR, ModulesContainer } from '@nestjs/core';
import { defaultRoles, type RoleNames } from '@pikaia/database';
import { DataSource } from 'typeorm';
import { checkAuditDeclarations } from './completeness/check-audit-declarations.js';
import { CompletenessInterceptor } from './completeness/completeness.interceptor.js';
import { checkFieldPolicies } from './diff/check-field-policies.js';
import { AUDIT_LOG_OPTIONS, AuditLog, type AuditLogOptions } from './query/audit-log.query.js';
import { Audit } from './record/audit.service.js';

export interface AuditModuleOptions {
  /** Key that signs the cursors of AuditLog. Use the same key in all processes. Without a key, AuditLog is not provided. */
  readonly cursorKey?: string | Uint8Array;
  readonly roles?: RoleNames;
}

/** Checks the audit declarations at startup. */
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
 * The audit trail of the application, as a global module. `Audit` writes it, `AuditLog` reads it. Requires DatabaseModule.
 *
 * The application does not start if a mutating route declares neither `@Audited` nor `@NotAudited`. Neither does it start if a
 * column of an audited entity has no policy or an invalid one; see checkFieldPolicies and checkAuditDeclarations.
 */
@Module({})
export class AuditModule {
  static forRoot({ cursorKey, roles = defaultRoles }: AuditModuleOptions = {}): DynamicModule {
    if (cursorKey !== undefined) checkSigningKey('cursorKey', cursorKey);
    const readProviders: Provider[] =
      cursorKey === undefined
        ? []
        : [AuditLog, { provide: AUDIT_LOG_OPTIONS, useValue: { cursorKey, roles } satisfies AuditLogOptions }];
    return {
      module: AuditModule,
      global: true,
      providers: [Audit, ...readProviders, AuditDeclarations, { provide: APP_INTERCEPTOR, useClass: CompletenessInterceptor }],
      exports: [Audit, ...(cursorKey === undefined ? [] : [AuditLog])],
    };
  }
}
