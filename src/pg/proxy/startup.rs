//! How a connection begins, on both sides: what the client wants, the password that this run made up, and the server behind it.
//!
//! Source: manual, 55.2.1 Start-up.

use std::{
    io::{self, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    thread,
};

use bytes::BytesMut;
use postgres_protocol::message::frontend;

use super::{
    client::Client,
    server::Server,
    wire::{Frame, fatal},
};

/// What a client may ask for before it says who it is. Source: `src/include/libpq/pqcomm.h`.
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
const CANCEL: u32 = 80_877_102;
const VERSION_3: u32 = 3 << 16;

/// The longest message with which a client may begin: the server's own limit.
const MAX_START: usize = 10_000;

/// How a connection began.
pub(super) enum Begun {
    /// Somebody talks to this database.
    Connected(Box<(Client, Server)>, String),
    /// Nothing follows.
    Done,
    /// Who knocked does not know the password.
    Refused,
}

/// Lets a client in that knows `password`, and connects it to the server whose socket is in `folder`.
pub(super) fn begin(mut stream: TcpStream, folder: &Path, password: &str) -> io::Result<Begun> {
    stream.set_nodelay(true)?;
    let socket = folder.join(".s.PGSQL.5432");
    let parameters = loop {
        let (code, body) = first(&mut stream)?;
        match code {
            SSL | GSS => stream.write_all(b"N")?,
            CANCEL => {
                let mut bytes = BytesMut::new();
                let number = |n| body.get(n..n + 4).and_then(|it| it.try_into().ok()).map(i32::from_be_bytes);
                if let (Some(process), Some(secret)) = (number(0), number(4)) {
                    frontend::cancel_request(process, secret, &mut bytes);
                    let mut server = UnixStream::connect(&socket)?;
                    server.write_all(&bytes)?;
                    // The server hangs up when it has done so.
                    server.read_to_end(&mut Vec::new())?;
                }
                return Ok(Begun::Done);
            }
            code if code >> 16 == 3 => {
                if code > VERSION_3 {
                    // 3.0, and none of the options that it did not have.
                    stream.write_all(&Frame::new(b'v', &[0; 8]).bytes)?;
                }
                break parameters(&body);
            }
            _ => return Ok(Begun::Done),
        }
    };
    let mut client = Client::new(stream)?;
    // Cleartext: nobody else listens between here and here.
    client.send(&Frame::new(b'R', &3_u32.to_be_bytes()))?;
    let Some(given) = client.read()? else { return Ok(Begun::Done) };
    if given.texts().next().as_deref() != Some(password) {
        client.send(&fatal("28P01", "this is not the password that lockkeeper gave to the command"))?;
        return Ok(Begun::Refused);
    }
    let wanted = |name: &str| parameters.iter().find(|it| it.0 == name).map(|it| it.1.clone());
    let database = wanted("database").or_else(|| wanted("user")).unwrap_or_default();
    let parameters = parameters.iter().filter(|it| it.0 != "user" && !it.0.starts_with("_pq_."));
    let parameters = parameters.map(|(name, value)| (name.as_str(), value.as_str()));
    let mut bytes = BytesMut::new();
    let user = [("user", "postgres"), ("database", database.as_str())];
    frontend::startup_message(
        user.into_iter().chain(parameters.filter(|it| it.0 != "database")),
        &mut bytes,
    )?;
    let mut stream = UnixStream::connect(&socket)?;
    stream.write_all(&bytes)?;
    let server = Server::new(BufReader::new(stream.try_clone()?), stream);
    Ok(match server.begin(&mut client)? {
        Some(server) => Begun::Connected(Box::new((client, server)), database),
        None => Begun::Done,
    })
}

/// The first message of a connection: it has no letter, but a code.
fn first(stream: &mut TcpStream) -> io::Result<(u32, Vec<u8>)> {
    let mut number = || {
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).map(|()| u32::from_be_bytes(bytes))
    };
    let (length, code) = (number()?, number()?);
    let n = usize::try_from(length).ok().and_then(|it| it.checked_sub(8)).filter(|it| *it <= MAX_START);
    let n =
        n.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "this is not PostgreSQL's protocol"))?;
    let mut body = vec![0; n];
    stream.read_exact(&mut body)?;
    Ok((code, body))
}

/// Names and values.
fn parameters(body: &[u8]) -> Vec<(String, String)> {
    let mut texts = body.split(|it| *it == 0).map(|it| String::from_utf8_lossy(it).into_owned());
    let mut parameters = Vec::new();
    while let (Some(name), Some(value)) = (texts.next().filter(|it| !it.is_empty()), texts.next()) {
        parameters.push((name, value));
    }
    parameters
}

/// Passes everything on, both ways, until one of them hangs up: to a database that is not watched.
pub(super) fn pass(client: Client, server: Server) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_streams();
    let (mut from_server, mut to_server) = server.into_streams();
    thread::scope(|scope| {
        scope.spawn(move || {
            // Whoever hangs up first ends both.
            let _ = io::copy(&mut from_server, &mut to_client);
            let _ = to_client.shutdown(Shutdown::Both);
        });
        let copied = io::copy(&mut from_client, &mut to_server).map(drop);
        let _ = to_server.shutdown(Shutdown::Both);
        copied
    })
}
