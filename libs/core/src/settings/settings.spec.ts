import { IsBoolean, IsIn, IsInt, IsNumber, Matches, Max, Min, MinLength } from 'class-validator';
import { OptionalField } from '../optional-field.js';
import { describeSettings, loadSettings, Setting, SettingsError } from './settings.js';

class BaseSettings {
  @Setting('SPEC_PORT', { about: 'TCP port', default: '3000' })
  @IsInt()
  @Min(1)
  @Max(65_535)
  port!: number;
}

class SpecSettings extends BaseSettings {
  @Setting('SPEC_URL', { about: 'where the database is', secret: true })
  @Matches(/^postgres:\/\//, { message: 'url must be postgres://…' })
  url!: string;

  @Setting('SPEC_MODE', { about: 'how it runs' })
  @OptionalField()
  @IsIn(['fast', 'safe'])
  mode?: string;

  @Setting('SPEC_VERBOSE', { about: 'whether it talks', default: 'false' })
  @IsBoolean()
  verbose!: boolean;
}

class OtherSettings {
  @Setting('SPEC_KEY', { about: 'signs tokens', secret: true })
  @MinLength(16)
  key!: string;
}

class ShareSettings {
  @Setting('SPEC_SHARE', { about: 'which part', default: '0.25', fraction: true })
  @IsNumber()
  @Max(1)
  share!: number;
}

const problemsOf = (environment: Record<string, string>, classes = [SpecSettings, OtherSettings] as const): readonly string[] => {
  try {
    loadSettings(classes, environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
};

const good = { SPEC_URL: 'postgres://u:hunter2@h/d', SPEC_KEY: 'k'.repeat(16) };

describe('loadSettings', () => {
  it('converts values to the type of the property, applies defaults and omits unset optional settings', () => {
    const [settings] = loadSettings([SpecSettings, OtherSettings], { ...good, SPEC_PORT: ' 8080 ', SPEC_VERBOSE: 'true' });
    expect(settings).toBeInstanceOf(SpecSettings);
    expect(settings).toMatchObject({ port: 8080, verbose: true, url: good.SPEC_URL });
    expect(settings.mode).toBeUndefined();
    expect(loadSettings([SpecSettings], good)[0]).toMatchObject({ port: 3000, verbose: false });
  });

  it('treats empty text and white space as absent', () => {
    expect(loadSettings([SpecSettings], { ...good, SPEC_PORT: '', SPEC_MODE: '  ' })[0]).toMatchObject({ port: 3000 });
    expect(problemsOf({ ...good, SPEC_URL: '   ' })).toEqual([
      'SPEC_URL is not set: it must be postgres://… (where the database is)',
    ]);
  });

  it('reports the problems of all settings classes in one error', () => {
    const problems = problemsOf({ SPEC_PORT: '99999', SPEC_MODE: 'quick', SPEC_VERBOSE: 'yes' });
    expect(problems).toHaveLength(5);
    expect(problems).toEqual(
      expect.arrayContaining([
        'SPEC_PORT is "99999": it must not be greater than 65535 (TCP port)',
        'SPEC_MODE is "quick": it must be one of the following values: fast, safe (how it runs)',
        'SPEC_VERBOSE is "yes": it must be a boolean value (whether it talks)',
        'SPEC_URL is not set: it must be postgres://… (where the database is)',
        'SPEC_KEY is not set: it must be longer than or equal to 16 characters (signs tokens)',
      ]),
    );
  });

  it.each([
    'abc',
    '80a',
    '1e3',
    '0x10',
    '0b1',
    '+10',
    '-1',
    '010',
    '1 0',
    '3.5',
    '1.0',
    '1_000',
    '٣',
    'Infinity',
    '9007199254740993',
  ])('refuses %s as the value of an integer setting and asks for decimal digits', (port) => {
    expect(problemsOf({ ...good, SPEC_PORT: port })).toEqual([
      `SPEC_PORT is "${port}": it must be an integer in decimal digits, such as 3000 (TCP port)`,
    ]);
  });

  it('accepts a plain decimal fraction only for a setting that may have one', () => {
    const shareOf = (share: string) => loadSettings([ShareSettings], { SPEC_SHARE: share })[0].share;
    expect(['0.5', '1', '0', '0.05'].map(shareOf)).toEqual([0.5, 1, 0, 0.05]);
    for (const share of ['.5', '0.', '5e-1', '00.5', '+0.5', '0,5', '0x1', 'half']) {
      expect(() => shareOf(share)).toThrow(
        `SPEC_SHARE is "${share}": it must be a number in decimal digits, such as 0.25 (which part)`,
      );
    }
  });

  it('never includes the value of a secret setting in its error', () => {
    const error = (() => {
      try {
        return loadSettings([SpecSettings, OtherSettings], { SPEC_URL: 'mysql://u:hunter2@h/d', SPEC_KEY: 'hunter3' });
      } catch (caught) {
        return caught as SettingsError;
      }
    })() as SettingsError;
    expect(error.code).toBe('PIKAIA_SETTINGS_INVALID');
    expect(error.problems).toHaveLength(2);
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toMatch(/hunter/);
  });

  it('accepts a class without settings', () => {
    class NoSettings {}
    expect(loadSettings([NoSettings], {})).toEqual([new NoSettings()]);
  });
});

describe('describeSettings', () => {
  it('lists the settings of the base class before those of the class itself', () => {
    expect(describeSettings(SpecSettings).map(({ variable }) => variable)).toEqual([
      'SPEC_PORT',
      'SPEC_URL',
      'SPEC_MODE',
      'SPEC_VERBOSE',
    ]);
    expect(describeSettings(BaseSettings)).toHaveLength(1);
  });
});
