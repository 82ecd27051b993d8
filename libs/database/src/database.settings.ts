import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { Setting } from '@pikaia/core';

export const SLOW_QUERY_MS = 1_000; // what an index should have answered long before

export class DatabaseSettings {
  @Setting('DATABASE_URL', { about: 'connection string of the role that this process runs as', secret: true })
  @Matches(/^postgres(ql)?:\/\/./, { message: 'databaseUrl must be postgres://user:password@host:port/database' })
  databaseUrl!: string;

  @Setting('DATABASE_POOL_SIZE', { about: 'connections of this process', default: '10' })
  @IsInt()
  @Min(1)
  @Max(500)
  databasePoolSize!: number;

  @Setting('DATABASE_STATEMENT_TIMEOUT_MS', {
    about: 'milliseconds after which the server gives up a statement',
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
}
