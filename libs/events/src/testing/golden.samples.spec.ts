import { Type } from 'class-transformer';
import { IsDate, IsOptional, IsString } from 'class-validator';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DomainEvent } from '../contract/domain-event.js';
import { Upcast } from '../contract/upcast.decorator.js';
import { findGoldenSampleProblems } from './golden.samples.js';

@DomainEvent('song.played', { version: 1, aggregate: 'song' })
class SongPlayed {
  @IsString()
  title!: string;

  @IsDate()
  @Type(() => Date)
  at!: Date;
}

@DomainEvent('song.played', { version: 2, aggregate: 'song' })
class SongPlayedV2 {
  @IsString()
  name!: string;

  @IsDate()
  @Type(() => Date)
  at!: Date;

  @Upcast(SongPlayed, SongPlayedV2)
  static fromV1({ title, at }: SongPlayed): SongPlayedV2 {
    return { name: title, at };
  }
}

class Removed {
  @IsOptional()
  @IsString()
  reason?: string;
}
@DomainEvent('song.removed', { version: 1, aggregate: 'song' })
class SongRemoved extends Removed {}
@DomainEvent('song.removed', { version: 2, aggregate: 'song' })
class SongRemovedV2 extends Removed {}
@DomainEvent('song.removed', { version: 4, aggregate: 'song', oldestVersion: 2 })
class SongRemovedV4 extends Removed {}
void [SongPlayedV2, SongRemoved, SongRemovedV2, SongRemovedV4];

const at = '2026-01-01T08:30:00.000Z';
const good = { stored: { title: 'Blue', at }, upcast: { name: 'Blue', at } };
const V1 = 'song.played/v1.golden.json';
const WITHOUT_UPCASTER = 'song.removed/v2.golden.json';

describe('findGoldenSampleProblems', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pikaia-golden-'));
    write(V1, [good]);
    write(WITHOUT_UPCASTER, [{ stored: {} }]);
  });
  afterEach(() => rmSync(folder, { recursive: true })); // only the folder from mkdtemp

  function write(file: string, content: unknown): void {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
  }

  it('accepts samples that are read as before, and wants none of the newest versions and of versions below oldestVersion', async () => {
    expect(await findGoldenSampleProblems(folder)).toEqual([]);
  });

  it('names each missing file and shows its form', async () => {
    rmSync(join(folder, V1));
    rmSync(join(folder, WITHOUT_UPCASTER));
    expect(await findGoldenSampleProblems(folder)).toEqual([
      `${V1}: the file is missing. Write data that this version published: [{ "stored": { … }, "upcast": { … } }].`,
      `${WITHOUT_UPCASTER}: the file is missing. Write data that this version published: [{ "stored": { … } }].`,
    ]);
  });

  it.each([
    ['is not JSON', V1, '{', 'it must be a list of at least one object with "stored"'],
    ['is empty', V1, [], 'it must be a list of at least one object with "stored"'],
    ['has no stored data', V1, [{ upcast: good.upcast }], 'it must be a list of at least one object with "stored"'],
    [
      'cannot be read any more',
      V1,
      [good, { ...good, stored: { title: 7, at } }],
      'sample 2 cannot be read any more: This song.played version 1 violates its contract in these fields: title',
    ],
    [
      'is upcast to other data',
      V1,
      [{ ...good, upcast: { name: 'Red', at } }],
      `sample 1 differs: SongPlayedV2.fromV1 returns {"name":"Blue","at":"${at}"}. If this is how stored events should be read, write it to "upcast"`,
    ],
    [
      'has the result of an upcaster that does not exist',
      WITHOUT_UPCASTER,
      [{ stored: {}, upcast: {} }],
      'sample 1 has "upcast", but its version has no upcaster: remove it',
    ],
  ])('reports a sample that %s', async (_, file, content, problem) => {
    write(file, content);
    expect(await findGoldenSampleProblems(folder)).toEqual([`${file}: ${problem}.`]);
  });
});
