import { given, words } from "./words.ts";

const inheritance = words(
  given("k.coninhcount > 0", "'inherited from ' || k.coninhcount"),
  given("k.coninhcount > 0 and k.conislocal", "'and of its own'"),
);

/**
 * pg_get_constraintdef tells what is deferrable, not valid, not enforced and not inherited. The
 * triggers that a foreign key works by can be disabled, and then it holds nothing.
 */
export const constraints: string = `
select 'constraint', r.name || '.' || pg_catalog.quote_ident(k.conname), r.name,
       ${words(
         "pg_catalog.pg_get_constraintdef(k.oid)",
         `nullif(${inheritance}, '')`,
         `(select 'triggers not as usual: ' || pg_catalog.string_agg(word, ', ' order by word collate pg_catalog."C")
             from (select g.tgrelid::pg_catalog.regclass::text || ' ' || g.tgfoid::pg_catalog.regproc::text || ' ' || g.tgenabled::text as word
                     from pg_catalog.pg_trigger g where g.tgconstraint = k.oid and g.tgisinternal and g.tgenabled <> 'O') as w)`,
       )}
  from pg_catalog.pg_constraint k join relation r on r.oid = k.conrelid
 where k.contype in ('c', 'f', 'p', 'u', 'x')`;

/**
 * NOT NULL is a constraint with a name from PostgreSQL 18 on, for domains from 17 on; the column and
 * the domain say it everywhere.
 */
export const notNullConstraints: string = `
select 'not null constraint', r.name || '.' || pg_catalog.quote_ident(a.attname), r.name,
       ${words("pg_catalog.quote_ident(k.conname)", "pg_catalog.pg_get_constraintdef(k.oid)", `nullif(${inheritance}, '')`)}
  from pg_catalog.pg_constraint k join relation r on r.oid = k.conrelid
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
 where k.contype = 'n'
union all
select 'not null constraint', t.name, null::text,
       ${words("pg_catalog.quote_ident(k.conname)", "pg_catalog.pg_get_constraintdef(k.oid)")}
  from pg_catalog.pg_constraint k join own_type t on t.oid = k.contypid
 where k.contype = 'n'`;
