//! Tables that were there before are filled with rows that their schema allows, and with what may break the next constraint.

use std::fs;

use lockkeeper::{
    dry_run::{Fate, Ran},
    lint::InputRole,
    pg::Sandbox,
};

use super::{DATABASE, input, with_rows};
use crate::support::{majors, on_each};

fn run(server: &Sandbox, judged: &str) -> Ran {
    server.drop_database(DATABASE).unwrap();
    let schema = fs::read_to_string("fixtures/dry-run/rows.sql").unwrap();
    let inputs = [input("rows.sql", &schema, InputRole::Schema), input("1.sql", judged, InputRole::Linted)];
    with_rows(server, &inputs, Some(200)).unwrap()
}

/// How the server refuses the statement; `None` if it runs.
fn refusal(ran: &Ran) -> Option<String> {
    ran.statements().find_map(|it| match &it.fate {
        Fate::Refused { refusal, .. } => Some(refusal.to_string()),
        Fate::Observed { .. } | Fate::Ran(_) | Fate::NotRun => None,
    })
}

/// The keys hold although nobody checked them while the rows were made; new rows get numbers behind those that are there.
const SOUND: &str = "
    ALTER TABLE person ADD FOREIGN KEY (country) REFERENCES country;
    ALTER TABLE purchase ADD FOREIGN KEY (person) REFERENCES person;
    ALTER TABLE person_in_purchase ADD FOREIGN KEY (person) REFERENCES person, ADD FOREIGN KEY (purchase) REFERENCES purchase;
    ALTER TABLE egg ADD FOREIGN KEY (hen) REFERENCES hen;
    INSERT INTO person (mail, name, country, part, settings, code, \"Odd \"\"name\"\"\")
        SELECT 'a@b.c', 'new', code, 1, '{}', '', gen_random_uuid() FROM country LIMIT 1;
    DO $$ BEGIN ASSERT (SELECT count(*) FROM event_1 WHERE at < '2026-07-01') = 200; END $$;
    DO $$ BEGIN ASSERT (SELECT count(DISTINCT status) FROM purchase) = 3; END $$;
";

/// What must fail where anything may be in a table.
const BROKEN: [(&str, &str); 4] = [
    (
        "ALTER TABLE person ALTER COLUMN born SET NOT NULL",
        "23502: column \"born\" of relation \"person\" contains null values",
    ),
    (
        "ALTER TABLE purchase ADD UNIQUE (status)",
        "23505: could not create unique index \"purchase_status_key\"",
    ),
    (
        "ALTER TABLE purchase ADD CHECK (percent < 50)",
        "23514: check constraint \"purchase_percent_check1\" of relation \"purchase\" is violated by some row",
    ),
    (
        "ALTER TABLE country ALTER COLUMN name TYPE varchar(1)",
        "22001: value too long for type character varying(1)",
    ),
];

#[test]
fn rows_are_as_the_schema_wants_them_and_no_better() {
    on_each(&majors(), |server| {
        let ran = run(server, SOUND);
        assert_eq!(ran.backdrop, ["9 of 9 tables were filled with 200 rows each"], "{}", server.major());
        assert_eq!(refusal(&ran), None, "{}", server.major());
        for (statement, said) in BROKEN {
            assert_eq!(refusal(&run(server, statement)).as_deref(), Some(said), "{}", server.major());
        }
    });
}
