//! The language server, as an editor talks to it: the binary itself, through its pipes.

use std::{
    fs,
    io::{BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use lsp_server::{Message, Notification, Request, Response};
use serde_json::{Value, json};

/// An editor.
struct Client {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    n_requests: i32,
    version: i32,
}

impl Client {
    fn start(folder: &Path) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
            .arg("lsp")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        Self { server, input, output: BufReader::new(output), n_requests: 0, version: 0 }
    }

    fn initialized(folder: &Path, capabilities: &Value) -> Self {
        let mut client = Self::start(folder);
        let about = client.request("initialize", json!({ "capabilities": capabilities })).unwrap();
        assert_eq!(about["serverInfo"]["name"], "lockkeeper");
        client.notify("initialized", json!({}));
        client
    }

    fn send(&mut self, message: &Message) {
        message.write(&mut self.input).unwrap();
    }

    fn receive(&mut self) -> Option<Message> {
        Message::read(&mut self.output).unwrap()
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&Message::Notification(Notification { method: method.to_owned(), params }));
    }

    /// The answer, or the error's code and text. What comes before it is passed over.
    fn request(&mut self, method: &str, params: Value) -> Result<Value, (i32, String)> {
        self.n_requests += 1;
        let wanted = self.n_requests.into();
        let id = self.n_requests.into();
        self.send(&Message::Request(Request { id, method: method.to_owned(), params }));
        loop {
            if let Message::Response(Response { id, response_result }) = self.receive().unwrap()
                && id == wanted
            {
                return response_result.map_err(|it| (it.code, it.message));
            }
        }
    }

    fn open(&mut self, uri: &str, text: &str) -> Vec<Value> {
        self.version = 1;
        let document = json!({ "uri": uri, "languageId": "sql", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        self.diagnostics(uri)
    }

    /// Puts `text` in the place of what is from `start` to `end`, line and column each.
    fn change(&mut self, uri: &str, start: (u32, u32), end: (u32, u32), text: &str) -> Vec<Value> {
        self.version += 1;
        let change = json!({ "range": range(start, end), "text": text });
        let document = json!({ "uri": uri, "version": self.version });
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": [change] }),
        );
        self.diagnostics(uri)
    }

    fn replace(&mut self, uri: &str, text: &str) -> Vec<Value> {
        self.version += 1;
        let document = json!({ "uri": uri, "version": self.version });
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": [{ "text": text }] }),
        );
        self.diagnostics(uri)
    }

    /// What is told of the newest text.
    fn diagnostics(&mut self, uri: &str) -> Vec<Value> {
        loop {
            if let Message::Notification(it) = self.receive().unwrap()
                && it.method == "textDocument/publishDiagnostics"
                && it.params["uri"] == uri
                && it.params["version"] == self.version
            {
                return it.params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    fn hover(&mut self, uri: &str, line: u32, character: u32) -> Value {
        let position = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": { "uri": uri }, "position": position });
        self.request("textDocument/hover", params).unwrap()
    }

    fn actions(&mut self, uri: &str, line: u32, column: u32) -> Vec<Value> {
        let params = json!({
            "textDocument": { "uri": uri },
            "range": range((line, column), (line, column)),
            "context": { "diagnostics": [] },
        });
        self.request("textDocument/codeAction", params).unwrap().as_array().unwrap().clone()
    }

    /// Leaves as the protocol wants it; the exit code, and what stderr says.
    fn leave(mut self) -> (i32, String) {
        assert_eq!(self.request("shutdown", Value::Null), Ok(Value::Null));
        assert_eq!(self.request("textDocument/hover", json!({})).unwrap_err().0, -32600);
        self.notify("exit", Value::Null);
        self.end()
    }

    fn end(mut self) -> (i32, String) {
        drop(self.input);
        let mut said = String::new();
        self.server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.server.wait().unwrap().code().unwrap(), said)
    }
}

fn range(start: (u32, u32), end: (u32, u32)) -> Value {
    let position = |(line, character)| json!({ "line": line, "character": character });
    json!({ "start": position(start), "end": position(end) })
}

/// The rules and where they begin: line and column.
fn rules(diagnostics: &[Value]) -> Vec<(String, u64, u64)> {
    let place = |it: &Value, what: &str| it["range"]["start"][what].as_u64().unwrap();
    diagnostics
        .iter()
        .map(|it| (it["code"].as_str().unwrap().to_owned(), place(it, "line"), place(it, "character")))
        .collect()
}

fn named(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().map(|it| it["code"].as_str().unwrap()).collect()
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display().to_string().replace(' ', "%20"))
}

/// A folder with a configuration, one migration that is there, and the name of a second one.
fn project() -> (tempfile::TempDir, String) {
    let folder = tempfile::Builder::new().prefix("my migrations").tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("lockkeeper.toml"), "[rules]\nwaits-without-lock-timeout = \"off\"\n")
        .unwrap();
    let first = "CREATE TABLE orders (id bigint PRIMARY KEY, total integer);\n";
    fs::write(folder.path().join("0001_orders.sql"), first).unwrap();
    let second = folder.path().join("0002_change.sql");
    fs::write(&second, "").unwrap();
    let name = uri(&second);
    (folder, name)
}

/// The text after the edits of an action, of documents whose columns are bytes.
fn applied(text: &str, action: &Value, uri: &str) -> String {
    let offset = |position: &Value| {
        let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
        let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        before + usize::try_from(position["character"].as_u64().unwrap()).unwrap()
    };
    let mut after = text.to_owned();
    let edits = action["edit"]["changes"][uri].as_array().unwrap();
    for edit in edits.iter().rev() {
        let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        after.replace_range(range, edit["newText"].as_str().unwrap());
    }
    after
}

const INDEX: &str = "CREATE INDEX orders_total ON orders (total);\n";

#[test]
fn diagnostics_come_and_go_as_one_types_and_columns_are_utf_16() {
    let (folder, uri) = project();
    let mut client = Client::initialized(folder.path(), &json!({}));
    let found = client.open(&uri, &format!("-- 🗝 ä\n/* 🗝ä */ {INDEX}"));
    // The key is two units of UTF-16.
    assert_eq!(rules(&found), [("index-blocks-writes".to_owned(), 1, 10)]);
    assert_eq!((&found[0]["source"], &found[0]["severity"]), (&json!("lockkeeper"), &json!(1)));
    assert!(found[0]["message"].as_str().unwrap().contains("\nhelp: "), "{}", found[0]);
    // `CREATE INDEX` becomes `CREATE INDEX CONCURRENTLY`, letter by letter.
    let mut found = Vec::new();
    for (column, letter) in (10 + 12..).zip(" CONCURRENTLY".chars()) {
        found = client.change(&uri, (1, column), (1, column), &letter.to_string());
    }
    assert_eq!(rules(&found), []);
    // The key goes, and what follows stays where it is.
    let found = client.change(&uri, (1, 3), (1, 5), "");
    assert_eq!(rules(&found), []);
    let found = client.change(&uri, (1, 20), (1, 33), "");
    assert_eq!(rules(&found), [("index-blocks-writes".to_owned(), 1, 8)]);
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    assert_eq!(client.leave(), (0, String::new()));
}

#[test]
fn columns_are_bytes_for_clients_that_know_them() {
    let (folder, uri) = project();
    let general = json!({ "general": { "positionEncodings": ["utf-8", "utf-16"] } });
    let mut client = Client::initialized(folder.path(), &general);
    let found = client.open(&uri, &format!("/* 🗝ä */ {INDEX}"));
    assert_eq!(rules(&found), [("index-blocks-writes".to_owned(), 0, 13)]);
    assert_eq!(client.leave().0, 0);
}

#[test]
fn what_runs_before_counts_and_is_read_anew_when_it_changes() {
    let (folder, uri) = project();
    let mut client = Client::initialized(folder.path(), &json!({}));
    assert_eq!(named(&client.open(&uri, INDEX)), ["index-blocks-writes"]);
    // Made in the same file, the table is nobody's yet.
    let made =
        format!("CREATE TABLE fresh (id bigint PRIMARY KEY);\n{}", INDEX.replace("ON orders", "ON fresh"));
    assert!(!named(&client.replace(&uri, &made)).contains(&"index-blocks-writes"));
    client.replace(&uri, INDEX);
    fs::write(folder.path().join("lockkeeper.toml"), "[rules]\nindex-blocks-writes = \"off\"\n").unwrap();
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    assert!(!named(&client.diagnostics(&uri)).contains(&"index-blocks-writes"));
    fs::write(folder.path().join("lockkeeper.toml"), "[rules]\nindex-blocks-writes = \"loud\"\n").unwrap();
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    let found = client.diagnostics(&uri);
    assert!(found[0]["message"].as_str().unwrap().contains("loud"), "{found:?}");
    fs::remove_file(folder.path().join("lockkeeper.toml")).unwrap();
    client.notify("textDocument/didSave", json!({ "textDocument": { "uri": "file:///elsewhere.toml" } }));
    assert!(named(&client.diagnostics(&uri)).contains(&"index-blocks-writes"));
    assert_eq!(client.leave().0, 0);
}

#[test]
fn a_snapshot_stands_for_the_files_before_also_if_the_document_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("lockkeeper.toml", "postgres = 17\nschema = [\"snapshot.json\"]\n");
    write("snapshot.json", &fs::read_to_string("fixtures/lint/known-tables/snapshot.json").unwrap());
    fs::create_dir(folder.path().join("migrations")).unwrap();
    write("migrations/1.sql", "DROP TABLE IF EXISTS users;\nCREATE TABLE users (id int PRIMARY KEY);\n");
    let mut client = Client::initialized(folder.path(), &json!({}));
    // The snapshot has a column that the first file does not make.
    let text = "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN name TYPE varchar(200);\n";
    for is_saved in [false, true] {
        let name = format!("migrations/{}.sql", if is_saved { 2 } else { 3 });
        if is_saved {
            write(&name, text);
        }
        let told = client.open(&uri(&folder.path().join(&name)), text);
        assert_eq!(named(&told), ["type-change-scans-table"]);
    }
}

#[test]
fn documents_that_are_no_files_are_judged_alone() {
    let (folder, _) = project();
    let mut client = Client::initialized(folder.path(), &json!({}));
    assert!(named(&client.open("untitled:Untitled-1", INDEX)).contains(&"index-blocks-writes"));
    let later = uri(&folder.path().join("0003_not_saved_yet.sql"));
    let found = client.open(&later, "ALTER TABLE orders ADD COLUMN total integer;\n");
    assert!(!found.is_empty(), "the column is there already");
    assert_eq!(client.leave().0, 0);
}

#[test]
fn a_hover_shows_what_a_statement_locks() {
    let (folder, uri) = project();
    let mut client = Client::initialized(folder.path(), &json!({}));
    client.open(&uri, &format!("SELECT 1;\n{INDEX}\n\n"));
    let hover = client.hover(&uri, 1, 5);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(
        text.contains("| `public.orders` | SHARE | writes | a scan of every row, an index build |"),
        "{text}"
    );
    assert!(text.contains("**error** `index-blocks-writes`: "), "{text}");
    assert_eq!(hover["range"]["start"], json!({ "line": 1, "character": 0 }));
    let nothing = client.hover(&uri, 0, 0);
    assert!(nothing["contents"]["value"].as_str().unwrap().starts_with("Locks no"), "{nothing}");
    assert_eq!(client.hover(&uri, 3, 0), Value::Null);
    assert_eq!(client.leave().0, 0);
}

#[test]
fn what_an_action_writes_is_clean() {
    let (folder, uri) = project();
    let mut client = Client::initialized(folder.path(), &json!({}));
    client.open(&uri, INDEX);
    let actions = client.actions(&uri, 0, 0);
    let titles: Vec<_> = actions.iter().map(|it| it["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Rewrite safely: index-blocks-writes", "Allow index-blocks-writes here"]);
    let fixed = applied(INDEX, &actions[0], &uri);
    assert!(fixed.contains("CONCURRENTLY"), "{fixed}");
    assert_eq!(rules(&client.replace(&uri, &fixed)), []);
    // Two statements on a line, indented and not: the comment is for the right one.
    for text in [format!("    {INDEX}"), format!("SELECT 1; {INDEX}"), format!("\r\nSELECT 1;\r\n{INDEX}")] {
        let line = u32::try_from(text.lines().count()).unwrap() - 1;
        assert_eq!(named(&client.replace(&uri, &text)), ["index-blocks-writes"]);
        let allow = client.actions(&uri, line, 15).pop().unwrap();
        let allowed = applied(&text, &allow, &uri);
        assert!(allowed.contains("-- lockkeeper: allow index-blocks-writes: "), "{allowed}");
        assert_eq!(rules(&client.replace(&uri, &allowed)), [], "{allowed}");
    }
    assert_eq!(client.leave().0, 0);
}

#[test]
fn a_request_that_cannot_be_answered_is_refused() {
    let (folder, uri) = project();
    let mut client = Client::start(folder.path());
    assert_eq!(client.request("textDocument/hover", json!({})).unwrap_err().0, -32002);
    client.request("initialize", json!({ "capabilities": {} })).unwrap();
    assert_eq!(client.request("initialize", json!({ "capabilities": {} })).unwrap_err().0, -32600);
    assert_eq!(client.request("textDocument/rename", json!({})).unwrap_err().0, -32601);
    assert_eq!(client.request("textDocument/hover", json!({ "position": 7 })).unwrap_err().0, -32602);
    assert_eq!(client.hover("file:///never/opened.sql", 0, 0), Value::Null);
    // Places that are not in the text are taken for its end.
    client.open(&uri, "");
    client.notify("textDocument/didChange", json!({ "contentChanges": 1 }));
    client.notify("$/unknown", json!([]));
    client.change(&uri, (7, 7), (3, 0), INDEX);
    let found = client.change(&uri, (9, u32::MAX), (u32::MAX, 0), INDEX);
    assert_eq!(rules(&found)[0], ("index-blocks-writes".to_owned(), 0, 0));
    assert_eq!(client.leave().0, 0);
}

#[test]
fn it_asks_to_be_told_of_changed_files() {
    let (folder, _) = project();
    let can = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let mut client = Client::initialized(folder.path(), &can);
    let Some(Message::Request(asked)) = client.receive() else { panic!("no request") };
    assert_eq!(asked.method, "client/registerCapability");
    let watchers = asked.params["registrations"][0]["registerOptions"]["watchers"].to_string();
    assert!(watchers.contains("**/*.sql"), "{watchers}");
    client.send(&Message::Response(Response { id: asked.id, response_result: Ok(Value::Null) }));
    assert_eq!(client.leave().0, 0);
}

#[test]
fn garbage_ends_the_session_and_says_why() {
    let (folder, _) = project();
    let cases = [
        ("hello\r\n\r\n", "\"hello\" is no line of a head"),
        ("Content-Length: many\r\n\r\n", "\"many\" is no length"),
        ("Content-Type: x\r\n\r\n{}", "its head has no Content-Length"),
        ("Content-Length: 4\r\n\r\n{{{{", "its 4 bytes are none"),
        ("Content-Length: 2\r\n\r\n{}", "its 2 bytes are none"),
        ("Content-Length: 99999999999999\r\n\r\n{}", "it ends after 2 of 99999999999999 bytes"),
        ("Content-Length: 4\r\n", "it ends within its head"),
    ];
    for (sent, expected) in cases {
        let mut client = Client::start(folder.path());
        client.input.write_all(sent.as_bytes()).unwrap();
        let (code, said) = client.end();
        assert_eq!(code, 2, "{sent:?}: {said}");
        assert!(said.starts_with("error: cannot understand the client's message"), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_client_that_only_goes_is_noticed() {
    let (folder, _) = project();
    let client = Client::initialized(folder.path(), &json!({}));
    assert_eq!(client.end(), (1, String::new()));
    let mut client = Client::initialized(folder.path(), &json!({}));
    client.notify("exit", Value::Null);
    assert_eq!(client.end(), (1, String::new()));
}
