//! Parses and checks each piece of standard input (pieces are separated by lines of `%%`) and prints the
//! first message, or `ok`, one line for each.

use std::io::Read;

use asy_grammar::{CheckOptions, LineIndex, check, parse};

fn main() {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        return;
    }
    for piece in text.split("%%\n") {
        let diagnostics = match parse(piece) {
            Ok(module) => check(&module, CheckOptions::default()).errors,
            Err(diagnostics) => diagnostics,
        };
        match diagnostics.first() {
            Some(first) => {
                let line = LineIndex::new(piece).line(first.span().start);
                println!("{line}: {}: {} [{}]", first.code, first.message, diagnostics.len());
            }
            None => println!("ok"),
        }
    }
}
