import {
  type DynamicModule,
  Inject,
  Injectable,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { DatabaseAddress } from '../client/database-address.js';
import { refusePowerfulRole } from '../roles/role-power.js';
import { defaultRoles, type DatabaseRoles } from '../roles/role-names.js';
import { reportSingleRole } from '../roles/single-role.js';
import { checkDataSources, unavailableError } from './check-data-sources.js';
import {
  DATA_SOURCE,
  DATABASE_ACCESS,
  OPENED_ACCESS,
  OPENED_DATA_SOURCE,
  throwLast,
  type DatabaseAccess,
} from './database.access.js';

export interface RoleOptions {
  /**
   * The names of the roles. Default: `pikaia_*`. With `single`, one role runs the migrations and all processes, which does not
   * protect the audit log from the application.
   */
  readonly roles?: DatabaseRoles;
  /** True to start with `roles: 'single'` although NODE_ENV is `production`. */
  readonly singleRoleInProduction?: boolean;
}

interface DataSourceModuleOptions<Options extends RoleOptions> {
  /** The name of the data source; undefined for the default one. */
  readonly name: string | undefined;
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /** The token of the options, which `imports` provide. */
  readonly optionsToken: InjectionToken;
  /** Prepares the data source before any other class gets it, and returns the address of its database. */
  readonly prepare: (source: DataSource, options: Options) => DatabaseAddress;
}

const CHECKED = Symbol('pikaia.checked-data-sources');
const OPTIONS = Symbol('pikaia.role-options');

/** Checks the role before the application serves anything. */
@Injectable()
class RoleCheck implements OnModuleInit {
  constructor(
    @Inject(DATA_SOURCE) private readonly source: DataSource,
    @Inject(OPTIONS) private readonly options: RoleOptions,
  ) {}

  async onModuleInit(): Promise<void> {
    const { roles = defaultRoles, singleRoleInProduction = false } = this.options;
    if (roles === 'single') reportSingleRole(singleRoleInProduction);
    else await refusePowerfulRole(this.source, roles);
  }
}

/** Provides the data source of the libraries, `DATA_SOURCE`, and what they know of its database, `DATABASE_ACCESS`. */
@Module({})
export class DataSourceModule {
  static register<Options extends RoleOptions>({
    name,
    imports,
    optionsToken,
    prepare,
  }: DataSourceModuleOptions<Options>): DynamicModule {
    return {
      module: DataSourceModule,
      imports,
      providers: [
        { provide: OPTIONS, useExisting: optionsToken },
        {
          provide: CHECKED,
          inject: [ModulesContainer],
          useFactory: (modules: ModulesContainer) => {
            checkDataSources(modules, name);
            return true;
          },
        },
        {
          provide: DATABASE_ACCESS,
          // Optional, because the message of `CHECKED` says more about a missing data source than that of Nest.
          inject: [{ token: getDataSourceToken(name) as InjectionToken, optional: true }, OPTIONS, CHECKED],
          useFactory: (source: DataSource | undefined, options: Options): DatabaseAccess | Promise<never> =>
            source
              ? { address: prepare(source, options), roles: options.roles ?? defaultRoles }
              : throwLast(unavailableError(name)),
        },
        {
          provide: DATA_SOURCE,
          inject: [{ token: getDataSourceToken(name) as InjectionToken, optional: true }, DATABASE_ACCESS],
          useFactory: (source: DataSource) => source,
        },
        { provide: OPENED_DATA_SOURCE, useExisting: DATA_SOURCE },
        { provide: OPENED_ACCESS, useExisting: DATABASE_ACCESS },
        RoleCheck,
      ],
      exports: [DATA_SOURCE, DATABASE_ACCESS, OPENED_DATA_SOURCE, OPENED_ACCESS],
    };
  }
}
