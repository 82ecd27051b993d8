import { IsIn, IsInt, IsString, Matches, Max, Min, ValidateBy, ValidateIf } from 'class-validator';
import { OptionalField, Setting } from '@pikaia/core';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const DEFAULT_SLOW_QUERY_MS = 1_000; // a query that uses an index is much faster
export const DEFAULT_STATEMENT_TIMEOUT_MS = 15_000;

const DEFAULT_PORT = 5432;
/** The variables that replace DATABASE_URL. Container platforms inject a secret as one variable for each key. */
const PART_VARIABLES = {
  databaseHost: 'DATABASE_HOST',
  databasePort: 'DATABASE_PORT',
  databaseName: 'DATABASE_NAME',
  databaseUser: 'DATABASE_USER',
  databasePassword: 'DATABASE_PASSWORD',
  databaseTls: 'DATABASE_TLS',
  databaseTlsCaFile: 'DATABASE_TLS_CA_FILE',
} as const;

const givenParts = (settings: DatabaseSettings): string[] =>
  Object.entries(PART_VARIABLES).flatMap(([property, variable]) =>
    settings[property as keyof typeof PART_VARIABLES] === undefined ? [] : [variable],
  );

/** True if the parts are given and the URL is not. Incomplete parts are refused, and so are parts together with a URL. */
const usesParts = (settings: DatabaseSettings): boolean =>
  settings.databaseUrlGiven === undefined && givenParts(settings).length > 0;

const excludesParts = ValidateBy({
  name: 'excludesParts',
  validator: {
    validate: (_, details) => !givenParts(details!.object as DatabaseSettings).length,
    defaultMessage: (details) =>
      `$property must not be set together with ${givenParts(details!.object as DatabaseSettings).join(', ')}: give the URL or its parts; to set TLS in a URL, use sslmode and sslrootcert`,
  },
});

const isCertificateFile = ValidateBy({
  name: 'isCertificateFile',
  validator: {
    validate: (file) => {
      try {
        return new X509Certificate(readFileSync(String(file))).subject !== undefined;
      } catch {
        return false;
      }
    },
    defaultMessage: () => '$property must be a readable file of certificates in PEM format',
  },
});

const requiresTls = ValidateBy({
  name: 'needsTls',
  validator: {
    validate: (_, details) => (details!.object as DatabaseSettings).databaseTls !== 'off',
    defaultMessage: () => '$property must not be set with DATABASE_TLS=off',
  },
});

/** Settings of the database connection. The address is a URL or its parts; `databaseUrl` returns the resulting URL. */
export class DatabaseSettings {
  @Setting('DATABASE_URL', {
    about: 'connection string of the role that this process runs as; alternatively set its parts, DATABASE_HOST and so on',
    secret: true,
  })
  @ValidateIf((settings: DatabaseSettings) => !usesParts(settings))
  @Matches(/^postgres(ql)?:\/\/./, { message: '$property must be postgres://user:password@host:port/database' })
  @excludesParts
  databaseUrlGiven?: string;

  @Setting('DATABASE_HOST', { about: 'host of the database, if DATABASE_URL is not set' })
  @ValidateIf(usesParts)
  @Matches(/^([\w.-]+|\[[\da-f:.]+\])$/i, { message: '$property must be a host name or an address' })
  databaseHost?: string;

  @Setting('DATABASE_PORT', { about: `port of the database; default ${DEFAULT_PORT}` })
  @OptionalField()
  @IsInt()
  @Min(1)
  @Max(65_535)
  databasePort?: number;

  @Setting('DATABASE_NAME', { about: 'name of the database' })
  @ValidateIf(usesParts)
  @Matches(/^[\w$-]{1,63}$/, { message: '$property must be the name of a database' })
  databaseName?: string;

  @Setting('DATABASE_USER', { about: 'database role that this process runs as' })
  @ValidateIf(usesParts)
  @IsString()
  databaseUser?: string;

  @Setting('DATABASE_PASSWORD', { about: 'password of that role', secret: true })
  @ValidateIf(usesParts)
  @IsString()
  databasePassword?: string;

  @Setting('DATABASE_TLS', {
    about: "verify or off; default verify, which requires a server certificate that is valid for the server's host",
  })
  @OptionalField()
  @IsIn(['verify', 'off'])
  databaseTls?: 'verify' | 'off';

  @Setting('DATABASE_TLS_CA_FILE', {
    about: "PEM file of the certificate authorities that are trusted, such as Amazon's bundle; default Node's built-in list",
  })
  @OptionalField()
  @requiresTls
  @isCertificateFile
  databaseTlsCaFile?: string;

  @Setting('DATABASE_POOL_SIZE', { about: 'maximum number of connections in the pool of this process', default: '10' })
  @IsInt()
  @Min(1)
  @Max(500)
  databasePoolSize!: number;

  @Setting('DATABASE_STATEMENT_TIMEOUT_MS', {
    about:
      'milliseconds after which the server cancels a statement; if it sends nothing for 5000 ms more, the connection is closed',
    default: String(DEFAULT_STATEMENT_TIMEOUT_MS),
  })
  @OptionalField()
  @IsInt()
  @Min(100)
  databaseStatementTimeoutMs!: number;

  @Setting('LOG_SLOW_QUERY_MS', {
    about: 'milliseconds after which a statement is slow; slow statements are logged without their values',
    default: String(DEFAULT_SLOW_QUERY_MS),
  })
  @OptionalField()
  @IsInt()
  @Min(1)
  logSlowQueryMs?: number;

  get databaseUrl(): string {
    if (this.databaseUrlGiven !== undefined) return this.databaseUrlGiven;
    const { databaseHost, databasePort = DEFAULT_PORT, databaseTlsCaFile: file } = this;
    const [user, password, name] = [this.databaseUser, this.databasePassword, this.databaseName].map((part) =>
      encodeURIComponent(part!),
    );
    const authority = file === undefined ? '' : `&sslrootcert=${encodeURIComponent(file)}`;
    const tls = this.databaseTls === 'off' ? 'sslmode=disable' : `sslmode=verify-full${authority}`;
    return `postgres://${user}:${password}@${databaseHost}:${databasePort}/${name}?${tls}`;
  }
}
