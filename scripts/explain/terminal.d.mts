export interface Terminal {
  readonly colour: boolean;
  /** Undefined: lines are not wrapped. */
  readonly columns?: number | undefined;
}

export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment?: Readonly<Record<string, string | undefined>>,
): Terminal;
