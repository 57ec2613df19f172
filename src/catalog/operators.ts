import { isNoMember, isOfUsers } from "./scope.ts";
import { given, named, routine, words } from "./words.ts";

const operators = `
select 'operator', s.name || '.' || o.oprname || '(' ||
         case when o.oprleft = 0 then 'none' else pg_catalog.format_type(o.oprleft, null) end || ', ' || pg_catalog.format_type(o.oprright, null) || ')', null::text,
       ${words(
         "'operator'",
         routine("function", "o.oprcode"),
         given("o.oprresult <> 0", named("returns", "pg_catalog.format_type(o.oprresult, null)")),
         given("o.oprcom <> 0", named("commutator", "o.oprcom::pg_catalog.regoperator::text")),
         given("o.oprnegate <> 0", named("negator", "o.oprnegate::pg_catalog.regoperator::text")),
         routine("restrict", "o.oprrest"),
         routine("join", "o.oprjoin"),
         given("o.oprcanhash", "'hashes'"),
         given("o.oprcanmerge", "'merges'"),
       )}
  from pg_catalog.pg_operator o join own_schema s on s.oid = o.oprnamespace where ${isNoMember("pg_operator", "o.oid")}`;

const nameOfFamily = (oid: string): string =>
  "(select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(f.opfname) " +
  `from pg_catalog.pg_opfamily f join pg_catalog.pg_namespace n on n.oid = f.opfnamespace where f.oid = ${oid})`;

const inOrderOfTypes = (left: string, right: string): string =>
  `pg_catalog.format_type(${left}, null) collate pg_catalog."C", pg_catalog.format_type(${right}, null) collate pg_catalog."C"`;

const operatorClasses = `
select 'operator class', s.name || '.' || pg_catalog.quote_ident(c.opcname) || ' using ' || pg_catalog.quote_ident(m.amname), null::text,
       ${words(
         "'for type ' || pg_catalog.format_type(c.opcintype, null)",
         given("c.opcdefault", "'default'"),
         `'family ' || ${nameOfFamily("c.opcfamily")}`,
         given("c.opckeytype <> 0", named("storage", "pg_catalog.format_type(c.opckeytype, null)")),
       )}
  from pg_catalog.pg_opclass c join own_schema s on s.oid = c.opcnamespace join pg_catalog.pg_am m on m.oid = c.opcmethod
 where ${isNoMember("pg_opclass", "c.oid")}`;

/** The operators and functions of its classes are the family's. */
const operatorFamilies = `
select 'operator family', s.name || '.' || pg_catalog.quote_ident(f.opfname) || ' using ' || pg_catalog.quote_ident(m.amname), null::text,
       ${words(
         "'operator family'",
         `(select pg_catalog.string_agg('operator ' || p.amopstrategy || ' ' || p.amopopr::pg_catalog.regoperator::text ||
              case when p.amoppurpose = 'o' then ' for order by ' ||
                ${nameOfFamily("p.amopsortfamily")}
              else '' end, ', ' order by ${inOrderOfTypes("p.amoplefttype", "p.amoprighttype")}, p.amopstrategy, p.amoppurpose)
            from pg_catalog.pg_amop p where p.amopfamily = f.oid)`,
         `(select pg_catalog.string_agg('function ' || p.amprocnum || ' (' || pg_catalog.format_type(p.amproclefttype, null) || ', ' ||
              pg_catalog.format_type(p.amprocrighttype, null) || ') ' || p.amproc::pg_catalog.regprocedure::text, ', '
              order by ${inOrderOfTypes("p.amproclefttype", "p.amprocrighttype")}, p.amprocnum)
            from pg_catalog.pg_amproc p where p.amprocfamily = f.oid)`,
       )}
  from pg_catalog.pg_opfamily f join own_schema s on s.oid = f.opfnamespace join pg_catalog.pg_am m on m.oid = f.opfmethod
 where ${isNoMember("pg_opfamily", "f.oid")}`;

const casts = `
select 'cast', pg_catalog.format_type(k.castsource, null) || ' as ' || pg_catalog.format_type(k.casttarget, null), null::text,
       ${words(
         "case k.castmethod when 'i' then 'with inout' when 'b' then 'without function' else 'with function ' || k.castfunc::pg_catalog.regprocedure::text end",
         "case k.castcontext when 'i' then 'as implicit' when 'a' then 'as assignment' end",
       )}
  from pg_catalog.pg_cast k where ${isOfUsers("pg_cast", "k.oid")}`;

const conversions = `
select 'conversion', s.name || '.' || pg_catalog.quote_ident(v.conname), null::text,
       ${words(
         given("v.condefault", "'default'"),
         "'for ' || pg_catalog.pg_encoding_to_char(v.conforencoding) || ' to ' || pg_catalog.pg_encoding_to_char(v.contoencoding)",
         routine("function", "v.conproc"),
       )}
  from pg_catalog.pg_conversion v join own_schema s on s.oid = v.connamespace where ${isNoMember("pg_conversion", "v.oid")}`;

const accessMethods = `
select 'access method', pg_catalog.quote_ident(m.amname), null::text,
       ${words("'type ' || case m.amtype when 't' then 'table' else 'index' end", routine("handler", "m.amhandler"))}
  from pg_catalog.pg_am m where ${isOfUsers("pg_am", "m.oid")}`;

export const operatorsAndCasts: readonly string[] = [
  operators,
  operatorClasses,
  operatorFamilies,
  casts,
  conversions,
  accessMethods,
];
