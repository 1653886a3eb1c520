//! The command line. One file per verb; a word that is no verb is a script to run.
//!
//! Everything behind the script (or behind `-c CODE`, `-m MODULE`, `-`) belongs to the script, options
//! included; so the words are split first and only those before are asy's own.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::report::ErrorFormat;

mod dis;
mod ending;
mod run;

/// Exit codes that are not the script's own.
pub mod exit_code {
    /// An uncaught exception, or a source that is no program.
    pub const FAILED: u8 = 1;
    /// A wrong command line or an unreadable file.
    pub const USAGE: u8 = 2;
    /// Everything waits for something that cannot come.
    pub const DEADLOCK: u8 = 3;
    /// The output could not be written.
    pub const OUTPUT: u8 = 120;
    /// Ctrl-C.
    pub const INTERRUPTED: u8 = 130;
}

#[derive(Parser)]
#[command(
    name = "asy",
    version,
    about = "Runs programs of a Python-like language with async at its core.",
    override_usage = "asy [OPTIONS] [FILE | -c CODE | -m MODULE | -] [ARGUMENTS]...\n       asy dis FILE",
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true
)]
struct CommandLine {
    #[command(subcommand)]
    verb: Option<Verb>,

    /// The script to run; `-` reads it from standard input. What follows belongs to the script.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Runs this code.
    #[arg(short = 'c', value_name = "CODE", conflicts_with_all = ["file", "module"])]
    code: Option<String>,

    /// Runs a module, found as `import` finds it.
    #[arg(short = 'm', value_name = "MODULE", conflicts_with = "file")]
    module: Option<String>,

    /// Sets an option of the interpreter: `dev` for the development mode; all are in `sys._xoptions`.
    #[arg(short = 'X', value_name = "OPTION")]
    extended: Vec<String>,

    /// Sleeps take no time: the clock jumps to the next timer when nothing is ready.
    #[arg(long, global = true)]
    virtual_time: bool,

    /// How errors are shown.
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true)]
    error_format: Format,
}

#[derive(Subcommand)]
enum Verb {
    /// Shows the bytecode of a script.
    Dis {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The verbs, which a script of the same name gives way to unless it is named by a path (`./dis`).
const VERBS: &[&str] = &["dis"];

/// What all verbs need to know.
pub struct Settings {
    pub virtual_time: bool,
    /// What `-X` has set: names with values, if they have any.
    pub extended: Vec<(String, Option<String>)>,
    pub error_format: ErrorFormat,
}

/// Does what the command line says and gives the exit code.
pub fn main(words: Vec<OsString>) -> u8 {
    let (own, script) = split(words);
    let line = match CommandLine::try_parse_from(own) {
        Ok(line) => line,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(exit_code::USAGE);
            // When the stream is closed there is nobody left to tell.
            let _ = error.print();
            return code;
        }
    };
    let error_format = match line.error_format {
        Format::Text => ErrorFormat::Text,
        Format::Json => ErrorFormat::Json,
    };
    let extended = line.extended.iter().map(|option| match option.split_once('=') {
        Some((name, value)) => (name.to_string(), Some(value.to_string())),
        None => (option.clone(), None),
    });
    let settings = Settings { virtual_time: line.virtual_time, extended: extended.collect(), error_format };
    match (line.verb, line.file, line.code, line.module) {
        (Some(Verb::Dis { file }), ..) => dis::run(&file, &settings),
        (None, Some(file), ..) if file == OsStr::new("-") => run::run(run::Program::Input, script, &settings),
        (None, Some(file), ..) => run::run(run::Program::File(file), script, &settings),
        (None, None, Some(code), _) => run::run(run::Program::Code(code), script, &settings),
        (None, None, None, Some(module)) => run::run(run::Program::Module(module), script, &settings),
        (None, None, None, None) => run::run(run::Program::Nothing, script, &settings),
    }
}

/// Splits the words into asy's own and those of the script.
fn split(words: Vec<OsString>) -> (Vec<OsString>, Vec<OsString>) {
    let mut own = Vec::new();
    let mut words = words.into_iter();
    own.extend(words.next());
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        own.push(word);
        match &*text {
            "-c" | "-m" => {
                own.extend(words.next());
                break;
            }
            "-X" | "--error-format" => own.extend(words.next()),
            "--" => {
                own.extend(words.next());
                break;
            }
            "-" => break,
            // `-cCODE`, `-mMODULE`
            option if option.starts_with("-c") || option.starts_with("-m") => break,
            option if option.starts_with('-') => {}
            verb if VERBS.contains(&verb) => {
                own.extend(words.by_ref());
                break;
            }
            _ => break,
        }
    }
    (own, words.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_words(line: &str) -> (String, String) {
        let words = line.split(' ').map(OsString::from).collect();
        let (own, script) = split(words);
        let join = |words: Vec<OsString>| {
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        (join(own), join(script))
    }

    #[test]
    fn what_follows_the_script_is_its_own() {
        let cases = [
            ("asy --virtual-time a.asy --help", "asy --virtual-time a.asy", "--help"),
            ("asy -c pass -c x", "asy -c pass", "-c x"),
            ("asy -m mod -x", "asy -m mod", "-x"),
            ("asy - a", "asy -", "a"),
            ("asy -X dev a.asy -X b", "asy -X dev a.asy", "-X b"),
            ("asy -Xdev a.asy b", "asy -Xdev a.asy", "b"),
            ("asy --error-format json a.asy dis", "asy --error-format json a.asy", "dis"),
            ("asy dis a.asy", "asy dis a.asy", ""),
            ("asy ./dis a.asy", "asy ./dis", "a.asy"),
        ];
        for (line, own, script) in cases {
            assert_eq!(split_words(line), (own.to_string(), script.to_string()), "{line}");
        }
    }
}
