interface DatabaseError {
  readonly code?: string;
  readonly driverError?: unknown;
}

/** True if the error is a violation of a unique constraint. */
export function isUniqueConflict(error: unknown): boolean {
  const { code } = ((error as DatabaseError | null)?.driverError ?? error ?? {}) as DatabaseError;
  return code === '23505';
}
