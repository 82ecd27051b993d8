export interface Terminal {
  readonly colour: boolean;
  /** Undefined: nothing is wrapped. */
  readonly columns?: number | undefined;
}

export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment?: Readonly<Record<string, string | undefined>>,
): Terminal;
