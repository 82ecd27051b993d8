/** The JSON text of a handler's result, as a receipt stores it. */
export interface StoredResult {
  readonly json: string;
  /** Why the text is not the whole result. Empty if it is. */
  readonly problems: readonly string[];
}

const MAX_CHARACTERS = 1_048_576;
const MAX_DEPTH = 32; // far below the limit of the jsonb parser; also stops a toJSON that nests forever
const REFUSED_BY_JSONB = /\\u(0000|d[89a-f])/i; // U+0000 and lone surrogates; also matches the text of such an escape

/**
 * Converts the result of a handler to JSON that jsonb accepts. Never throws: a result that cannot be stored must not cost the
 * receipt of an effect that has happened. Keeps the parts that can be stored.
 */
export function toStoredResult(result: unknown): StoredResult {
  if (result === undefined) return { json: 'null', problems: [] };
  const exact = exactJson(result);
  if (exact !== undefined) return { json: exact, problems: [] };
  const copier = new Copier();
  const copy = copier.copy(result, 0);
  return { json: JSON.stringify(copy) ?? 'null', problems: [...copier.problems] };
}

/** Returns undefined if JSON or jsonb would refuse or change the result, or if it is too long. */
function exactJson(result: unknown): string | undefined {
  if (typeof result === 'string' && result.length > MAX_CHARACTERS) return undefined;
  try {
    const text = JSON.stringify(result) as string | undefined; // undefined for a function or a symbol
    return text === undefined || text.length > MAX_CHARACTERS || REFUSED_BY_JSONB.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Copies a value without the parts that cannot be stored, and collects the reasons. */
class Copier {
  readonly problems = new Set<string>();
  private readonly ancestors = new Set<object>();
  private charactersLeft = MAX_CHARACTERS;

  copy(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'bigint':
        this.problems.add('bigint');
        return this.text(String(value));
      case 'function':
      case 'symbol':
        this.problems.add(typeof value);
        return undefined;
      case 'object':
        return value === null ? null : this.object(value, depth);
      default:
        this.charactersLeft -= 8; // a boolean or a number; JSON.stringify turns NaN and infinities into null
        return value;
    }
  }

  private text(value: string): string {
    const kept = value.slice(0, Math.max(0, this.charactersLeft));
    if (kept.length < value.length) this.problems.add('too large');
    this.charactersLeft -= kept.length;
    const storable = kept.toWellFormed().replaceAll('\u0000', '\ufffd');
    if (storable !== kept) this.problems.add('text that PostgreSQL refuses');
    return storable;
  }

  private object(value: object, depth: number): unknown {
    if (this.ancestors.has(value)) return this.omit('circular');
    if (depth === MAX_DEPTH) return this.omit('nested too deeply');
    this.ancestors.add(value);
    try {
      const { toJSON } = value as { toJSON?: unknown };
      if (typeof toJSON === 'function') return this.copy((toJSON as () => unknown).call(value), depth + 1);
      return Array.isArray(value) ? this.array(value, depth) : this.properties(value, depth);
    } catch {
      return this.omit('unreadable'); // a getter, a proxy or toJSON threw
    } finally {
      this.ancestors.delete(value);
    }
  }

  private array(value: readonly unknown[], depth: number): unknown[] {
    const kept: unknown[] = [];
    for (let index = 0; index < value.length && this.hasRoom(); index++) kept.push(this.copy(value[index], depth + 1));
    return kept;
  }

  private properties(value: object, depth: number): object {
    const kept: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue;
      if (!this.hasRoom()) break;
      kept[this.text(key)] = this.property(value, key, depth);
    }
    return kept;
  }

  private property(value: object, key: string, depth: number): unknown {
    try {
      return this.copy((value as Record<string, unknown>)[key], depth + 1);
    } catch {
      return this.omit('unreadable');
    }
  }

  private hasRoom(): boolean {
    this.charactersLeft -= 1; // a separator
    if (this.charactersLeft > 0) return true;
    this.problems.add('too large');
    return false;
  }

  private omit(problem: string): string {
    this.problems.add(problem);
    return `[${problem}]`;
  }
}
