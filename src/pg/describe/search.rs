//! Text search: configurations with what they look up, dictionaries, parsers and templates.

use super::{
    Part,
    part::{comment, is_own, owner},
};

pub(super) const PARTS: &[Part] = &[configurations, dictionaries, parsers, templates];

fn configurations(_: u16) -> String {
    format!(
        "SELECT 'text search configuration', c.oid::regconfig::text, concat_ws(E'\\n', {}, \
         'parser ' || p.prsnamespace::regnamespace::text || '.' || quote_ident(p.prsname), \
         (SELECT string_agg(format('%s: %s', m.alias, m.dictionaries), E'\\n' ORDER BY m.alias) FROM ( \
             SELECT t.alias, string_agg(e.mapdict::regdictionary::text, ', ' ORDER BY e.mapseqno) AS dictionaries \
             FROM pg_ts_config_map e JOIN ts_token_type(c.cfgparser) t ON t.tokid = e.maptokentype \
             WHERE e.mapcfg = c.oid GROUP BY t.alias) m), {}) \
         FROM pg_ts_config c JOIN pg_ts_parser p ON p.oid = c.cfgparser WHERE {}",
        owner("c.cfgowner"),
        comment("pg_ts_config", "c.oid"),
        is_own("pg_ts_config", "c.oid"),
    )
}

fn dictionaries(_: u16) -> String {
    format!(
        "SELECT 'text search dictionary', d.oid::regdictionary::text, concat_ws(E'\\n', {}, \
         'template ' || t.tmplnamespace::regnamespace::text || '.' || quote_ident(t.tmplname), 'options ' || d.dictinitoption, {}) \
         FROM pg_ts_dict d JOIN pg_ts_template t ON t.oid = d.dicttemplate WHERE {}",
        owner("d.dictowner"),
        comment("pg_ts_dict", "d.oid"),
        is_own("pg_ts_dict", "d.oid"),
    )
}

fn parsers(_: u16) -> String {
    format!(
        "SELECT 'text search parser', format('%s.%I', p.prsnamespace::regnamespace, p.prsname), concat_ws(E'\\n', \
         concat_ws(' ', p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype), {}) FROM pg_ts_parser p WHERE {}",
        comment("pg_ts_parser", "p.oid"),
        is_own("pg_ts_parser", "p.oid"),
    )
}

fn templates(_: u16) -> String {
    format!(
        "SELECT 'text search template', format('%s.%I', t.tmplnamespace::regnamespace, t.tmplname), concat_ws(E'\\n', \
         concat_ws(' ', t.tmplinit, t.tmpllexize), {}) FROM pg_ts_template t WHERE {}",
        comment("pg_ts_template", "t.oid"),
        is_own("pg_ts_template", "t.oid"),
    )
}
