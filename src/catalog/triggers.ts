import { isOfUsers } from "./scope.ts";
import { extensionsNeeded, firing, given, named, sortedList, words } from "./words.ts";

/** Those that constraints work by are left out. A copy on a partition was internal up to 14. */
export const triggers: string = `
select 'trigger', r.name || '.' || pg_catalog.quote_ident(g.tgname), r.name,
       ${words(
         "pg_catalog.pg_get_triggerdef(g.oid)",
         firing("g.tgenabled"),
         given("g.tgparentid <> 0", "'copied from the partitioned table'"),
         extensionsNeeded("pg_trigger", "g.oid"),
       )}
  from pg_catalog.pg_trigger g join relation r on r.oid = g.tgrelid
 where not g.tgisinternal or (g.tgparentid <> 0 and g.tgconstraint = 0)`;

export const eventTriggers: string = `
select 'event trigger', pg_catalog.quote_ident(v.evtname), null::text,
       ${words(
         "'on ' || v.evtevent",
         named(
           "when tag in",
           `'(' || ${sortedList("tag", "pg_catalog.unnest(v.evttags) as tag")} || ')'`,
         ),
         "'execute ' || v.evtfoid::pg_catalog.regprocedure::text",
         firing("v.evtenabled"),
       )}
  from pg_catalog.pg_event_trigger v where ${isOfUsers("pg_event_trigger", "v.oid")}`;

/** A view's own rule is its definition. */
export const rules: string = `
select 'rule', r.name || '.' || pg_catalog.quote_ident(w.rulename), r.name,
       ${words("pg_catalog.pg_get_ruledef(w.oid)", firing("w.ev_enabled"))}
  from pg_catalog.pg_rewrite w join relation r on r.oid = w.ev_class where w.rulename <> '_RETURN'`;

export const policies: string = `
select 'policy', r.name || '.' || pg_catalog.quote_ident(p.polname), r.name,
       ${words(
         "case when p.polpermissive then 'permissive' else 'restrictive' end",
         "'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end",
         `'to ' || ${sortedList(
           "case when o.oid = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.oid)) end",
           "pg_catalog.unnest(p.polroles) as o (oid)",
         )}`,
         named("using", "'(' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')'"),
         named("with check", "'(' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'"),
       )}
  from pg_catalog.pg_policy p join relation r on r.oid = p.polrelid`;
