import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { auditAction, Audit, AuditedEntity, diff, Public, snapshot } from '@pikaia/audit';
import { newId } from '@pikaia/core';
import { currentManager, Transactional } from '@pikaia/database';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { asAlice, startAuditApplication } from '../../../../test/support/audit/audit.application.js';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { watchAuditedEntities, type AuditedEntityWatch } from './watch-audited-entities.js';

@Entity('spec_note')
@AuditedEntity({ type: 'note' })
class Note {
  @PrimaryColumn('uuid')
  @Public()
  id!: string;

  @Column('text')
  @Public()
  text!: string;
}

@Entity('spec_draft')
class Draft {
  @PrimaryColumn('uuid')
  id!: string;
}

const noteChanged = auditAction('note.changed', { aggregate: Note, changes: 'required', description: 'A spec changes a note.' });

@Injectable()
class Notes {
  constructor(private readonly audit: Audit) {}

  @Transactional()
  async run(work: (notes: Notes) => Promise<unknown>): Promise<void> {
    await work(this);
  }

  @Transactional()
  async change(note: Note, text: string): Promise<void> {
    const before = snapshot(note);
    await currentManager().save(Object.assign(note, { text }));
    await this.audit.record(noteChanged, note, diff(before, note));
  }

  async create(isRecorded: boolean): Promise<Note> {
    const note = await currentManager().save(Object.assign(new Note(), { id: newId(), text: 'first' }));
    if (isRecorded) await this.audit.record(noteChanged, note, diff(null, note));
    return note;
  }
}

describe('watchAuditedEntities', () => {
  let database: TestDatabase;
  let app: INestApplicationContext;
  let source: DataSource;
  let watch: AuditedEntityWatch;
  const run = (work: (notes: Notes) => Promise<unknown>) => asAlice(() => app.get(Notes).run(work));

  beforeAll(async () => {
    database = await createDatabase();
    const owner = await connect(database.ownerUrl);
    await owner.query(
      'create table spec_note (id uuid primary key, text text); create table spec_draft (id uuid primary key); grant all on spec_note, spec_draft to public',
    );
    await owner.end();
    app = await startAuditApplication(database.apiUrl, [Notes], [Note, Draft]);
    source = app.get(DataSource);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });
  beforeEach(() => (watch = watchAuditedEntities(source)));
  afterEach(() => watch.stop());

  it('reports nothing while each change has an entry in its transaction', async () => {
    await run(async (notes) => {
      const note = await notes.create(true);
      await notes.change(note, 'second');
      await currentManager().save(Object.assign(new Draft(), { id: newId() }));
    });
    expect(watch.unrecorded).toEqual([]);
  });

  it('reports an entity that is inserted, updated or removed without an entry, although another of its type has one', async () => {
    let id = '';
    await run(async (notes) => {
      const note = await notes.create(false);
      id = note.id;
      await notes.create(true);
      await currentManager().save(Object.assign(note, { text: 'second' }));
      await currentManager().remove(note);
    });
    expect(watch.unrecorded).toEqual(['inserted', 'updated', 'removed'].map((change) => ({ type: 'note', id, change })));
  });

  it('reports a bulk change in a transaction without an entry of the type', async () => {
    await run(() => currentManager().update(Note, { text: 'first' }, { text: 'third' }));
    expect(watch.unrecorded).toEqual([{ type: 'note', id: undefined, change: 'updated' }]);
  });

  it('reports a change outside @Transactional(), and none that is rolled back', async () => {
    const failed = run(async (notes) => {
      await notes.create(false);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(watch.unrecorded).toEqual([]);
    const { id } = await source.manager.save(Object.assign(new Note(), { id: newId(), text: 'first' }));
    expect(watch.unrecorded).toEqual([{ type: 'note', id, change: 'inserted' }]);
  });

  it('reports no excepted entities, and nothing after its end', async () => {
    const excepting = watchAuditedEntities(source, { except: [Note] });
    watch.stop();
    await run((notes) => notes.create(false));
    excepting.stop();
    expect([watch.unrecorded, excepting.unrecorded]).toEqual([[], []]);
  });
});
