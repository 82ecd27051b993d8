import { Component, type ReactNode } from 'react';

interface State {
  readonly error: Error | undefined;
}

/** Shows an error of a component instead of an empty page. A script that is missing belongs to an older build of the console. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="state problem" role="alert">
        <p className="problem-title">The page cannot be shown.</p>
        <p>{error.message}</p>
        <p>If the console was updated while it was open, reloading it helps.</p>
        <button type="button" className="primary" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    );
  }
}
