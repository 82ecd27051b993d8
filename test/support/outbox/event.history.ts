/** The events that producers committed or rolled back, and the events that arrived, in the order of arrival. */
export interface EventHistory {
  readonly committed: ReadonlySet<string>;
  readonly rolledBack: ReadonlySet<string>;
  readonly arrived: readonly string[];
}

export interface HistoryFlaws {
  /** Committed and never arrived. */
  readonly lost: readonly string[];
  /** Arrived although no producer wrote it. */
  readonly neverWritten: readonly string[];
  /** Arrived although its transaction was rolled back. */
  readonly afterRollback: readonly string[];
}

/** Compares committed and arrived events as sets: every committed event arrives at least once, and no other event. */
export function historyFlaws({ committed, rolledBack, arrived }: EventHistory): HistoryFlaws {
  const seen = new Set(arrived);
  return {
    lost: [...committed].filter((id) => !seen.has(id)),
    neverWritten: [...seen].filter((id) => !committed.has(id) && !rolledBack.has(id)),
    afterRollback: [...seen].filter((id) => rolledBack.has(id)),
  };
}

export const NO_FLAWS: HistoryFlaws = { lost: [], neverWritten: [], afterRollback: [] };
