//! The binary: hands the process's streams and arguments to [`lockkeeper::cli`] and its answer back.

use std::{
    env,
    io::{self, IsTerminal},
    process::ExitCode,
};

use anstream::{AutoStream, ColorChoice};
use lockkeeper::cli::{World, run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(run(World {
        args: env::args_os().collect(),
        stdin: Box::new(io::stdin()),
        stdout: Box::new(io::stdout().lock()),
        stderr: Box::new(io::stderr()),
        is_watched: io::stderr().is_terminal(),
        environment: env::vars_os().collect(),
        styled: AutoStream::choice(&io::stdout()) != ColorChoice::Never,
    }))
}
