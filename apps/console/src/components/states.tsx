import type { ReactNode } from 'react';

/** Shown while something is read for the first time. */
export const Loading = ({ what }: { readonly what: string }) => (
  <p className="state" role="status">
    <span className="spinner" aria-hidden="true" />
    Loading {what} …
  </p>
);

/** Shown for a list without items: what the list would contain, and what the person can do. */
export const Empty = ({ title, children }: { readonly title: string; readonly children?: ReactNode }) => (
  <div className="state">
    <p className="state-title">{title}</p>
    {children}
  </div>
);

/** A page that has nothing to show. */
export const EmptyPage = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <article className="page-head">
    <h1>{title}</h1>
    {children}
  </article>
);

/** Shown instead of a page that the person may not see. */
export const NoPermission = ({ reason }: { readonly reason: string }) => (
  <EmptyPage title="You may not see this page">
    <p>{reason}</p>
  </EmptyPage>
);
