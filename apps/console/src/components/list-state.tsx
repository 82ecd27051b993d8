import type { ReactNode } from 'react';
import { ProblemText } from './problem.js';
import { Loading } from './states.js';

interface ListStateProps {
  readonly what: string;
  readonly query: {
    readonly items: readonly unknown[] | undefined;
    readonly error: Error | null;
    /** True while the items are those of other filters. */
    readonly isPlaceholderData: boolean;
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
    readonly refetch: () => unknown;
  };
  /** Shown if the list has no items. */
  readonly empty: ReactNode;
  readonly children: ReactNode;
}

/** Shows the items of a list, or why there are none. An error while items are shown does not remove them. */
export function ListState({ what, query, empty, children }: ListStateProps) {
  const { items, error, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  return (
    <>
      {error && (
        <div className="state">
          <ProblemText error={error} />
          <button type="button" onClick={() => void refetch()}>
            Try again
          </button>
        </div>
      )}
      <div className={isPlaceholderData ? 'outdated' : undefined} aria-busy={isPlaceholderData}>
        {items === undefined ? !error && <Loading what={what} /> : items.length === 0 ? !error && empty : children}
      </div>
      {hasNextPage && (
        <p className="more">
          <button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? 'Loading …' : `Show older ${what}`}
          </button>
        </p>
      )}
    </>
  );
}
