//! `cargo bench`: how long lockkeeper takes to lint a folder, beside the parser alone and beside its peers.
//!
//! The folder is made anew ([`corpus`]), or is the one that `LOCKKEEPER_CORPUS` names. Every command runs as a process of its own, in
//! turns, so that a machine that slows down slows all of them; `squawk`, `eugene` and `pgsafe` take part where they are on the PATH.
//! Figures are wall seconds and the peak memory of the process, as the kernel accounts them. Nothing is asserted.
//!
//! lockkeeper leaves out down migrations, which its peers read: the parser alone reads what lockkeeper judges, with the same allocator,
//! and each throughput is of the bytes that were read.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to whoever runs it")]
#![expect(clippy::cast_precision_loss, reason = "figures are shown with three digits")]

mod corpus;

use std::{
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use lockkeeper::migration::{self, Exclude, Wanted};
use rayon::prelude::*;
use wait4::Wait4;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The folder to lint.
const CORPUS: &str = "LOCKKEEPER_CORPUS";

/// Asks for the parser alone.
const ALONE: &str = "LOCKKEEPER_BENCH_ALONE";

/// How often each command runs, after one run that is not counted.
const ROUNDS: usize = 7;

/// Of a folder, what lockkeeper judges, and how much there is altogether.
struct Read {
    judged: Vec<String>,
    n_files: usize,
    n_bytes: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` runs this too, with a corpus that takes no time.
    let is_bench = env::args().any(|it| it == "--bench");
    let shape = if is_bench { corpus::FULL } else { corpus::Shape { n_files: 20, n_bytes: 20_000 } };
    let made = tempfile::tempdir()?;
    let folder = if let Some(folder) = env::var_os(CORPUS) {
        PathBuf::from(folder)
    } else {
        corpus::write(made.path(), &shape)?;
        made.path().to_owned()
    };
    if env::var_os(ALONE).is_some() {
        parse(&read(&folder)?.judged);
        return Ok(());
    }
    let read = read(&folder)?;
    let n_judged = read.judged.iter().map(String::len).sum();
    println!(
        "{} files, {:.1} MB, of which {} and {:.1} MB are judged; {} cores",
        read.n_files,
        megabytes(read.n_bytes),
        read.judged.len(),
        megabytes(n_judged),
        rayon::current_num_threads(),
    );
    drop(read.judged);
    // A process like the others: it reads the files, too, and what it leaves allocated is no other's peak.
    let alone = Contestant {
        name: "the parser alone",
        program: env::current_exe()?,
        arguments: Vec::new(),
        environment: vec![(ALONE, "1".into()), (CORPUS, folder.clone())],
        n_bytes: n_judged,
    };
    let mut contestants = contestants(&folder, n_judged, read.n_bytes);
    contestants.push(alone);
    Ok(compare(&contestants, if is_bench { ROUNDS } else { 1 })?)
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn read(folder: &Path) -> Result<Read, Box<dyn Error>> {
    let text = |path: &Path| -> io::Result<String> {
        let mut bytes = fs::read(path)?;
        migration::keep_up_part(&mut bytes);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let mut judged = Vec::new();
    let wanted = Wanted { exclude: Exclude::nothing(), framework: None };
    for history in migration::histories(&[folder.to_owned()], &wanted)? {
        for file in history.files {
            judged.push(text(&file.path)?);
        }
    }
    let all = sql_files(folder)?;
    let n_bytes = all.iter().map(|it| Ok(fs::read(it)?.len())).sum::<io::Result<usize>>()?;
    Ok(Read { judged, n_files: all.len(), n_bytes })
}

fn sql_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sql_files(&path)?);
        } else if path.extension().is_some_and(|it| it == "sql") {
            found.push(path);
        }
    }
    Ok(found)
}

/// What the parser does by itself with what is judged, on the same cores: syntax tree and validation, nothing made of it.
fn parse(texts: &[String]) {
    let start = Instant::now();
    let n_errors: usize =
        texts.par_iter().map(|it| squawk_syntax::SourceFile::parse(it).errors().len()).sum();
    eprintln!("{:.3} {}", start.elapsed().as_secs_f64(), std::hint::black_box(n_errors));
}

/// A command that lints the folder.
struct Contestant {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, PathBuf)>,
    /// How much it reads.
    n_bytes: usize,
}

fn contestants(folder: &Path, n_judged: usize, n_bytes: usize) -> Vec<Contestant> {
    let folder = folder.to_string_lossy().into_owned();
    let glob = format!("{folder}/**/*.sql");
    let ours = PathBuf::from(env!("CARGO_BIN_EXE_lockkeeper"));
    let to = |it: &[&str]| it.iter().map(ToString::to_string).collect::<Vec<_>>();
    let lint = to(&["lint", &folder, "--format", "concise", "--fail-on", "never"]);
    let mut all = vec![Contestant {
        name: "lockkeeper",
        program: ours,
        arguments: lint,
        environment: Vec::new(),
        n_bytes: n_judged,
    }];
    let peers = [
        ("squawk", to(&["--no-error-on-unmatched-pattern", &glob])),
        ("eugene", to(&["lint", &folder])),
        ("pgsafe", to(&[&folder])),
    ];
    for (name, arguments) in peers {
        if let Some(program) = on_path(name) {
            all.push(Contestant { name, program, arguments, environment: Vec::new(), n_bytes });
        } else {
            println!("{name:<28} is not installed");
        }
    }
    all
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|it| it.join(name)).find(|it| it.is_file())
}

/// What one run took.
#[derive(Clone, Copy)]
struct Run {
    wall: Duration,
    peak_bytes: u64,
}

fn compare(contestants: &[Contestant], rounds: usize) -> io::Result<()> {
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); contestants.len()];
    for round in 0..=rounds {
        for (contestant, runs) in contestants.iter().zip(&mut runs) {
            let run = run(contestant)?;
            if round > 0 {
                runs.push(run);
            }
        }
    }
    let mut ours = None;
    for (contestant, runs) in contestants.iter().zip(&mut runs) {
        runs.sort_by_key(|it| it.wall);
        let (Some(fastest), Some(median), Some(slowest)) =
            (runs.first(), runs.get(runs.len() / 2), runs.last())
        else {
            continue;
        };
        let seconds = median.wall.as_secs_f64();
        let ratio = seconds / *ours.get_or_insert(seconds);
        println!(
            "{:<28} {seconds:>8.3} s ({:.3}–{:.3})  {:>6.1} MB/s  {:>6.1} MB peak  {ratio:>6.2} × lockkeeper's time",
            contestant.name,
            fastest.wall.as_secs_f64(),
            slowest.wall.as_secs_f64(),
            megabytes(contestant.n_bytes) / seconds,
            median.peak_bytes as f64 / 1e6,
        );
    }
    Ok(())
}

fn run(contestant: &Contestant) -> io::Result<Run> {
    let mut command = Command::new(&contestant.program);
    command.args(&contestant.arguments).envs(contestant.environment.iter().cloned());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let used = command.spawn()?.wait4()?;
    Ok(Run { wall: start.elapsed(), peak_bytes: used.rusage.maxrss })
}
