import {
  ArrayMaxSize,
  ArrayUnique,
  Contains,
  IsArray,
  IsDate,
  IsDefined,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  Validate,
  ValidateIf,
  ValidateNested,
  validateSync,
  ValidatorConstraint,
  type ValidationArguments,
} from 'class-validator';
import fc from 'fast-check';
import { followsRules } from './rules.js';

@ValidatorConstraint()
class IsNotTitle {
  validate(value: unknown, { object, constraints }: ValidationArguments): boolean {
    return value !== (object as Page).title && !constraints.includes(value);
  }
}

class Base {
  @IsString()
  @Length(1, 3)
  title!: string;

  @Min(0)
  order!: number;
}

class Page extends Base {
  @IsInt()
  @Max(9)
  override order!: number;

  @Validate(IsNotTitle, ['b'])
  subtitle!: unknown;

  @IsOptional()
  @IsEmail()
  email?: string;

  @ValidateIf((page: Page) => page.order === 1)
  @IsDefined()
  @IsIn(['a', 'b'])
  kind?: string;

  @IsString({ each: true })
  @Contains('a', { validateIf: (page: Page) => page.order !== 2 })
  words!: unknown;

  @IsArray()
  @ArrayMaxSize(2)
  @ArrayUnique()
  @Matches(/^[a-c]$/u, { each: true })
  letters!: unknown;

  @IsOptional()
  @ValidateNested()
  inner?: unknown;

  @ValidateNested({ each: true })
  pages!: unknown;

  @IsDate()
  at!: Date;
}

class Empty {}

const text = fc.constantFrom('', 'a', 'b', 'ab', 'abcd', 'a@example.com', 'ä', '😀');
const anything = fc.oneof(
  text,
  fc.constantFrom<unknown>(null, undefined, 0, 1, 2, 9, 10, 1.5, Number.NaN, true, new Date(0), new Date(Number.NaN)),
);
const fieldNames = ['title', 'order', 'subtitle', 'email', 'kind', 'words', 'letters', 'inner', 'pages', 'at'] as const;
const valid = { title: 'a', order: 1, subtitle: 'c', kind: 'a', words: 'a', letters: ['a'], pages: [], at: new Date(0) };

const { page } = fc.letrec<{ page: Page; inner: unknown }>((tie) => ({
  page: fc
    .dictionary(fc.constantFrom(...fieldNames), fc.oneof({ weight: 3, arbitrary: anything }, tie('inner')), { maxKeys: 2 })
    .map((changed) => Object.assign(new Page(), valid, changed)),
  inner: fc.oneof(
    { maxDepth: 3 },
    anything,
    tie('page'),
    fc.array(fc.oneof(anything, tie('page')), { maxLength: 3 }),
    fc.constantFrom<unknown>(new Empty(), {}, [[new Empty()]], Object.create(null)),
  ),
}));

describe('followsRules', () => {
  it('has the verdict of class-validator for any value', () => {
    const verdicts = { true: 0, false: 0 };
    fc.assert(
      fc.property(page, (object) => {
        const verdict = validateSync(object, { forbidUnknownValues: true }).length === 0;
        verdicts[`${verdict}`]++;
        expect(followsRules(object)).toBe(verdict);
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(100);
  });

  it('refuses an object whose class declares no rules', () => {
    expect(followsRules(new Empty())).toBe(false);
  });
});
