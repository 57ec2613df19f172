import { isNoMember, isOfUsers } from "./scope.ts";
import { extensionsNeeded, given, named, routine, words } from "./words.ts";

const finalModify = (word: string, column: string): string => `'${word} ' || ${column}::text`;

const aggregate = `(select ${words(
  "'returns ' || pg_catalog.pg_get_function_result(p.oid)",
  "'arguments (' || pg_catalog.pg_get_function_arguments(p.oid) || ')'",
  "'kind ' || g.aggkind::text || ' direct ' || g.aggnumdirectargs",
  routine("sfunc", "g.aggtransfn"),
  "'stype ' || pg_catalog.format_type(g.aggtranstype, null) || ' sspace ' || g.aggtransspace",
  routine("finalfunc", "g.aggfinalfn"),
  given("g.aggfinalextra", "'finalfunc_extra'"),
  finalModify("finalfunc_modify", "g.aggfinalmodify"),
  routine("combinefunc", "g.aggcombinefn"),
  routine("serialfunc", "g.aggserialfn"),
  routine("deserialfunc", "g.aggdeserialfn"),
  named("initcond", "pg_catalog.quote_literal(g.agginitval)"),
  routine("msfunc", "g.aggmtransfn"),
  routine("minvfunc", "g.aggminvtransfn"),
  given(
    "g.aggmtranstype <> 0",
    "'mstype ' || pg_catalog.format_type(g.aggmtranstype, null) || ' msspace ' || g.aggmtransspace",
  ),
  routine("mfinalfunc", "g.aggmfinalfn"),
  given("g.aggmfinalextra", "'mfinalfunc_extra'"),
  finalModify("mfinalfunc_modify", "g.aggmfinalmodify"),
  named("minitcond", "pg_catalog.quote_literal(g.aggminitval)"),
  given("g.aggsortop <> 0", named("sortop", "g.aggsortop::pg_catalog.regoperator::text")),
  "'parallel ' || p.proparallel::text || ' volatility ' || p.provolatile::text",
)} from pg_catalog.pg_aggregate g where g.aggfnoid = p.oid)`;

/** pg_get_functiondef refuses an aggregate. */
export const routines: string = `
select case p.prokind when 'a' then 'aggregate' when 'p' then 'procedure' when 'w' then 'window function' else 'function' end,
       s.name || '.' || pg_catalog.quote_ident(p.proname) || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')', null::text,
       ${words(
         `case when p.prokind = 'a' then ${aggregate} else pg_catalog.rtrim(pg_catalog.pg_get_functiondef(p.oid), pg_catalog.chr(10)) end`,
         extensionsNeeded("pg_proc", "p.oid"),
       )}
  from pg_catalog.pg_proc p join own_schema s on s.oid = p.pronamespace
 where ${isNoMember("pg_proc", "p.oid")}`;

export const languages: string = `
select 'language', pg_catalog.quote_ident(l.lanname), null::text,
       ${words(given("l.lanpltrusted", "'trusted'"), "'language'", routine("handler", "l.lanplcallfoid"), routine("inline", "l.laninline"), routine("validator", "l.lanvalidator"))}
  from pg_catalog.pg_language l where l.lanispl and ${isOfUsers("pg_language", "l.oid")}
union all
select 'transform', pg_catalog.format_type(t.trftype, null) || ' language ' || pg_catalog.quote_ident(l.lanname), null::text,
       ${words("'transform'", routine("from sql", "t.trffromsql"), routine("to sql", "t.trftosql"))}
  from pg_catalog.pg_transform t join pg_catalog.pg_language l on l.oid = t.trflang where ${isOfUsers("pg_transform", "t.oid")}`;
