export interface PostgresServer {
  /** The superuser's connection string, password included. */
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  /** The postmaster's process id; undefined when it does not run. */
  readonly pid: number | undefined;
  /** Resolves when connections are accepted; always at the same port. */
  start(): Promise<void>;
  /** Ends all connections and stops. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** As a crash: kill -9 of the postmaster. */
  kill(): Promise<void>;
  /** Resolves, with its last words, when the server ends without having been asked to. */
  died(): Promise<string | undefined>;
}

export interface PostgresOptions {
  owner?: string;
  password?: string;
  port?: number;
  /** Of the server, such as `fsync=off`. */
  settings?: string[];
  say?: (line: string) => void;
}

export function startPostgres(directory: string, options?: PostgresOptions): Promise<PostgresServer>;
