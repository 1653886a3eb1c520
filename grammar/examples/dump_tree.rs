//! Prints the tree of each file as one line, with the bytes every node covers: `dump_tree FILE...`

#[path = "../tests/dump/mod.rs"]
#[allow(dead_code)]
mod dump;

use dump::Spans;

fn main() {
    for path in std::env::args().skip(1) {
        let tree = std::fs::read_to_string(&path).ok().and_then(|source| asy_grammar::parse(&source).ok());
        match tree {
            Some(module) => println!("{}", dump::dump_module(&module, Spans::Shown)),
            None => println!("error"),
        }
    }
}
