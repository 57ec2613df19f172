/** How texts are sorted and searched. */
import { isNoMember } from "./scope.ts";
import { given, named, routine, words } from "./words.ts";

/**
 * The locale of an ICU collation is colliculocale in 15 and 16, and colllocale from 17 on; the
 * version is the system library's, and not the schema's.
 */
const collations = `
select 'collation', s.name || '.' || pg_catalog.quote_ident(c.collname) || coalesce(' for ' || nullif(pg_catalog.pg_encoding_to_char(c.collencoding), ''), ''), null::text,
       ${words(
         "'provider ' || c.collprovider::text",
         given("not c.collisdeterministic", "'not deterministic'"),
         named("lc_collate", "c.collcollate"),
         named("lc_ctype", "c.collctype"),
         named(
           "locale",
           "coalesce(pg_catalog.to_jsonb(c) ->> 'colllocale', pg_catalog.to_jsonb(c) ->> 'colliculocale')",
         ),
         named("rules", "(pg_catalog.to_jsonb(c) ->> 'collicurules')"),
       )}
  from pg_catalog.pg_collation c join own_schema s on s.oid = c.collnamespace where ${isNoMember("pg_collation", "c.oid")}`;

const configurations = `
select 'text search configuration', s.name || '.' || pg_catalog.quote_ident(c.cfgname), null::text,
       ${words(
         `'parser ' || (select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.prsname)
             from pg_catalog.pg_ts_parser p join pg_catalog.pg_namespace n on n.oid = p.prsnamespace where p.oid = c.cfgparser)`,
         `(select pg_catalog.string_agg(w.line, ' ' order by w.maptokentype) from (
             select m.maptokentype, 'token ' || m.maptokentype || ' with ' || pg_catalog.string_agg(m.mapdict::pg_catalog.regdictionary::text, ', ' order by m.mapseqno) as line
               from pg_catalog.pg_ts_config_map m where m.mapcfg = c.oid group by m.maptokentype) as w)`,
       )}
  from pg_catalog.pg_ts_config c join own_schema s on s.oid = c.cfgnamespace where ${isNoMember("pg_ts_config", "c.oid")}`;

const dictionaries = `
select 'text search dictionary', s.name || '.' || pg_catalog.quote_ident(d.dictname), null::text,
       ${words(
         `'template ' || (select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.tmplname)
             from pg_catalog.pg_ts_template t join pg_catalog.pg_namespace n on n.oid = t.tmplnamespace where t.oid = d.dicttemplate)`,
         "d.dictinitoption",
       )}
  from pg_catalog.pg_ts_dict d join own_schema s on s.oid = d.dictnamespace where ${isNoMember("pg_ts_dict", "d.oid")}`;

const parsers = `
select 'text search parser', s.name || '.' || pg_catalog.quote_ident(p.prsname), null::text,
       ${words("'parser'", routine("start", "p.prsstart"), routine("gettoken", "p.prstoken"), routine("end", "p.prsend"), routine("headline", "p.prsheadline"), routine("lextypes", "p.prslextype"))}
  from pg_catalog.pg_ts_parser p join own_schema s on s.oid = p.prsnamespace where ${isNoMember("pg_ts_parser", "p.oid")}`;

const templates = `
select 'text search template', s.name || '.' || pg_catalog.quote_ident(t.tmplname), null::text,
       ${words("'template'", routine("init", "t.tmplinit"), routine("lexize", "t.tmpllexize"))}
  from pg_catalog.pg_ts_template t join own_schema s on s.oid = t.tmplnamespace where ${isNoMember("pg_ts_template", "t.oid")}`;

export const textSearch: readonly string[] = [
  collations,
  configurations,
  dictionaries,
  parsers,
  templates,
];
