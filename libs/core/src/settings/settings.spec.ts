import { IsBoolean, IsIn, IsInt, Matches, Max, Min, MinLength } from 'class-validator';
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

  it.each(['abc', '80a', '1e9', '-1', '3.5', 'Infinity'])(
    'refuses %s as the value of an integer setting with a range',
    (port) => {
      expect(problemsOf({ ...good, SPEC_PORT: port })).toEqual([expect.stringContaining(`SPEC_PORT is "${port}"`)]);
    },
  );

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
