import {
  ConfigurableModuleBuilder,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  Global,
  Inject,
  Injectable,
  Module,
  type OnModuleInit,
} from '@nestjs/common';
import { checkSigningKey } from '@pikaia/core';
import { APP_INTERCEPTOR, ModulesContainer } from '@nestjs/core';
import {
  DATA_SOURCE,
  DATABASE_ACCESS,
  DatabaseAccessModule,
  requireTables,
  type DatabaseAccess,
  type DatabaseRoles,
} from '@pikaia/database';
import type { DataSource } from 'typeorm';
import { checkAuditDeclarations, reportMissingDeclarations } from './completeness/check-audit-declarations.js';
import { CompletenessInterceptor } from './completeness/completeness.interceptor.js';
import { checkFieldPolicies } from './diff/check-field-policies.js';
import { AUDIT_LOG_OPTIONS, AuditLog, type AuditLogOptions } from './query/audit-log.query.js';
import { Audit } from './record/audit.service.js';
import { REQUIRED_TABLES } from './record/insert-record.sql.js';

export interface AuditModuleOptions {
  /**
   * Key that signs the cursors of AuditLog. Use the same key in all processes. Without a key, `forRoot` does not provide AuditLog, and
   * that of `forRootAsync` returns no pages.
   */
  readonly cursorKey?: string | Uint8Array;
  /** Default: the roles of DatabaseModule. */
  readonly roles?: DatabaseRoles;
  /**
   * What happens at the start if a mutating route declares neither `@Audited` nor `@NotAudited`. Default `refuse`: the application does
   * not start. `warn` logs all such routes in one line, for an application that adds the audit log route by route.
   */
  readonly undeclared?: 'refuse' | 'warn';
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<AuditModuleOptions>()
  .setClassMethodName('forRoot')
  .build();

/** Checks the audit declarations and the migrations at startup. */
@Injectable()
class StartChecks implements OnModuleInit {
  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(DATA_SOURCE) private readonly source: DataSource,
    @Inject(DATABASE_ACCESS) private readonly access: DatabaseAccess,
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: AuditModuleOptions,
  ) {}

  async onModuleInit(): Promise<void> {
    checkFieldPolicies(this.source);
    if (this.options.undeclared === 'warn') reportMissingDeclarations(this.modules);
    else checkAuditDeclarations(this.modules);
    await requireTables(this.source, this.options.roles ?? this.access.roles, 'auditMigrations', REQUIRED_TABLES);
  }
}

function auditLogOptions({ cursorKey, roles }: AuditModuleOptions, access: DatabaseAccess): AuditLogOptions {
  if (cursorKey !== undefined) checkSigningKey('cursorKey', cursorKey);
  return { cursorKey, roles: roles ?? access.roles };
}

/**
 * The audit trail of the application, as a global module. `Audit` writes it, `AuditLog` reads it. Requires DatabaseModule.
 *
 * The application does not start if a mutating route declares neither `@Audited` nor `@NotAudited`, unless `undeclared` is `warn`, or if a
 * column of an audited entity has no policy or an invalid one, or without its tables; see checkFieldPolicies and checkAuditDeclarations.
 */
@Global()
@Module({
  imports: [DatabaseAccessModule],
  providers: [
    Audit,
    { provide: MODULE_OPTIONS_TOKEN, useValue: {} }, // of the class alone
    { provide: AUDIT_LOG_OPTIONS, inject: [MODULE_OPTIONS_TOKEN, DATABASE_ACCESS], useFactory: auditLogOptions },
    StartChecks,
    { provide: APP_INTERCEPTOR, useClass: CompletenessInterceptor },
  ],
  exports: [Audit],
})
export class AuditModule extends ConfigurableModuleClass {
  static override forRoot(options: AuditModuleOptions = {}): DynamicModule {
    if (options.cursorKey !== undefined) checkSigningKey('cursorKey', options.cursorKey);
    const module = super.forRoot(options);
    return options.cursorKey === undefined ? module : withAuditLog(module);
  }

  static override forRootAsync(options: ConfigurableModuleAsyncOptions<AuditModuleOptions>): DynamicModule {
    return withAuditLog(super.forRootAsync(options));
  }
}

const withAuditLog = (module: DynamicModule): DynamicModule => ({
  ...module,
  providers: [...(module.providers ?? []), AuditLog],
  exports: [AuditLog],
});
