//! What the grammar takes and only the parser's validation refuses is refused, though most statements are not validated.

use lockkeeper::sql::parse::parse;
use squawk_syntax::SourceFile;
use squawk_syntax::body::BodyLanguage;

/// One for each way in which validation refuses a statement.
const REFUSED: &[&str] = &[
    "create table left (id int)",
    "create table t (id)",
    "create table t (id numeric(variadic 2))",
    "create table t (id numeric(2 + 2))",
    "create table t partition of p for values with (modulus 2, modulus 3)",
    "create table t (a text default 'a' /* c */\n 'b')",
    "create table t (a text default 'a' 'b')",
    "create table t (a int default default)",
    "create aggregate a (out int) (sfunc = f, stype = int)",
    "create function f(a int) returns int as 'select 1' return 1",
    "create function f(a int) returns int language sql language sql as 'select 1'",
    "create function f(a int) returns int immutable stable language sql as 'select 1'",
    "create function f(a int) returns int strict called on null input language sql as 'select 1'",
    "create function f(variadic a int[], b int) returns int language sql as 'select 1'",
    "create function f(out a int) returns table (b int) language sql as 'select 1'",
    "drop function f(a int default 1)",
    "grant execute on function f(a int = 1) to r",
    "do 'a' 'b'",
    "do language sql 'select 1'",
    "select left from t",
    "select nullif(1)",
    "select coalesce()",
    "select any(array[1])",
    "select default",
    "select 1 in 2",
    "select 1 overlaps 2",
    "select distinct from t",
    "from t select a",
    "from t",
    "select (select)",
    "select 1 from a join b",
    "select 1 from a cross join b using (c)",
    "select 1 from a natural join b using (c)",
    "select 1 from lateral a",
    "select 1 from only f()",
    "select 1 from (a)",
    "select 1 union select 2 into t",
    "select array(1)",
    "select [1]",
    "select 1 %%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%% 2",
    "select U&'\\00'",
    "select U&\"\\00\"",
    "select a uescape '!'",
    "update t set a.b = default",
    "alter table t alter a set storage none",
];

#[test]
fn what_only_validation_refuses_is_refused() {
    for text in REFUSED {
        let (_, of_grammar) = SourceFile::parse_text(text);
        assert!(of_grammar.is_empty(), "{text}: no case, the grammar refuses it");
        assert!(parse(text).is_err(), "{text}");
    }
}
