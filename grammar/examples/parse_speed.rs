//! Measures how fast files are parsed and checked: `parse_speed FILE...`

use std::time::Instant;

use asy_grammar::{CheckOptions, check, parse};

fn main() {
    let sources: Vec<String> = std::env::args().skip(1).filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let bytes: usize = sources.iter().map(String::len).sum();
    let start = Instant::now();
    let modules: Vec<_> = sources.iter().map(|source| parse(source)).collect();
    let parsed = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let wrong = modules
        .iter()
        .filter(|module| {
            module.as_ref().map_or(true, |module| !check(module, CheckOptions::default()).errors.is_empty())
        })
        .count();
    let checked = start.elapsed().as_secs_f64();
    let megabytes = bytes as f64 / 1e6;
    println!("{} files, {wrong} wrong, {megabytes:.1} MB", sources.len());
    println!("parse {:.1} MB/s, check {:.1} MB/s", megabytes / parsed, megabytes / checked);
}
