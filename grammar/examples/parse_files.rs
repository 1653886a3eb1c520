//! Parses and checks files, and says which fail: `parse_files PATH...`; a folder stands for all `.py` files in it.

use std::path::{Path, PathBuf};

use asy_grammar::{CheckOptions, LineIndex, check, parse};

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries.iter().filter(|entry| entry.is_dir() || entry.extension().is_some_and(|e| e == "py")) {
            collect(entry, files);
        }
    } else {
        files.push(path.to_path_buf());
    }
}

fn main() {
    let mut files = Vec::new();
    for argument in std::env::args().skip(1) {
        collect(Path::new(&argument), &mut files);
    }
    let mut failed = 0;
    for path in &files {
        let Ok(source) = std::fs::read_to_string(path) else {
            println!("{}: not UTF-8", path.display());
            continue;
        };
        let diagnostics = match parse(&source) {
            Ok(module) => check(&module, CheckOptions::default()).errors,
            Err(diagnostics) => diagnostics,
        };
        if !diagnostics.is_empty() {
            failed += 1;
            let lines = LineIndex::new(&source);
            for diagnostic in diagnostics {
                let (line, column) = lines.line_column(&source, diagnostic.span().start);
                println!("{}:{line}:{column}: {}: {}", path.display(), diagnostic.code, diagnostic.message);
            }
        }
    }
    println!("{} files, {failed} failed", files.len());
}
