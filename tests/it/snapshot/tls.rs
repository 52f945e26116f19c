//! Over the network: encrypted, with a password, and checked as much as `sslmode` asks for.

use std::{fs, net::TcpListener};

use lockkeeper::pg::{Address, Sandbox, Session, sandbox::Options};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::support::majors;

/// A server that takes connections from this machine, encrypted ones with a password only.
struct Server {
    _sandbox: Sandbox,
    port: u16,
    /// The authority that signed its certificate, which is for `localhost`.
    authority: String,
}

fn server(major: u16) -> Option<Server> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = [
        ("listen_addresses", "127.0.0.1"),
        ("port", &port.to_string()),
        ("password_encryption", "scram-sha-256"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let sandbox = match Sandbox::start(major, &Options { settings, ..Options::default() }) {
        Ok(sandbox) => sandbox,
        Err(error) => {
            assert!(std::env::var_os("REQUIRE_PG").is_none(), "{error}");
            return None;
        }
    };
    let local = format!("host={} port={port} user=postgres", sandbox.socket_folder().display());
    let session = Address::parse(&local, &|_| None).unwrap().connect().unwrap();
    let mut of_authority = CertificateParams::new(Vec::new()).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(of_authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    write(&session, "server.crt", &certificate.pem());
    write(&session, "server.key", &key.serialize_pem());
    write(&session, "pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n");
    session.batch("CREATE ROLE reader LOGIN PASSWORD 's3cret: it'").unwrap();
    session.batch("ALTER SYSTEM SET ssl = on").unwrap();
    session.batch("SELECT pg_reload_conf()").unwrap();
    Some(Server { _sandbox: sandbox, port, authority: authority.pem() })
}

/// Writes a file of the server as the server, who must own it alone.
fn write(session: &Session, name: &str, text: &str) {
    let lines: Vec<String> = text.lines().map(|it| format!("'{it}'")).collect();
    let lines = lines.join(", ");
    session
        .batch(&format!("COPY (SELECT unnest(ARRAY[{lines}])) TO PROGRAM 'umask 077; cat > {name}'"))
        .unwrap();
}

#[test]
fn a_server_is_trusted_as_far_as_sslmode_says() {
    let Some(server) = server(majors()[0]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("root.crt");
    fs::write(&authority, &server.authority).unwrap();
    let other = folder.path().join("other.crt");
    let stranger = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(&other, stranger.cert.pem()).unwrap();
    let (authority, other) = (authority.display(), other.display());
    let connected = |host: &str, parameters: &str| {
        let url = format!("postgres://reader@{host}:{}/postgres?{parameters}", server.port);
        let password = |name: &str| (name == "PGPASSWORD").then(|| "s3cret: it".to_owned());
        let session = Address::parse(&url, &password).unwrap().connect();
        session.map(|it| {
            let rows = it.rows("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").unwrap();
            rows[0].is_true(0)
        })
    };
    for (host, parameters) in [
        ("localhost", String::new()),
        ("localhost", "sslmode=allow".to_owned()),
        ("localhost", "sslmode=require".to_owned()),
        ("localhost", format!("sslmode=verify-full&sslrootcert={authority}")),
        ("localhost", format!("application_name=x&sslrootcert={authority}&sslmode=verify-ca")),
        // The certificate is not for this name, which only verify-full looks at.
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={authority}")),
    ] {
        assert!(connected(host, &parameters).unwrap(), "{host} {parameters}");
    }
    for (host, parameters, says) in [
        ("localhost", "sslmode=disable".to_owned(), "no pg_hba.conf entry"),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={authority}"), "not valid for name"),
        ("localhost", format!("sslmode=verify-full&sslrootcert={other}"), "invalid peer certificate"),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={other}"), "invalid peer certificate"),
        ("localhost", format!("sslmode=require&sslrootcert={other}"), "invalid peer certificate"),
        ("localhost", "sslmode=verify-full".to_owned(), "invalid peer certificate"),
    ] {
        let error = connected(host, &parameters).unwrap_err();
        let all = causes(&error);
        assert!(all.contains(says), "{host} {parameters}: {all}");
    }
}

#[test]
fn a_password_comes_from_the_environment_or_a_file_and_is_never_shown() {
    let Some(server) = server(majors()[0]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pgpass");
    fs::write(&file, "# mine\nelsewhere:*:*:*:no\nlocalhost:*:*:reader:s3cret\\: it\n").unwrap();
    let url = format!("postgres://reader@localhost:{}/postgres", server.port);
    let connected = |url: &str, variables: &[(&str, &str)]| {
        let variable = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        Address::parse(url, &variable).unwrap().connect()
    };
    let with_file = [("PGPASSFILE", file.to_str().unwrap())];
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(connected(&url, &with_file).is_err(), "others may read it");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    connected(&url, &with_file).unwrap();
    connected(&url.replace("reader@", "reader:s3cret%3A%20it@"), &[]).unwrap();
    let words = format!(
        "host=localhost port={} dbname=postgres user=reader passfile='{}'",
        server.port,
        file.display()
    );
    connected(&words, &[]).unwrap();
    let error = connected(&url, &[("PGPASSWORD", "wr0ng")]).err().unwrap();
    let all = causes(&error);
    assert!(all.contains("set PGPASSWORD") && !all.contains("wr0ng"), "{all}");
    // Part of a password that holds an @ must not be taken for the host and shown.
    let error = connected(&url.replace("reader@", "reader:half@s3cret@"), &[]).err().unwrap();
    assert!(!causes(&error).contains("s3cret"), "{}", causes(&error));
}

/// The error and everything that caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let all = std::iter::successors(Some(error), |it| it.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
