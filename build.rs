//! Makes a table of the library modules written in the language itself, so that a new file in
//! `stdlib/` needs no registration.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("stdlib");
    println!("cargo::rerun-if-changed=stdlib");
    let mut files = Vec::new();
    collect(&root, "", &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for (name, is_package, path) in files {
        writeln!(table, "    ({name:?}, {is_package}, include_str!({path:?})),").expect("a String takes all");
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("stdlib.rs"), table)
}

/// Finds `NAME.asy` and `NAME/__init__.asy`, with their dotted names.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, bool, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let name = format!("{prefix}{stem}");
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, &format!("{name}."), files)?;
        } else if path.extension().is_some_and(|extension| extension == "asy") {
            println!("cargo::rerun-if-changed={}", path.display());
            match stem {
                "__init__" => files.push((prefix.trim_end_matches('.').to_string(), true, path)),
                _ => files.push((name, false, path)),
            }
        }
    }
    Ok(())
}
