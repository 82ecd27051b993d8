import { STATUS_CODES } from 'node:http';
import type { ProblemType } from './problem.types.js';

/** An invalid field and the reason. */
export interface FieldProblem {
  readonly field: string;
  /** A sentence that names the field. */
  readonly message: string;
}

interface ProblemOptions {
  readonly errors?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An error response as RFC 9457 problem details. The text is for the caller and contains no internal details. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly errors: readonly FieldProblem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: number,
    /** Machine-readable: the last part of `type`. */
    readonly kind: ProblemType,
    readonly title: string,
    readonly detail: string,
    { errors = [], headers = {}, cause }: ProblemOptions = {},
  ) {
    super(detail, { cause });
    this.errors = errors;
    this.headers = headers;
  }

  get type(): string {
    return `urn:pikaia:problem:${this.kind}`;
  }

  /** A problem whose kind and title derive from the status. */
  static ofStatus(status: number, detail: string, options?: ProblemOptions): Problem {
    const title = STATUS_CODES[status] ?? 'Error';
    return new Problem(status, title.toLowerCase().replaceAll(/[^a-z]+/g, '-') as ProblemType, title, detail, options);
  }

  static badRequest(detail: string, options?: ProblemOptions): Problem {
    return new Problem(400, 'bad-request', 'The request is malformed', detail, options);
  }

  static badUrl(cause?: unknown): Problem {
    return Problem.badRequest('The URL must be percent-encoded UTF-8. Write % as %25.', { cause });
  }

  /** A body that the api does not read. The headers name what it accepts, as RFC 9110 section 15.5.16 describes. */
  static unsupportedBody(cause?: unknown): Problem {
    return Problem.ofStatus(415, 'Send the body as application/json in UTF-8, without a content encoding.', {
      headers: { accept: 'application/json', 'accept-encoding': 'identity' },
      cause,
    });
  }

  static unauthorized(detail: string): Problem {
    return new Problem(401, 'unauthenticated', 'Authentication is required', detail, {
      headers: { 'www-authenticate': 'Bearer' },
    });
  }

  static forbidden(detail: string): Problem {
    return new Problem(403, 'forbidden', 'Not allowed', detail);
  }

  static notFound(detail: string): Problem {
    return new Problem(404, 'not-found', 'Not found', detail);
  }

  static conflict(detail: string, options?: ProblemOptions): Problem {
    return new Problem(409, 'conflict', 'Conflict with the current state', detail, options);
  }

  /** @param total the number of all problems, if `errors` has only the first ones. */
  static invalid(errors: readonly FieldProblem[], total = errors.length): Problem {
    const detail =
      errors.map(({ message }) => message).join('; ') + (total > errors.length ? `; ${total - errors.length} more` : '');
    return new Problem(422, 'invalid', 'The request is not valid', detail, { errors });
  }

  static unavailable(retryAfterSeconds: number, cause?: unknown): Problem {
    return new Problem(
      503,
      'unavailable',
      'Temporarily unavailable',
      'The service cannot process the request at the moment. Try again.',
      {
        headers: { 'retry-after': String(retryAfterSeconds) },
        cause,
      },
    );
  }

  /** A consumer has not seen a committed change yet, so the data would be older than the caller wants. */
  static unseen(cause: unknown): Problem {
    return new Problem(
      503,
      'change-unseen',
      'The change has not arrived yet',
      'The change is made, but it has not arrived here yet. Repeat the request, or leave out after_change to see the older state.',
      { headers: { 'retry-after': '1' }, cause },
    );
  }

  /** The database did not confirm a change. There is no `Retry-After` header, because a blind retry could repeat the change. */
  static outcomeUnknown(cause?: unknown): Problem {
    return new Problem(
      503,
      'outcome-unknown',
      'The outcome is unknown',
      'The database did not confirm this change. It was applied completely or not at all. Check the data before you send the request again. An audit entry with this correlation id exists only if the change was applied.',
      { cause },
    );
  }
}
