export interface PostgresServer {
  /** The connection string of the superuser, with its password. */
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  /** The process ID of the postmaster; undefined if it does not run. */
  readonly pid: number | undefined;
  /** Resolves when the server accepts connections. The port never changes. */
  start(): Promise<void>;
  /** Ends all connections and stops the server. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** Simulates a crash: kill -9 of the postmaster. */
  kill(): Promise<void>;
  /** Resolves with the last line of its log when the server ends unexpectedly. */
  died(): Promise<string | undefined>;
}

export interface PostgresOptions {
  owner?: string;
  password?: string;
  port?: number;
  /** Server settings, such as `fsync=off`. */
  settings?: string[];
  print?: (line: string) => void;
}

export function startPostgres(directory: string, options?: PostgresOptions): Promise<PostgresServer>;
