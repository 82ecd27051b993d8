import type { EventScope } from '@pikaia/events';

/** A request that changes something and got a status from 400, or any request that got a status from 500. */
export interface FailedRequest {
  readonly correlation_id: string;
  /** The time at which the response ended, ISO 8601 in UTC. */
  readonly ended_at: string;
  readonly method: string;
  readonly path: string;
  /** 499 if the client disconnected. */
  readonly status: number;
  readonly duration_ms: number;
  readonly organization_id: string | null;
  readonly actor_id: string | null;
  readonly actor_email: string | null;
  /** Why it failed, as the last log line of the request says. Null if no line does. */
  readonly reason: string | null;
}

export interface FailedRequestQuery {
  /** An organization sees the requests of its members. Operators see all. */
  readonly scope: EventScope;
  /** The `next` of the previous result. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface FoundRequests {
  /** Newest first. */
  readonly data: readonly FailedRequest[];
  /** Where the next result begins. Null at the end of the lines. */
  readonly next: string | null;
  /** The time back to which the lines were searched, ISO 8601 in UTC. Null if there are no lines. */
  readonly searched_from: string | null;
  /** True if the search stopped at its limit of bytes or time before it found `limit` requests. */
  readonly is_cut: boolean;
}

/** Finds failed requests in the log lines of the api: in the files of development, or in a log store such as CloudWatch Logs. */
export abstract class FailedRequestSource {
  /** Returns why the api cannot read its log lines. Null if it can. */
  abstract readonly unavailable: string | null;
  abstract find(query: FailedRequestQuery): Promise<FoundRequests>;
}

/** In production the api writes its lines to standard output and cannot read them. */
export class NoLogSource extends FailedRequestSource {
  readonly unavailable =
    'The api reads log lines only in development. Search the log store for the events request_failed and request_completed.';

  find(): Promise<FoundRequests> {
    return Promise.resolve({ data: [], next: null, searched_from: null, is_cut: false });
  }
}
