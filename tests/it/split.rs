//! Text in, pieces out: where statements begin and end.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use lockkeeper::sql::split::{Defect, Piece, PieceKind, Split, StandInKind, split};
use proptest::prelude::*;

/// One line a piece: a sign for its kind, then its text, with `⏎` for a new line. Problems say what and where.
fn render(text: &str) -> String {
    let mut out = String::new();
    for piece in &split(text).pieces {
        let body = piece.text(text).replace('\r', "␍").replace('\n', "⏎");
        match &piece.kind {
            PieceKind::Statement(_) if piece.stand_ins().is_empty() => writeln!(out, "; {body}").unwrap(),
            PieceKind::Statement(_) => {
                writeln!(out, "; {body}\n: {}", piece.text_for_parser(text).replace('\n', "⏎")).unwrap();
            }
            PieceKind::Meta => writeln!(out, "\\ {body}").unwrap(),
            PieceKind::CopyData { .. } => writeln!(out, "= {body}").unwrap(),
            PieceKind::Problem(_) => writeln!(out, "! {body}").unwrap(),
        }
        if let Some(problem) = piece.problem() {
            let place: String = text[problem.offset..].chars().take(8).collect();
            writeln!(out, "  at {:?}: {}", place, problem.defect).unwrap();
        }
    }
    out
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim_start).filter(|line| !line.is_empty()).collect();
    let actual = render(text);
    let actual: Vec<&str> = actual.lines().map(str::trim_start).collect();
    assert_eq!(actual, expected, "\n{}", render(text));
    check_cover(text, &split(text));
}

/// Pieces and comments are in order and apart, and nothing outside of them means anything.
#[track_caller]
fn check_cover(text: &str, split: &Split) {
    assert!(
        split.comments.is_sorted_by(|a, b| a.span.end <= b.span.start),
        "{:?} of {text:?}",
        split.comments
    );
    let mut meaning = text.as_bytes().to_vec();
    for comment in &split.comments {
        meaning[comment.span.start..comment.span.end].fill(b' ');
    }
    let mut at = 0;
    for piece in &split.pieces {
        assert!(at <= piece.span.start && piece.span.start < piece.span.end, "{piece:?} of {text:?}");
        at = piece.span.end;
        assert_eq!(piece.text_for_parser(text).len(), piece.text(text).len(), "{piece:?} of {text:?}");
        if let Some(problem) = piece.problem() {
            assert!(
                piece.span.start <= problem.offset && problem.offset < piece.span.end,
                "{piece:?} of {text:?}"
            );
        }
        meaning[piece.span.start..piece.span.end].fill(b' ');
    }
    let rest = String::from_utf8(meaning).unwrap();
    let rest = rest.trim_start_matches('\u{feff}').replace("\\;", "").replace("\\\\", "");
    assert!(rest.bytes().all(|b| b";\t\n\r\x0b\x0c ".contains(&b)), "lost {rest:?} of {text:?}");
}

#[test]
fn statements_end_at_semicolons() {
    check("", "");
    check(" \n;; ; -- only this\n", "");
    check("SELECT 1", "; SELECT 1");
    check("SELECT 1 ; -- one\n  SELECT 2 /* two */ ;;\n", "; SELECT 1\n; SELECT 2");
    check("\u{feff}SELECT 1;\r\nSELECT\r\n2;\r\n", "; SELECT 1\n; SELECT␍⏎2");
    check(
        "SELECT 'a;b', \"c;d\", $$e;f$$, $t$g;$$;h$t$; SELECT 2",
        "; SELECT 'a;b', \"c;d\", $$e;f$$, $t$g;$$;h$t$\n; SELECT 2",
    );
    check("--\rSELECT 1;--x", "; SELECT 1");
    check("SELECT 1)); SELECT 2", "; SELECT 1))\n; SELECT 2");
}

#[test]
fn quotes_and_comments_are_postgresqls() {
    check(
        "SELECT 'it''s;'; SELECT ''; SELECT '\\'; SELECT 4",
        "; SELECT 'it''s;'\n; SELECT ''\n; SELECT '\\'\n; SELECT 4",
    );
    check(
        r"SELECT E'it\'s;', e'\\'; SELECT fe'\'; SELECT 3",
        r"
        ; SELECT E'it\'s;', e'\\'
        ; SELECT fe'\'
        ; SELECT 3",
    );
    check("SELECT E'a'\n -- more\n 'b\\';c'; SELECT 2", "; SELECT E'a'⏎ -- more⏎ 'b\\';c'\n; SELECT 2");
    check("SELECT E'a' 'b\\'; SELECT 2", "; SELECT E'a' 'b\\'\n; SELECT 2");
    check(
        "SELECT U&'d\\0061;', U&\"d\\0061;\", B'1;', x'f;', N';'; SELECT 2",
        "; SELECT U&'d\\0061;', U&\"d\\0061;\", B'1;', x'f;', N';'\n; SELECT 2",
    );
    check("SELECT \"a;\"\"b;\"; SELECT 2", "; SELECT \"a;\"\"b;\"\n; SELECT 2");
    check("SELECT 1 /* ; /* ; */ ; */ + 1; SELECT 2", "; SELECT 1 /* ; /* ; */ ; */ + 1\n; SELECT 2");
    check("SELECT 1 -- ;'\n+ 1; SELECT 2", "; SELECT 1 -- ;'⏎+ 1\n; SELECT 2");
    check(
        "SELECT 3-2, 4/2, 2*/*;*/3, 2+--;\n3, a->>'b' */ 3; SELECT 2",
        "; SELECT 3-2, 4/2, 2*/*;*/3, 2+--;⏎3, a->>'b' */ 3\n; SELECT 2",
    );
}

#[test]
fn dollar_quotes_need_a_tag_outside_of_a_word() {
    check(
        "SELECT $1, $2; SELECT $1$2; SELECT a$b$c; SELECT d$$; SELECT 5",
        "; SELECT $1, $2\n; SELECT $1$2\n; SELECT a$b$c\n; SELECT d$$\n; SELECT 5",
    );
    check(
        "SELECT $größe$;$größe$; SELECT $_1$;$_$;$_1$; SELECT $a-$;$",
        "; SELECT $größe$;$größe$\n; SELECT $_1$;$_$;$_1$\n; SELECT $a-$\n; $",
    );
    check("SELECT $a$ ;$b$a$; SELECT 2", "; SELECT $a$ ;$b$a$\n; SELECT 2");
    check("DO $$BEGIN PERFORM 1; END$$; SELECT 1$$;$$", "; DO $$BEGIN PERFORM 1; END$$\n; SELECT 1$$;$$");
}

#[test]
fn a_body_of_statements_is_one_statement() {
    check(
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END; SELECT 2",
        "
        ; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END
        ; SELECT 2",
    );
    check("create or replace /* x */ procedure p() begin\natomic insert into t values (case when true then 1 end); end; BEGIN; END; SELECT 2", "
        ; create or replace /* x */ procedure p() begin⏎atomic insert into t values (case when true then 1 end); end
        ; BEGIN
        ; END
        ; SELECT 2");
    check(
        "CREATE FUNCTION f() RETURN CASE WHEN a THEN 1 END; SELECT 2",
        "; CREATE FUNCTION f() RETURN CASE WHEN a THEN 1 END\n; SELECT 2",
    );
    check(
        "CREATE OR REPLACE RULE r AS ON INSERT TO t DO (\nDELETE FROM a;\nDELETE FROM b;\n); SELECT 2",
        "
        ; CREATE OR REPLACE RULE r AS ON INSERT TO t DO (⏎DELETE FROM a;⏎DELETE FROM b;⏎)
        ; SELECT 2",
    );
}

#[test]
fn a_broken_statement_hides_no_neighbour() {
    check(
        "CREATE TABLE a (id int, CHECK (id > 0);\nDROP TABLE b;",
        "
        ! CREATE TABLE a (id int, CHECK (id > 0)
        at \"(id int,\": this parenthesis is never closed
        ; DROP TABLE b",
    );
    check(
        "SELECT a[1; SELECT (",
        "
        ! SELECT a[1
        at \"[1; SELE\": this parenthesis is never closed
        ! SELECT (
        at \"(\": this parenthesis is never closed",
    );
    check(
        "INSERT INTO t VALUES ('oops);\nALTER TABLE a ADD b int;\nINSERT INTO t VALUES ('fine');\n",
        "
        ! INSERT INTO t VALUES ('oops)
        at \"'oops);\\n\": this string is never closed
        ; ALTER TABLE a ADD b int
        ; INSERT INTO t VALUES ('fine')",
    );
    check(
        "SELECT 1;\nSELECT \"a;\n  -- then\n  DROP TABLE b;",
        "
        ; SELECT 1
        ! SELECT \"a
        at \"\\\"a;\\n  --\": this quoted name is never closed
        ; DROP TABLE b",
    );
    check(
        "CREATE FUNCTION f() AS $x$\nBEGIN\n  DELETE FROM a;\n  DELETE FROM b;\nEND;\n$ LANGUAGE plpgsql;\nDROP TABLE c;",
        "
        ! CREATE FUNCTION f() AS $x$⏎BEGIN⏎  DELETE FROM a;⏎  DELETE FROM b;⏎END;⏎$ LANGUAGE plpgsql
        at \"$x$\\nBEGI\": this dollar-quoted string is never closed
        ; DROP TABLE c",
    );
    check(
        "SELECT 1 /* a /* b */;\nDROP TABLE c",
        "
        ! SELECT 1 /* a /* b */
        at \"/* a /* \": this comment is never closed
        ; DROP TABLE c",
    );
    check(
        "CREATE FUNCTION f() BEGIN ATOMIC\n  SELECT 1;\n\nDROP TABLE c;",
        "
        ! CREATE FUNCTION f() BEGIN ATOMIC⏎  SELECT 1
        at \"CREATE F\": this BEGIN ATOMIC has no END
        ; DROP TABLE c",
    );
    check(
        "CREATE RULE r AS ON INSERT TO t DO (\n  DELETE FROM a;\n  DELETE FROM b;\nDROP TABLE c;",
        "
        ! CREATE RULE r AS ON INSERT TO t DO (⏎  DELETE FROM a;⏎  DELETE FROM b
        at \"(\\n  DELE\": this parenthesis is never closed
        ; DROP TABLE c",
    );
    check("SELECT 'a", "! SELECT 'a\nat \"'a\": this string is never closed");
    check("/* a", "! /* a\nat \"/* a\": this comment is never closed");
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("SELECT {}1{};SELECT 2;", "(".repeat(depth), ")".repeat(depth));
    assert!(split(&nested(1000)).pieces.iter().all(|piece| piece.problem().is_none()));
    let text = nested(1001);
    let pieces = split(&text).pieces;
    assert_eq!(
        pieces[0].problem().unwrap().defect.to_string(),
        "from here on it is nested too deeply to be read"
    );
    assert_eq!(pieces[1].text(&text), "SELECT 2");
    for (deep, flat) in [
        ("SELECT ~NOT ~true", "SELECT 1 FROM t ORDER BY a = 1 ~, a = 2 OR NOT a = 3~"),
        ("SELECT a ~|| 'b' || 'c'~", "SELECT a, ~'b' || 'c' <@> d, ~1"),
        ("SELECT 1 ~= 1~", "INSERT INTO t VALUES (1, 'a b c d e f')~, (-1, NOT NULL)~"),
        ("DO $$ BEGIN ~IF a THEN b; ~END IF $$", "DO $$ BEGIN ~DROP TABLE IF EXISTS t; ~END $$"),
        (
            "DO $$ BEGIN ~BEGIN a; ~END $$",
            "DO $$ BEGIN ~IF a THEN SELECT CASE WHEN b THEN c END; END IF; ~END $$",
        ),
        (
            "CREATE FUNCTION f() RETURNS int AS 'SELECT ~- (~1'",
            "CREATE FUNCTION f() RETURNS int AS 'SELECT ~(-1), ~1'",
        ),
        ("SELECT ~JOIN a ON CASE ~END", "SELECT ~CASE WHEN a THEN b END, ~1"),
    ] {
        let problem = |pattern: &str, times| {
            let [before, unit, after] = pattern.split('~').collect::<Vec<_>>()[..] else {
                panic!("{pattern}")
            };
            split(&format!("{before}{}{after}", unit.repeat(times))).pieces[0].problem().map(|it| it.defect)
        };
        assert_eq!(problem(deep, 21_000), Some(Defect::TooDeep), "{deep}");
        assert_eq!(problem(flat, 21_000), None, "{flat}");
    }
}

#[test]
fn psql_commands_are_pieces() {
    check(
        "\\restrict tok\n\\set x 'a b'\nSELECT 1;\n\\i file.sql\r\n\\unrestrict tok",
        "
        \\ \\restrict tok
        \\ \\set x 'a b'
        ; SELECT 1
        \\ \\i file.sql
        \\ \\unrestrict tok",
    );
    check(
        "SELECT 1 AS a \\gset p_\nSELECT 2\\g (format=csv) out; x\nSELECT 'DROP' \\gexec\nSELECT 3 \\gx | less \\ x\n",
        "
        ; SELECT 1 AS a
        \\ \\gset p_
        ; SELECT 2
        \\ \\g (format=csv) out; x
        ; SELECT 'DROP'
        \\ \\gexec
        ; SELECT 3
        \\ \\gx | less \\ x",
    );
    check(
        "\\set a 1 \\set b ' \\' 2' \\\\ SELECT 1; \\! ls \\ ;\nSELECT 2\\; SELECT 3;",
        "
        \\ \\set a 1
        \\ \\set b ' \\' 2'
        ; SELECT 1
        \\ \\! ls \\ ;
        ; SELECT 2
        ; SELECT 3",
    );
    check(
        "SELECT\n\\if :x\n  1\n\\else\n  2\n\\endif\n;SELECT 3\n\\connect d\n",
        "
        ; SELECT⏎\\if :x⏎  1⏎\\else⏎  2
        : SELECT⏎      ⏎  1⏎     ⏎  2
        \\ \\endif
        ; SELECT 3
        \\ \\connect d",
    );
    check(
        "SELECT (1 \\g\nSELECT a \\ b; SELECT 3\\:\\:int;",
        "
        ! SELECT (1
        at \"(1 \\\\g\\nSE\": this parenthesis is never closed
        \\ \\g
        ! SELECT a \\ b
        at \"\\\\ b; SEL\": no psql command begins here, and no statement holds a backslash
        ; SELECT 3\\:\\:int
        : SELECT 3 : :int",
    );
}

#[test]
fn psql_commands_have_names_and_arguments() {
    let text = "\\connect \"my db\" 'it''s \\'x' plain\n\\copy t from 'a b' csv \n\\q";
    let read: Vec<String> = split(text)
        .pieces
        .iter()
        .map(|piece| piece.meta(text).unwrap())
        .map(|meta| format!("{} {:?}", meta.name, meta.arguments))
        .collect();
    assert_eq!(read, [r#"connect ["my db", "it's 'x", "plain"]"#, r#"copy ["t from 'a b' csv"]"#, "q []"]);
}

#[test]
fn copied_data_is_no_sql() {
    check(
        "COPY t (a, b) FROM stdin;\n1\t;'\n\\.x\n\\.\nSELECT 1;",
        "
        ; COPY t (a, b) FROM stdin
        = 1\t;'⏎\\.x⏎\\.
        ; SELECT 1",
    );
    check(
        "copy t from /* here */ STDIN with (format csv); -- rows\r\n\\.\r\nSELECT 1",
        "
        ; copy t from /* here */ STDIN with (format csv)
        = \\.
        ; SELECT 1",
    );
    check(
        "COPY t FROM stdin; SELECT 1;\na\n\\.\nSELECT 2",
        "; COPY t FROM stdin\n; SELECT 1\n= a⏎\\.\n; SELECT 2",
    );
    check(
        "COPY (SELECT 1 FROM stdin) TO stdout; COPY t FROM 'stdin'; COPY t FROM PROGRAM 'x'; SELECT 2",
        "
        ; COPY (SELECT 1 FROM stdin) TO stdout
        ; COPY t FROM 'stdin'
        ; COPY t FROM PROGRAM 'x'
        ; SELECT 2",
    );
    check(
        "\\copy t from stdin\n';\n\\.\nCOPY t FROM stdin \\g\n'\n\\.",
        "
        \\ \\copy t from stdin
        = ';⏎\\.
        ; COPY t FROM stdin
        \\ \\g
        = '⏎\\.",
    );
    check(
        "SELECT 0 \\; copy t from stdin \\; copy t from stdout; COPY t FROM stdin;\n1\n\\.\n2\n\\.\n3\n\\.\nSELECT 4",
        "
        ; SELECT 0
        ; copy t from stdin
        ; copy t from stdout
        ; COPY t FROM stdin
        = 1⏎\\.
        = 2⏎\\.
        = 3⏎\\.
        ; SELECT 4",
    );
    check(
        "COPY t FROM stdin;\na\n",
        "
        ; COPY t FROM stdin
        = a⏎
        at \"a\\n\": the data of this COPY is not ended by \\. before the end of the file",
    );
    check("COPY t FROM stdin;\n", "; COPY t FROM stdin");
    check(
        "SELECT \\if a \\\\ 1 \\else \\\\ 2 \\endif \\\\ + 3",
        "
        ; SELECT \\if a \\\\ 1 \\else \\\\ 2 \\endif \\\\ + 3
        : SELECT          1          2           + 3",
    );
}

#[test]
fn psql_variables_become_words_of_the_same_length() {
    check(
        "SELECT :v, :'it', :\"n\", :{?x}, a::int, b[1:2], b[:n], f(x := 1), pre_:v.\"x\" FROM :s.:\"t\"",
        "
        ; SELECT :v, :'it', :\"n\", :{?x}, a::int, b[1:2], b[:n], f(x := 1), pre_:v.\"x\" FROM :s.:\"t\"
        : SELECT _v, '_it', \"_n\", true , a::int, b[1:2], b[:n], f(x := 1), pre__v.\"x\" FROM _s.\"_t\"",
    );
    check(
        "SELECT JSON_OBJECT('a':1, 'b':'c', d:'e', f : g), ARRAY[:'x'], :größe",
        "
        ; SELECT JSON_OBJECT('a':1, 'b':'c', d:'e', f : g), ARRAY[:'x'], :größe
        : SELECT JSON_OBJECT('a':1, 'b':'c', d:'e', f : g), ARRAY['_x'], _größe",
    );
    let pieces = split("SELECT :{?x}; SELECT\n\\echo x\n1; SELECT a::b").pieces;
    assert_eq!(pieces.iter().map(Piece::has_psql_variables).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(pieces[0].stand_ins()[0].kind, StandInKind::IsSet);
}

#[test]
fn placeholders_become_words_of_the_same_length() {
    check(
        "SELECT a$b, 'x${y}' FROM ${s}.t, pre_${env}_x, {{.s}}.u, a{1}, ${; SELECT ${\n}",
        "
        ; SELECT a$b, 'x${y}' FROM ${s}.t, pre_${env}_x, {{.s}}.u, a{1}, ${
        : SELECT a$b, 'x${y}' FROM __s_.t, pre___env__x, ___s__.u, a{1}, ${
        ; SELECT ${⏎}",
    );
    check(
        "DO $$ BEGIN ALTER TABLE {{.s}}.t ADD a ${type}; END $$; SELECT $$ {{.s}} $$",
        "
        ; DO $$ BEGIN ALTER TABLE {{.s}}.t ADD a ${type}; END $$
        : DO $$ BEGIN ALTER TABLE ___s__.t ADD a __type_; END $$
        ; SELECT $$ {{.s}} $$",
    );
    check(
        "CREATE INDEX i ON \"{{ index .Options \"Namespace\" }}\".t (a), \"{{a\", \"}}b\", {{ .S }}",
        "
        ; CREATE INDEX i ON \"{{ index .Options \"Namespace\" }}\".t (a), \"{{a\", \"}}b\", {{ .S }}
        : CREATE INDEX i ON \"___index__options__namespace____\".t (a), \"{{a\", \"}}b\", ____S___",
    );
}

#[test]
fn comments_are_kept_apart() {
    let text = "-- a\nSELECT 1 /* b */; -- c\r\nSELECT '-- d', $$-- e$$;\nSELECT \"/* f\";\nCOPY t FROM stdin; -- g\n-- h\n\\.\n--i";
    let comments: Vec<&str> = split(text).comments.iter().map(|comment| comment.span.of(text)).collect();
    assert_eq!(comments, ["-- a", "/* b */", "-- c", "-- g", "--i"]);
    let text = "-- a\nSELECT 'b;\n-- c\nDROP TABLE d; -- e\n";
    let comments: Vec<&str> = split(text).comments.iter().map(|comment| comment.span.of(text)).collect();
    assert_eq!(comments, ["-- a", "-- c", "-- e"]);
}

/// Statements that end only where they should, whatever follows.
fn statement() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        prop_oneof![
            "a",
            "\\$1",
            "::int",
            "b\\$c\\$d",
            "1\\.5e3",
            "->>",
            "- -1",
            "\\( x, y\\[1:2\\] \\)",
            ":v",
            "größe"
        ],
        "'([^']|'')*'",
        "E'([^'\\\\]|\\\\.|'')*'",
        "\"([^\"]|\"\")*\"",
        "/\\*[^*/]*\\*/",
        ("[a-zé_]{0,3}", "[^$]*").prop_map(|(tag, body)| format!("${tag}${body}${tag}$")),
        "--[^\r\n]*\n",
    ];
    proptest::collection::vec(token, 0..8).prop_map(|tokens| format!("SELECT {} x", tokens.join(" ")))
}

proptest! {
    #[test]
    fn whole_statements_come_out_as_they_went_in(statements in proptest::collection::vec(statement(), 0..8)) {
        let text = statements.join(" ;\n");
        let pieces = split(&text).pieces;
        let found: Vec<&str> = pieces.iter().map(|piece| piece.text(&text)).collect();
        prop_assert_eq!(found, statements);
        prop_assert!(pieces.iter().all(|piece| piece.problem().is_none()));
    }

    #[test]
    fn no_text_is_lost(text in "([ -~]|\\PC|[\\\\';\"$()\\[\\]:/*\n\r-]|\\$a\\$|--|/\\*|\n\\\\\\.|COPY t FROM stdin;|E'|BEGIN ATOMIC|CREATE (FUNCTION|RULE) |;\nDROP TABLE|\\\\(g|if|i|copy) ){0,60}") {
        check_cover(&text, &split(&text));
    }

    #[test]
    fn any_unicode_is_split(text in any::<String>()) {
        check_cover(&text, &split(&text));
    }
}

/// What could make a scanner go back, parted by `~`.
const UNITS: &str = "\
    $a$~$a$;\nDROP TABLE b;~$~$a~/*~*/~/*;\n~(~(;~[~'~''~'a~'\n;\nDROP TABLE b;\n~E'~E'\\'~\
    E'\\';\nDROP b;E~\"~\\~\\a~\\a '~\\g ~\\set x '~\\;~:~:'~:'a~:{?a~-~--~--;\n~;\n--~; ~E''\n~\
    E''--\n~COPY t FROM stdin;~COPY t FROM stdin;\n~COPY t FROM stdin;\n\\.~\n\\.a~\
    CREATE RULE r (;\n DROP TABLE b;\n~CREATE FUNCTION f BEGIN ATOMIC;\n~\
    CREATE FUNCTION f BEGIN ATOMIC;\nDROP TABLE b;\n~CASE ~\u{feff}~é~\r~)~/~a$b$";

/// Each is repeated to this: a tenth of a second, or minutes if anything is quadratic.
const ADVERSARY_BYTES: usize = if cfg!(debug_assertions) { 500_000 } else { 2_000_000 };

#[test]
fn no_text_takes_more_than_linear_time() {
    let distinct =
        (0..ADVERSARY_BYTES / 10).map(|n| format!("$a{n}$;\nDROP b;\n")).collect::<Vec<_>>().concat();
    let repeated = UNITS.split('~').flat_map(|unit| {
        let body = unit.repeat(ADVERSARY_BYTES / unit.len());
        ["", "'", "CREATE RULE r (", "CREATE FUNCTION f BEGIN ATOMIC "]
            .map(|prefix| format!("{prefix}{body}"))
    });
    for text in repeated.chain([distinct]) {
        let start = Instant::now();
        let n_pieces = split(&text).pieces.len();
        let elapsed = start.elapsed();
        let beginning: String = text.chars().take(60).collect();
        assert!(elapsed < Duration::from_secs(10), "{beginning:?}… took {elapsed:?} for {n_pieces} pieces");
    }
}
