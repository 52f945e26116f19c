//! The tables that the tests of `snapshot` look at, and what is done to them.

use lockkeeper::pg::{Address, Sandbox};

/// What is there before. No table has a row, and none was analyzed.
pub(super) const SCHEMA: &str = r#"
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE busy (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, mood mood, note varchar(20));
    CREATE INDEX busy_note ON busy (note);
    CREATE INDEX busy_mood ON busy (mood);
    INSERT INTO busy (mood) SELECT 'bad' FROM generate_series(1, 1000);
    CREATE TABLE "Half" ("Id" int);
    CREATE TABLE quiet (a int, b text);
    INSERT INTO quiet VALUES (-1), (1);
    ALTER TABLE quiet ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
    CREATE TABLE held (a int);
    CREATE TABLE locked (a text);
    INSERT INTO locked VALUES ('a');
    CREATE TABLE vanishes (a int);
    CREATE TABLE parted (k int, busy bigint REFERENCES busy) PARTITION BY LIST (k);
    CREATE INDEX ON parted (busy);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
    CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2) PARTITION BY LIST (k);
    CREATE TABLE parted_2_1 PARTITION OF parted_2 FOR VALUES IN (2);
    CREATE MATERIALIZED VIEW seen AS SELECT 1 AS a;
"#;

/// 3000 rows of `busy` written and 340 scans of its indexes; 500 rows of `"Half"` and 7 sequential scans; 300 rows of `parted`.
pub(super) const LOAD: &str = r#"
    INSERT INTO busy (mood) SELECT 'good' FROM generate_series(1, 3000);
    INSERT INTO "Half" SELECT generate_series(1, 500);
    INSERT INTO parted SELECT 1, 1 FROM generate_series(1, 100);
    INSERT INTO parted SELECT 2, 1 FROM generate_series(1, 200);
    DO $$
    DECLARE n bigint;
    BEGIN
        PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
        FOR i IN 1..40 LOOP
            SELECT count(*) INTO n FROM busy WHERE id = i;
        END LOOP;
        FOR i IN 1..7 LOOP
            SELECT count(*) INTO n FROM "Half";
        END LOOP;
    END $$;
"#;

/// What else happens between the samples: an index goes, another is built anew, a table comes and another goes.
pub(super) const CHANGES: &str = "
    DROP INDEX busy_mood;
    DROP TABLE vanishes;
    CREATE TABLE appears (a int);
    INSERT INTO appears SELECT generate_series(1, 10);
";

/// How to reach a database of a throwaway server as its superuser.
pub(super) fn url(server: &Sandbox, database: &str) -> String {
    format!("host={} user=postgres dbname={database}", server.socket_folder().display())
}

pub(super) fn address(server: &Sandbox, database: &str) -> Address {
    Address::parse(&url(server, database), &|_| None).unwrap()
}
