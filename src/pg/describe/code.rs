//! What runs code: functions, procedures and aggregates, triggers, rules and event triggers.

use super::{
    Part,
    part::{comment, is_own, owner, privileges},
};

pub(super) const PARTS: &[Part] = &[functions, aggregates, triggers, rules, event_triggers];

fn functions(_: u16) -> String {
    format!(
        "SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.oid::regprocedure::text, \
         concat_ws(E'\\n', {}, pg_get_functiondef(p.oid), {}, {}) FROM pg_proc p WHERE p.prokind <> 'a' AND {} \
         AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')",
        owner("p.proowner"),
        privileges('f', "p.proacl", "p.proowner"),
        comment("pg_proc", "p.oid"),
        is_own("pg_proc", "p.oid"),
    )
}

fn aggregates(_: u16) -> String {
    format!(
        "SELECT 'aggregate', p.oid::regprocedure::text, concat_ws(E'\\n', {}, \
         'of ' || pg_get_function_arguments(p.oid) || ' returns ' || pg_get_function_result(p.oid), \
         'kind ' || a.aggkind::text, 'state ' || format_type(a.aggtranstype, NULL) || ' by ' || a.aggtransfn::oid::regprocedure::text, \
         'first ' || quote_literal(a.agginitval), 'final ' || nullif(a.aggfinalfn::oid, 0)::regprocedure::text, \
         'combined by ' || nullif(a.aggcombinefn::oid, 0)::regprocedure::text, \
         'written by ' || nullif(a.aggserialfn::oid, 0)::regprocedure::text, \
         'read by ' || nullif(a.aggdeserialfn::oid, 0)::regprocedure::text, \
         'moving ' || nullif(a.aggmtransfn::oid, 0)::regprocedure::text || ' ' || nullif(a.aggminvtransfn::oid, 0)::regprocedure::text, \
         'sorted by ' || nullif(a.aggsortop, 0)::regoperator::text, 'parallel ' || p.proparallel::text, {}, {}) \
         FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE {}",
        owner("p.proowner"),
        privileges('f', "p.proacl", "p.proowner"),
        comment("pg_proc", "p.oid"),
        is_own("pg_proc", "p.oid"),
    )
}

/// When something is enabled, unless that is the usual time.
fn enabled(column: &str) -> String {
    format!(
        "CASE {column} WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'only on a replica' WHEN 'A' THEN 'always' END"
    )
}

fn triggers(_: u16) -> String {
    format!(
        "SELECT 'trigger', format('%s on %s', quote_ident(t.tgname), t.tgrelid::regclass), concat_ws(E'\\n', \
         pg_get_triggerdef(t.oid), {}, CASE WHEN t.tgparentid <> 0 THEN 'inherited' END, {}) \
         FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
         WHERE NOT t.tgisinternal AND c.relpersistence <> 't' AND {}",
        enabled("t.tgenabled"),
        comment("pg_trigger", "t.oid"),
        is_own("pg_trigger", "t.oid"),
    )
}

fn rules(_: u16) -> String {
    format!(
        "SELECT 'rule', format('%s on %s', quote_ident(r.rulename), r.ev_class::regclass), concat_ws(E'\\n', \
         pg_get_ruledef(r.oid), {}, {}) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class \
         WHERE r.rulename <> '_RETURN' AND c.relpersistence <> 't' AND {} AND {}",
        enabled("r.ev_enabled"),
        comment("pg_rewrite", "r.oid"),
        is_own("pg_rewrite", "r.oid"),
        is_own("pg_class", "c.oid"),
    )
}

fn event_triggers(_: u16) -> String {
    format!(
        "SELECT 'event trigger', quote_ident(e.evtname), concat_ws(E'\\n', {}, 'on ' || e.evtevent, \
         'when tag in ' || array_to_string(e.evttags, ', '), 'executes ' || e.evtfoid::regprocedure::text, {}, {}) \
         FROM pg_event_trigger e WHERE {}",
        owner("e.evtowner"),
        enabled("e.evtenabled"),
        comment("pg_event_trigger", "e.oid"),
        is_own("pg_event_trigger", "e.oid"),
    )
}
