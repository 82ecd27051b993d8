export function systemErrorText(error: unknown): string | undefined;
export function diskRemedy(code: string, subject?: string): string | undefined;
