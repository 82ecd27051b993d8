import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min, ValidateBy, ValidateIf } from 'class-validator';
import { Setting } from '@pikaia/core';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const SLOW_QUERY_MS = 1_000; // what an index should have answered long before

const PORT = 5432;
/** What stands in the place of DATABASE_URL, as container platforms inject it: one key of a secret a variable. */
const PARTS = {
  databaseHost: 'DATABASE_HOST',
  databasePort: 'DATABASE_PORT',
  databaseName: 'DATABASE_NAME',
  databaseUser: 'DATABASE_USER',
  databasePassword: 'DATABASE_PASSWORD',
  databaseTls: 'DATABASE_TLS',
  databaseTlsCaFile: 'DATABASE_TLS_CA_FILE',
} as const;

const givenParts = (settings: DatabaseSettings): string[] =>
  Object.entries(PARTS).flatMap(([property, variable]) =>
    settings[property as keyof typeof PARTS] === undefined ? [] : [variable],
  );

/** Half of an address is refused, and so is a second one beside the URL: nobody could say which is meant. */
const isPart = (settings: DatabaseSettings): boolean =>
  settings.databaseUrlGiven === undefined && givenParts(settings).length > 0;

const standsAlone = ValidateBy({
  name: 'standsAlone',
  validator: {
    validate: (_, details) => !givenParts(details!.object as DatabaseSettings).length,
    defaultMessage: (details) =>
      `$property must not be set beside ${givenParts(details!.object as DatabaseSettings).join(', ')}: give the URL or its parts; a URL has its TLS in sslmode and sslrootcert`,
  },
});

const holdsCertificates = ValidateBy({
  name: 'holdsCertificates',
  validator: {
    validate: (file) => {
      try {
        return new X509Certificate(readFileSync(String(file))).subject !== undefined;
      } catch {
        return false;
      }
    },
    defaultMessage: () => '$property must be a readable file of certificates in PEM',
  },
});

const needsTls = ValidateBy({
  name: 'needsTls',
  validator: {
    validate: (_, details) => (details!.object as DatabaseSettings).databaseTls !== 'off',
    defaultMessage: () => '$property must not be set with DATABASE_TLS=off',
  },
});

/** The database by a URL, or by its parts: `databaseUrl` is the one that was given, or the one that they make. */
export class DatabaseSettings {
  @Setting('DATABASE_URL', {
    about: 'connection string of the role that this process runs as; in its place its parts may be given',
    secret: true,
  })
  @ValidateIf((settings: DatabaseSettings) => !isPart(settings))
  @Matches(/^postgres(ql)?:\/\/./, { message: '$property must be postgres://user:password@host:port/database' })
  @standsAlone
  databaseUrlGiven?: string;

  @Setting('DATABASE_HOST', { about: 'host of the database, where it is given in parts' })
  @ValidateIf(isPart)
  @Matches(/^([\w.-]+|\[[\da-f:.]+\])$/i, { message: '$property must be a host name or an address' })
  databaseHost?: string;

  @Setting('DATABASE_PORT', { about: `its port; ${PORT} when absent` })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  databasePort?: number;

  @Setting('DATABASE_NAME', { about: 'its name' })
  @ValidateIf(isPart)
  @Matches(/^[\w$-]{1,63}$/, { message: '$property must be the name of a database' })
  databaseName?: string;

  @Setting('DATABASE_USER', { about: 'the role that this process runs as' })
  @ValidateIf(isPart)
  @IsString()
  databaseUser?: string;

  @Setting('DATABASE_PASSWORD', { about: 'its password', secret: true })
  @ValidateIf(isPart)
  @IsString()
  databasePassword?: string;

  @Setting('DATABASE_TLS', { about: "verify or off; when absent verify: the server's certificate must be valid for its host" })
  @IsOptional()
  @IsIn(['verify', 'off'])
  databaseTls?: 'verify' | 'off';

  @Setting('DATABASE_TLS_CA_FILE', {
    about: "who may have signed that certificate, a file in PEM such as Amazon's bundle; when absent Node's own list",
  })
  @IsOptional()
  @needsTls
  @holdsCertificates
  databaseTlsCaFile?: string;

  @Setting('DATABASE_POOL_SIZE', { about: 'connections of this process', default: '10' })
  @IsInt()
  @Min(1)
  @Max(500)
  databasePoolSize!: number;

  @Setting('DATABASE_STATEMENT_TIMEOUT_MS', {
    about:
      'milliseconds after which the server gives up a statement; a server that is silent for five seconds more loses its connection',
    default: '15000',
  })
  @IsOptional()
  @IsInt()
  @Min(100)
  databaseStatementTimeoutMs!: number;

  @Setting('LOG_SLOW_QUERY_MS', {
    about: 'milliseconds beyond which a statement is slow: it is logged, without its values',
    default: String(SLOW_QUERY_MS),
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  logSlowQueryMs?: number;

  get databaseUrl(): string {
    if (this.databaseUrlGiven !== undefined) return this.databaseUrlGiven;
    const { databaseHost, databasePort = PORT, databaseTlsCaFile: file } = this;
    const [user, password, name] = [this.databaseUser, this.databasePassword, this.databaseName].map((part) =>
      encodeURIComponent(part!),
    );
    const authority = file === undefined ? '' : `&sslrootcert=${encodeURIComponent(file)}`;
    const tls = this.databaseTls === 'off' ? 'sslmode=disable' : `sslmode=verify-full${authority}`;
    return `postgres://${user}:${password}@${databaseHost}:${databasePort}/${name}?${tls}`;
  }
}
