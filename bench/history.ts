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

/** Tables, columns, indexes, constraints and rows in turn, one to three statements a file. */
export function history(count: number): readonly SqlFile[] {
  return Array.from({ length: count }, (_, index) => step(index + 1));
}

function step(number: number): SqlFile {
  if (number === 1) return { number, sql: audit + table(1), makes: { ...nothing, tables: 1 } };
  switch (number % 10) {
    case 1:
    case 4:
    case 7:
      return { number, sql: table(number), makes: { ...nothing, tables: 1 } };
    case 2:
    case 5: {
      const sql = `alter table item_${number - 1} add column extra_${number} integer not null default 0;\n`;
      return { number, sql, makes: { ...nothing, columns: 1 } };
    }
    case 3:
    case 6: {
      const sql = `create index by_${number} on item_${number - 2} (name, amount);\n`;
      return { number, sql, makes: { ...nothing, indexes: 1 } };
    }
    case 8: {
      const sql =
        `alter table item_${number - 1} add constraint check_${number} check (amount >= 0);\n` +
        `comment on table item_${number - 1} is 'step ${number}';\n`;
      return { number, sql, makes: nothing };
    }
    case 9: {
      const sql =
        `insert into audit (file, note) values (${number}, 'first'), (${number}, 'second');\n` +
        `update item_${number - 2} set amount = amount + 1 where amount < 10;\n`;
      return { number, sql, makes: { ...nothing, rows: 2 } };
    }
    default: {
      const sql =
        table(number) +
        `alter table item_${number} add column extra_${number} bigint references item_${number - 3} (id);\n` +
        `create index by_${number} on item_${number} (extra_${number});\n`;
      return { number, sql, makes: { ...nothing, tables: 1, columns: 1, indexes: 1 } };
    }
  }
}

const audit = "create table audit (file integer not null, note text not null);\n";

function table(number: number): string {
  return `create table item_${number} (
  id bigint generated always as identity primary key,
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
