/** What happened: which events producers committed or took back, and which arrived, in the order of arrival. */
export interface EventHistory {
  readonly committed: ReadonlySet<string>;
  readonly rolledBack: ReadonlySet<string>;
  readonly arrived: readonly string[];
}

export interface HistoryFlaws {
  /** Committed and never arrived. */
  readonly lost: readonly string[];
  /** Arrived although nobody committed it. */
  readonly neverWritten: readonly string[];
  /** Arrived although it was taken back. */
  readonly afterRollback: readonly string[];
}

/** Whether what arrived is what was committed, as sets: at least once, and nothing else. */
export function historyFlaws({ committed, rolledBack, arrived }: EventHistory): HistoryFlaws {
  const seen = new Set(arrived);
  return {
    lost: [...committed].filter((id) => !seen.has(id)),
    neverWritten: [...seen].filter((id) => !committed.has(id) && !rolledBack.has(id)),
    afterRollback: [...seen].filter((id) => rolledBack.has(id)),
  };
}

export const NO_FLAWS: HistoryFlaws = { lost: [], neverWritten: [], afterRollback: [] };
