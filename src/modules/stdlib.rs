//! The library modules written in the language itself, embedded when the binary is built.
//!
//! The files lie in `stdlib/` at the top; the build script makes the table. They are compiled when a
//! script imports them.

/// One embedded module.
pub struct Embedded {
    /// The dotted name.
    pub name: &'static str,
    pub is_package: bool,
    pub text: &'static str,
}

impl Embedded {
    /// The file name that tracebacks and `__file__` show.
    pub fn file_name(&self) -> String {
        let path = self.name.replace('.', "/");
        if self.is_package { format!("<stdlib>/{path}/__init__.asy") } else { format!("<stdlib>/{path}.asy") }
    }
}

/// Dotted name, whether it is a package, text; sorted by name.
const TABLE: &[(&str, bool, &str)] = include!(concat!(env!("OUT_DIR"), "/stdlib.rs"));

/// The embedded module with this dotted name.
pub fn find(name: &str) -> Option<Embedded> {
    let index = TABLE.binary_search_by_key(&name, |row| row.0).ok()?;
    let (name, is_package, text) = TABLE[index];
    Some(Embedded { name, is_package, text })
}

/// The names of all that are not inside a package.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|row| row.0).filter(|name| !name.contains('.'))
}
