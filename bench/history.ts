/** What all tools are given: a history like a project's, one big file, and a gap. */

export interface SqlFile {
  readonly number: number;
  readonly sql: string;
  readonly makes: Made;
}

/** What there is when it has run: counted afterwards, whatever a tool says. */
export interface Made {
  readonly tables: number;
  readonly columns: number;
  readonly indexes: number;
  readonly rows: number;
}

const nothing: Made = { tables: 0, columns: 0, indexes: 0, rows: 0 };
const bigBytes = 20_000_000;
const rowsInInsert = 80;
const gapFiles = 12;
const gapAt = 9;

/**
 * What a project's files do, one or two statements each: of ten, one makes a table, five a column of
 * it, the others an index, a constraint, rows, and a default.
 */
export function history(count: number): readonly SqlFile[] {
  return Array.from({ length: count }, (_, index) => step(index + 1));
}

function step(number: number): SqlFile {
  if (number === 1) return { number, sql: audit + table(1), makes: { ...nothing, tables: 1 } };
  const place = number % 10;
  // The latest table in front of it.
  const name = `item_${number - ((number + 9) % 10)}`;
  switch (place) {
    case 1:
      return { number, sql: table(number), makes: { ...nothing, tables: 1 } };
    case 3: {
      const sql = `create index by_${number} on ${name} (name, amount);\n`;
      return { number, sql, makes: { ...nothing, indexes: 1 } };
    }
    case 5: {
      const sql =
        `insert into audit (file, note) values (${number}, 'first'), (${number}, 'second');\n` +
        `update ${name} set amount = amount + 1 where amount < 10;\n`;
      return { number, sql, makes: { ...nothing, rows: 2 } };
    }
    case 8: {
      const sql =
        `alter table ${name} add constraint check_${number} check (amount >= 0);\n` +
        `comment on table ${name} is 'step ${number}';\n`;
      return { number, sql, makes: nothing };
    }
    case 0: {
      const sql = `alter table ${name} alter column amount set default 1;\n`;
      return { number, sql, makes: nothing };
    }
    default: {
      const sql = `alter table ${name} add column extra_${number} integer not null default 0;\n`;
      return { number, sql, makes: { ...nothing, columns: 1 } };
    }
  }
}

const audit = "create table audit (file integer not null, note text not null);\n";

function table(number: number): string {
  return `create table item_${number} (
  id bigint primary key,
  name text not null,
  amount numeric(12,2) not null default 0,
  created_at timestamptz not null default now()
);
`;
}

/** One file of 20 MB: a table, and inserts of many rows. */
export function bigFile(): readonly SqlFile[] {
  const parts = [audit];
  let length = audit.length;
  let rows = 0;
  while (length < bigBytes) {
    const values = Array.from({ length: rowsInInsert }, () => {
      rows++;
      return `(${rows}, 'row ${rows}: what was noted about it, in a sentence of about a hundred characters, as people write them')`;
    });
    const insert = `insert into audit (file, note) values\n${values.join(",\n")};\n`;
    parts.push(insert);
    length += insert.length;
  }
  return [{ number: 1, sql: parts.join(""), makes: { ...nothing, rows } }];
}

/** Files of one table each, so that each could be missing. */
export function gapHistory(): readonly SqlFile[] {
  return Array.from({ length: gapFiles }, (_, index) => {
    const sql = index === 0 ? audit + table(1) : table(index + 1);
    return { number: index + 1, sql, makes: { ...nothing, tables: 1 } };
  });
}

export function beforeGap(): readonly SqlFile[] {
  return gapHistory().filter(({ number }) => number !== gapAt);
}

export function madeBy(files: readonly SqlFile[]): Made {
  const sum = (of: (made: Made) => number): number =>
    files.reduce((total, { makes }) => total + of(makes), 0);
  return {
    tables: sum((made) => made.tables),
    columns: sum((made) => made.columns),
    indexes: sum((made) => made.indexes),
    rows: sum((made) => made.rows),
  };
}
