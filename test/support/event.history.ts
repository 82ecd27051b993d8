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
  readonly ghosts: readonly string[];
  /** Arrived although it was taken back. */
  readonly undone: readonly string[];
}

/** Whether what arrived is what was committed, as sets: at least once, and nothing else. */
export function flawsOf({ committed, rolledBack, arrived }: EventHistory): HistoryFlaws {
  const seen = new Set(arrived);
  return {
    lost: [...committed].filter((id) => !seen.has(id)),
    ghosts: [...seen].filter((id) => !committed.has(id) && !rolledBack.has(id)),
    undone: [...seen].filter((id) => rolledBack.has(id)),
  };
}

export const flawless: HistoryFlaws = { lost: [], ghosts: [], undone: [] };
